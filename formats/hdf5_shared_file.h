// One handle for a foreign HDF5 file, however often it is read in this process at once.
//
// HDF5 lets all handles of a file share its open datasets, and their types with them; in a compound those with texts of
// variable length go on using the handle that was first, also when it is closed. So a file is opened once, and closed
// when nobody reads it any more. Includes hdf5.h through hdf5_library.h: for hdf5_*.cpp only. Thread rule: under an
// Hdf5Lock, letting go included.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/hdf5_library.h"

namespace tipple {

// Read-only. Errors: kEnvironment: not there, not HDF5.
[[nodiscard]] Result<std::shared_ptr<const Hdf5Handle>> hdf5_share_file(const std::string& path);

}  // namespace tipple
