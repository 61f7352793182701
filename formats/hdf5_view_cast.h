// Which types of a part's column a one-file view can show as another one: HDF5 converts between numbers and string
// lengths while it reads a virtual dataset, but knows nothing of our layouts and scales, and does not look at an enum's
// labels.
//
// Pure; any thread.
#pragma once

#include "jobs/data_type.h"

namespace tipple {

// True if every value of `part` is read as the same value of `view`.
[[nodiscard]] bool hdf5_shows_as(const DataType& part, const DataType& view);

}  // namespace tipple
