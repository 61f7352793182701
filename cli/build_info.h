// What this program was built from and what it can use here: `tipple --version`, and the report of every load.
#pragma once

#include <string>
#include <string_view>

#include "cli/output.h"

namespace tipple {

[[nodiscard]] std::string_view program_version();
// {"tipple", "build", "compiler", "arrow", "hdf5", "mpi", "tbb", "simd"}
[[nodiscard]] Json build_info();
// The same, one line each.
[[nodiscard]] std::string version_text();

}  // namespace tipple
