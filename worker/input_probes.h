// What list_inputs() asks about the bytes of files, answered by formats/.
#pragma once

#include "partitioner/input_files.h"

namespace tipple {

// For files that may be cut.
[[nodiscard]] InputProbes input_probes();
// For files that are read whole: only archives are looked into.
[[nodiscard]] InputProbes whole_file_probes();

}  // namespace tipple
