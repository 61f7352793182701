// The zstd and lz4 filters as HDF5 plugins define them, registered in this process: without them HDF5 would refuse to
// create or read such datasets. Parts do not pass through them (chunks are written and read whole); HDF5's own reads of
// a view do.
#pragma once

namespace tipple {

// Once, with the HDF5 mutex held.
void register_hdf5_filters();

}  // namespace tipple
