// What a one-file view shows, read without touching its sources' data: for the check that it shows the version it
// should.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

struct ViewState {
  std::string version;  // root attribute "tipple_version"
  Schema schema;
  std::uint64_t rows = 0;            // that all its row datasets agree on
  std::vector<std::string> sources;  // files named by the first row dataset, in row order, as the view names them
};

// Error kEnvironment when the file is no view, or its datasets differ in rows.
[[nodiscard]] Result<ViewState> read_hdf5_view_state(const std::filesystem::path& path);

}  // namespace tipple
