#include "warehouse/table_view.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "base/fault_point.h"
#include "base/file.h"
#include "base/limits.h"
#include "formats/hdf5_view.h"
#include "formats/hdf5_view_state.h"

namespace tipple {
namespace {

constexpr const char* kLevelsFolder = "_view";  // files between a view of many parts and its parts
constexpr int kRefreshTriesMax = 100;           // each further one is another writer's newer version

// What is wrong with the view; empty if it shows `version` whole.
std::string view_fault(const fs::path& folder, const fs::path& view, const TableVersion& version) {
  std::error_code ignored;
  if (!fs::exists(view, ignored)) return "the view is missing";
  const auto state = read_hdf5_view_state(view);
  if (!state.ok()) return "the view cannot be read: " + state.error().what;
  if (state->version != std::to_string(version.version)) {
    return "the view shows version " + state->version + ", the newest is " + std::to_string(version.version);
  }
  if (state->schema != version.schema) return "the view has other columns than the table";
  if (state->rows != version.rows()) {
    return "the view has " + std::to_string(state->rows) + " rows, the table has " + std::to_string(version.rows());
  }
  if (version.parts.size() > limits::kViewSourcesPerLevelMax) {
    for (const std::string& source : state->sources) {
      if (!fs::exists(folder / source, ignored))
        return "the file " + source + " between the view and its parts is missing";
    }
    return {};
  }
  if (version.parts.empty()) return {};
  bool same = state->sources.size() == version.parts.size();
  for (std::size_t i = 0; same && i < version.parts.size(); ++i) {
    const fs::path source = fs::path(state->sources[i]).lexically_normal();
    same = source == fs::path(version.parts[i].path).lexically_normal();
    // A part that lacks the column has nulls there, which come from a file of the view's own.
    if (!same) same = *source.begin() == kLevelsFolder && fs::exists(folder / source, ignored);
  }
  return same ? std::string() : "the view's sources are not the table's parts";
}

Status sync_file(const fs::path& path) {
  TIPPLE_TRY(File file, File::open(path, O_RDWR));
  TIPPLE_RETURN_IF_ERROR(file.sync());
  return file.close();
}

// Writes the view of `version` beside its place and renames it: a reader opens the old view or the new one.
Status write_view(const fs::path& folder, const fs::path& view, const TableVersion& version) {
  std::vector<ViewSource> sources;
  for (const LoggedPart& part : version.parts) sources.push_back({part.path, part.rows});
  const std::string unique = random_id().to_hex();
  const fs::path staged = folder / ("." + view.filename().string() + ".tmp-" + unique);
  const std::string stem = "view-" + std::to_string(version.version) + "-" + unique;
  const bool levels = sources.size() > limits::kViewSourcesPerLevelMax;
  if (levels) TIPPLE_RETURN_IF_ERROR(create_folders(folder / kLevelsFolder));
  const auto written = write_hdf5_view(
      staged, kLevelsFolder, stem, version.schema, sources,
      {{"tipple_version", std::to_string(version.version)}, {"tipple_load", version.commit.load.to_hex()}});
  const auto place = [&]() -> Status {
    if (!written.ok()) return written.error();
    for (const fs::path& file : written.value())
      TIPPLE_RETURN_IF_ERROR(sync_file(file.is_absolute() ? file : folder / file));
    if (written->size() > 1) TIPPLE_RETURN_IF_ERROR(sync_folder(folder / kLevelsFolder));
    if (::rename(staged.c_str(), view.c_str()) != 0)
      return system_error(errno, "cannot rename the view into place", view.string());
    return sync_folder(folder);
  };
  Status placed = place();
  if (!placed.ok()) ::unlink(staged.c_str());
  return placed;
}

// Removes what lies between the views of versions before the last and their parts. Whoever still has the last view open
// keeps it whole.
void remove_old_levels(const fs::path& folder, std::uint64_t newest) {
  std::error_code error;
  for (fs::directory_iterator entry(folder / kLevelsFolder, error), end; !error && entry != end;
       entry.increment(error)) {
    unsigned long long version = 0;
    if (std::sscanf(entry->path().filename().c_str(), "view-%llu-", &version) != 1 || version + 1 >= newest) continue;
    std::error_code ignored;
    fs::remove(entry->path(), ignored);
  }
}

}  // namespace

Status refresh_view(const Warehouse& warehouse, const std::string& table) {
  const fs::path folder = warehouse.table_folder(table);
  const fs::path view = warehouse.view_path(table);
  for (int tries = 0; tries < kRefreshTriesMax; ++tries) {
    TIPPLE_TRY(const std::optional<TableVersion> version, read_table(warehouse, table));
    if (!version || version->format == PartFormat::kParquet || view_fault(folder, view, *version).empty()) return {};
    TIPPLE_RETURN_IF_ERROR(write_view(folder, view, *version));
    fault_point("view-written");
    remove_old_levels(folder, version->version);
    // Once more: a slower writer of an older version may have renamed over ours, or there is a newer version by now.
  }
  return environment_error("the view does not come to rest: the table changes faster than it is written", view.string(),
                           "run again");
}

Result<std::optional<std::string>> check_view(const Warehouse& warehouse, const std::string& table,
                                              const TableVersion& version) {
  if (version.format == PartFormat::kParquet) return std::optional<std::string>();
  const fs::path view = warehouse.view_path(table);
  const std::string fault = view_fault(warehouse.table_folder(table), view, version);
  if (fault.empty()) return std::optional<std::string>();
  return std::optional<std::string>(view.string() + ": " + fault +
                                    "; delete it and run the load again, which writes it anew");
}

}  // namespace tipple
