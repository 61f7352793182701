#include "cli/input_listing.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "formats/byte_source.h"
#include "jobs/table_order.h"
#include "partitioner/input_files.h"
#include "warehouse/table_log.h"
#include "warehouse/warehouse.h"

namespace tipple {
namespace {

std::optional<LoadId> load_of(const std::string& table, const std::vector<std::pair<std::string, LoadId>>& loads) {
  for (const auto& [name, load] : loads) {
    if (name == table) return load;
  }
  return std::nullopt;
}

// A part's name says which load wrote it: data/part-<load>-<task>.<ending>.
bool written_by(const LoggedPart& part, LoadId load) {
  return part.path.find("part-" + load.to_hex() + "-") != std::string::npos;
}

Result<std::vector<Extent>> parts_of(const Warehouse& warehouse, const std::string& table,
                                     std::optional<LoadId> added_by) {
  TIPPLE_TRY(const std::optional<TableVersion> version, read_table(warehouse, table));
  if (!version) {
    return usage_error("the table '" + table + "' has no version to read yet", warehouse.folder().string(),
                       "load it first, or name it in this job");
  }
  std::vector<Extent> extents;
  for (const LoggedPart& part : version->parts) {
    if (added_by && !written_by(part, *added_by)) continue;
    const fs::path path = warehouse.table_folder(table) / part.path;
    TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
    Extent extent;
    extent.path = path.string();
    extent.size = stat.size;
    extent.mtime_ns = stat.mtime_ns;
    extents.push_back(std::move(extent));
  }
  return extents;
}

InputProbes input_probes() {
  InputProbes probes;
  probes.is_splittable = [](std::span<const char> first, const SourceSpec& source) {
    return is_splittable(first, source);
  };
  probes.is_zip = [](std::span<const char> first) { return detect_compression(first) == Compression::kZip; };
  probes.list_zip = [](const std::string& path) -> Result<std::vector<ArchiveMember>> {
    TIPPLE_TRY(const std::vector<ZipMember> members, list_zip_members(path));
    std::vector<ArchiveMember> found;
    for (const ZipMember& member : members) found.push_back({member.name, member.compressed_bytes});
    return found;
  };
  return probes;
}

// Only whoever reads a file from its beginning knows the number of a line while it reads it.
bool counts_lines(const JobSpec& job, SourceId source) {
  return std::any_of(job.tables.begin(), job.tables.end(), [&](const TableSpec& table) {
    if (std::find(table.from.begin(), table.from.end(), source) == table.from.end()) return false;
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [](const ColumnSpec& column) { return column.from == kLineField; });
  });
}

Result<std::vector<SourceExtents>> list(const JobSpec& job, bool may_be_missing) {
  TIPPLE_TRY(std::vector<SourceExtents> inputs, list_inputs(job, input_probes(), may_be_missing));
  for (SourceExtents& input : inputs) {
    if (!counts_lines(job, input.source)) continue;
    for (Extent& extent : input.extents) extent.splittable = false;
  }
  return inputs;
}

}  // namespace

Result<std::vector<SourceExtents>> list_all_inputs(const JobSpec& job) { return list(job, false); }
Result<std::vector<SourceExtents>> list_followed_inputs(const JobSpec& job) { return list(job, true); }

Result<std::vector<TaskSegment>> list_lookup_files(const JobSpec& job, SourceId source) {
  JobSpec one = job;
  one.sources = {job.sources.at(source.value())};
  one.tables.clear();
  TIPPLE_TRY(const std::vector<SourceExtents> inputs, list_inputs(one, input_probes()));
  std::vector<TaskSegment> files;
  for (const Extent& extent : inputs.at(0).extents) {
    files.push_back({extent.path, extent.size, extent.mtime_ns, 0, extent.size, extent.member});
  }
  return files;
}

Status list_table_inputs(const JobSpec& job, const ModeSpec& mode,
                         const std::vector<std::pair<std::string, LoadId>>& loads, std::vector<SourceExtents>& inputs) {
  std::set<SourceId> read;
  for (const TableSpec& table : job.tables) {
    for (const SourceId source : sources_of(table)) read.insert(source);
  }
  for (SourceExtents& input : inputs) {
    const SourceSpec& source = job.sources[input.source.value()];
    if (source.format != SourceFormat::kTable || !read.contains(input.source)) continue;
    TIPPLE_TRY(const Warehouse warehouse, Warehouse::open(job.warehouse, false));
    const std::optional<LoadId> added_by =
        mode.write == WriteMode::kAppend ? load_of(source.table, loads) : std::nullopt;
    TIPPLE_TRY(input.extents, parts_of(warehouse, source.table, added_by));
  }
  return {};
}

}  // namespace tipple
