// Finds the datasets of a foreign HDF5 file that are columns, and refuses what would lead out of the file.
//
// Includes hdf5.h through hdf5_library.h: for hdf5_*.cpp only. Thread rule: under an Hdf5Lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/hdf5_library.h"
#include "formats/hdf5_source_type.h"

namespace tipple {

struct Hdf5Dataset {
  std::string name;    // below the group; of nested groups "group/name"
  bool named = false;  // the group that was asked for is this dataset
  Hdf5Handle handle;
  Hdf5RowType type;
  std::uint64_t rows = 0;
  std::uint64_t chunk_rows = 0;  // 0: not chunked
};

// The datasets below `group` that hold the table's columns, by name: those directly in it, which must be of one length,
// and those of its subgroups that have the same length. `group` may be a dataset itself. Each is local, of one
// dimension, of a known type, behind known filters. Errors: see open_hdf5_source().
[[nodiscard]] Result<std::vector<Hdf5Dataset>> find_hdf5_datasets(hid_t file, const std::string& group,
                                                                  const std::string& path);

}  // namespace tipple
