#include "cli/input_listing.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/limits.h"
#include "formats/byte_source.h"
#include "jobs/load_job.h"
#include "partitioner/input_files.h"
#include "transforms/table_pipeline.h"
#include "warehouse/table_log.h"
#include "warehouse/warehouse.h"

namespace tipple {
namespace {

// Half of what a message may hold: the job's text and columns go with it.
constexpr std::uint64_t kLookupListBytesMax = limits::kMessageBytesMax / 2;
constexpr std::uint64_t kFileBytes = 64;  // of a file in the message, besides its names

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

// The job with files in the sources of `wanted` alone: what else it names is not looked at.
Result<std::vector<SourceExtents>> list(JobSpec job, const std::vector<SourceId>& wanted, bool may_be_missing) {
  for (std::uint32_t i = 0; i < job.sources.size(); ++i) {
    if (std::binary_search(wanted.begin(), wanted.end(), SourceId(i))) continue;
    job.sources[i].paths.clear();
    job.sources[i].manifest.reset();
  }
  return list_inputs(job, input_probes(), may_be_missing);
}

Result<std::vector<SourceExtents>> list_feeding(const JobSpec& job, bool may_be_missing) {
  TIPPLE_TRY(std::vector<SourceExtents> inputs, list(job, feeding_sources(job), may_be_missing));
  for (SourceExtents& input : inputs) {
    if (!counts_lines(job, input.source)) continue;
    for (Extent& extent : input.extents) extent.splittable = false;
  }
  return inputs;
}

// Every rank gets the list in one message.
Status check_size(const SourceSpec& source, const std::vector<Extent>& files) {
  std::uint64_t bytes = 0;
  for (const Extent& file : files) bytes += kFileBytes + file.path.size() + file.member.size();
  if (bytes <= kLookupListBytesMax) return {};
  return usage_error("the lookup source '" + source.name + "' has " + std::to_string(files.size()) +
                         " files, more than a load can name",
                     {}, "look things up in fewer, larger files");
}

}  // namespace

Result<std::vector<SourceExtents>> list_feeding_inputs(const JobSpec& job) { return list_feeding(job, false); }
Result<std::vector<SourceExtents>> list_followed_inputs(const JobSpec& job) { return list_feeding(job, true); }

Result<std::vector<SourceExtents>> list_lookups(const JobSpec& job) {
  std::set<SourceId> wanted;
  for (const TableSpec& table : job.tables) {
    for (const SourceId source : TablePipeline::lookup_sources(table)) wanted.insert(source);
  }
  if (wanted.empty()) return std::vector<SourceExtents>();
  TIPPLE_TRY(std::vector<SourceExtents> lookups, list(job, {wanted.begin(), wanted.end()}, false));
  std::erase_if(lookups, [&](const SourceExtents& source) { return !wanted.contains(source.source); });
  for (SourceExtents& lookup : lookups) {
    const SourceSpec& source = job.sources[lookup.source.value()];
    if (source.format == SourceFormat::kTable) {
      TIPPLE_TRY(const Warehouse warehouse, Warehouse::open(job.warehouse, false));
      TIPPLE_TRY(lookup.extents, parts_of(warehouse, source.table, std::nullopt));
    }
    TIPPLE_RETURN_IF_ERROR(check_size(source, lookup.extents));
  }
  return lookups;
}

LoadId load_id(const JobSpec& job, std::string_view mode, std::vector<SourceExtents> inputs,
               const std::vector<SourceExtents>& lookups, const std::vector<std::string>& tables) {
  inputs.insert(inputs.end(), lookups.begin(), lookups.end());
  return load_id(job, mode, inputs, tables);
}

Status list_table_inputs(const JobSpec& job, const ModeSpec& mode,
                         const std::vector<std::pair<std::string, LoadId>>& loads, std::vector<SourceExtents>& inputs) {
  const std::vector<SourceId> feeding = feeding_sources(job);
  for (SourceExtents& input : inputs) {
    const SourceSpec& source = job.sources[input.source.value()];
    const bool feeds = std::binary_search(feeding.begin(), feeding.end(), input.source);
    if (source.format != SourceFormat::kTable || !feeds) continue;
    TIPPLE_TRY(const Warehouse warehouse, Warehouse::open(job.warehouse, false));
    const std::optional<LoadId> added_by =
        mode.write == WriteMode::kAppend ? load_of(source.table, loads) : std::nullopt;
    TIPPLE_TRY(input.extents, parts_of(warehouse, source.table, added_by));
  }
  return {};
}

}  // namespace tipple
