#include "cli/build_info.h"

#include <string>

#include <arrow/config.h>
#include <fmt/format.h>
#include <hwy/targets.h>
#include <tbb/version.h>
#include <boost/version.hpp>

namespace tipple {
namespace {

// The SIMD targets that this processor can run, best first.
std::string simd_targets() {
  std::string text;
  for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    if (!text.empty()) text += " ";
    text += hwy::TargetName(targets & -targets);
  }
  return text;
}

}  // namespace

std::string_view program_version() { return TIPPLE_VERSION; }

Json build_info() {
  return Json{{"tipple", TIPPLE_VERSION},
              {"build", TIPPLE_BUILD_TYPE},
              {"compiler", "g++ " __VERSION__},
              {"arrow", fmt::format("{}, running {}", TIPPLE_ARROW_ORIGIN, arrow::GetBuildInfo().version_string)},
              {"hdf5", TIPPLE_HDF5_VERSION},
              {"mpi", "MPI " TIPPLE_MPI_STANDARD},
              {"tbb", fmt::format("{}, running interface {}", TBB_VERSION_STRING, TBB_runtime_interface_version())},
              {"boost", BOOST_LIB_VERSION},
              {"simd", simd_targets()}};
}

std::string version_text() {
  const Json info = build_info();
  std::string text = fmt::format("tipple {}\n", program_version());
  for (const auto& [name, value] : info.items()) {
    if (name != "tipple") text += fmt::format("  {:9} {}\n", name, value.get<std::string>());
  }
  return text;
}

}  // namespace tipple
