// The one-file view: virtual datasets over a version's parts, by relative paths, at most
// limits::kViewSourcesPerLevelMax sources to a level. A source may lack columns, which the view then shows as null, and
// have narrower ones (formats/hdf5_view_cast.h): columns of nulls come from one small file beside the deeper levels.
// Every source is opened and its row count checked first: HDF5 reads missing sources as fill values without an error.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

struct ViewSource {
  std::filesystem::path path;  // relative to the view's folder
  std::uint64_t rows = 0;
};

// Writes `path` (not atomically: the caller stages and renames; deeper levels are files beside it in `parts_folder`,
// relative to the view's folder, with names made from `stem`), closed but not synced. Returns the files written, the
// view itself last.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_hdf5_view(
    const std::filesystem::path& path, const std::filesystem::path& parts_folder, const std::string& stem,
    const Schema& schema, const std::vector<ViewSource>& sources, const std::map<std::string, std::string>& attributes);

}  // namespace tipple
