#include "cli/input_batches.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "cli/input_listing.h"
#include "cli/output.h"
#include "jobs/load_job.h"
#include "warehouse/inputs_ledger.h"
#include "warehouse/table_log.h"
#include "warehouse/warehouse.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;

constexpr Duration kIdleWait = 20ms;
constexpr Duration kEveryDefault = 10s;
constexpr std::uint64_t kStretchBytes = 64 * limits::kMiB;
constexpr std::uint64_t kBatchFileBytesMax = limits::kGiB;

bool any_extent(const std::vector<SourceExtents>& batch) {
  return std::any_of(batch.begin(), batch.end(), [](const SourceExtents& source) { return !source.extents.empty(); });
}

Json extent_json(const Extent& extent) {
  return {{"path", extent.path},
          {"member", extent.member},
          {"size", extent.size},
          {"mtime_ns", extent.mtime_ns},
          {"splittable", extent.splittable}};
}

// Throws Json::exception when the note is not as write_down() makes it.
Extent extent_from(const Json& item) {
  Extent extent;
  extent.path = item.at("path").get<std::string>();
  extent.member = item.at("member").get<std::string>();
  extent.size = item.at("size").get<std::uint64_t>();
  extent.mtime_ns = item.at("mtime_ns").get<std::int64_t>();
  extent.splittable = item.at("splittable").get<bool>();
  return extent;
}

bool reads_files(const SourceSpec& source) {
  return source.stream.kind == StreamSpec::Kind::kNone && source.format != SourceFormat::kTable;
}

}  // namespace

Result<std::unique_ptr<InputBatches>> InputBatches::open(const JobSpec& job, const FollowOptions& follow,
                                                         const Clock& clock) {
  std::unique_ptr<InputBatches> batches(new InputBatches(job, follow, clock));
  const bool streams = std::any_of(job.sources.begin(), job.sources.end(), [](const SourceSpec& source) {
    return source.stream.kind != StreamSpec::Kind::kNone;
  });
  if (streams || follow.on) TIPPLE_RETURN_IF_ERROR(batches->take_lock());
  TIPPLE_RETURN_IF_ERROR(batches->open_streams());
  if (!follow.on) return batches;
  for (const TableSpec& table : job.tables) {
    for (const SourceId source : table.from) batches->follows_files_ |= reads_files(job.sources[source.value()]);
  }
  if (batches->follows_files_) TIPPLE_RETURN_IF_ERROR(batches->read_ledgers());
  return batches;
}

fs::path InputBatches::folder() const { return job_.warehouse / "_streams" / job_.name; }

// Two runs of one job would take the same stretches and files. Where the file system has no such locks, StreamSpool
// still never writes over what another has sealed.
Status InputBatches::take_lock() {
  TIPPLE_RETURN_IF_ERROR(create_folders(folder()));
  TIPPLE_TRY(lock_, File::open(folder() / "lock", O_RDWR | O_CREAT));
  if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
  return Error{ErrorKind::kLocked, "another run reads the streams or follows the folders of this job",
               lock_.path().string(), "wait until it ends, or stop it"};
}

Status InputBatches::open_streams() {
  StreamReaderConfig config;
  config.ends_with_clients = !follow_.on;
  config.limits.bytes = follow_.bytes ? *follow_.bytes : job_.chunk_bytes.value_or(kStretchBytes);
  if (follow_.on) {
    config.limits.records = follow_.records;
    config.limits.age = follow_.every;
    if (!follow_.every && !follow_.records && !follow_.bytes) config.limits.age = kEveryDefault;
  }
  for (std::uint32_t i = 0; i < job_.sources.size(); ++i) {
    const SourceSpec& source = job_.sources[i];
    if (source.stream.kind == StreamSpec::Kind::kNone) continue;
    config.folder = folder() / source.name;
    TIPPLE_TRY(auto reader, StreamReader::start(source, config, clock_));
    streams_.emplace(SourceId(i), std::move(reader));
  }
  return {};
}

// What the tables have already: a file that a published load took in is not new.
Status InputBatches::read_ledgers() {
  Result<Warehouse> warehouse = Warehouse::open(job_.warehouse, false);
  if (!warehouse.ok()) return {};  // not made yet
  for (const TableSpec& table : job_.tables) {
    TIPPLE_TRY(const std::vector<LedgerInput> inputs, published_inputs(*warehouse, table.name));
    for (const LedgerInput& input : inputs) {
      for (const SourceId source : table.from) {
        if (job_.sources[source.value()].name == input.source)
          taken_.insert({source, input.path, input.member, input.size, input.mtime_ns});
      }
    }
  }
  return {};
}

std::vector<SourceExtents> InputBatches::empty_batch() const {
  std::vector<SourceExtents> batch;
  for (std::uint32_t i = 0; i < job_.sources.size(); ++i) batch.push_back({SourceId(i), {}});
  return batch;
}

bool InputBatches::is_stretch(const Extent& extent) const { return extent.path.starts_with(folder().string() + "/"); }

// What write_down() wrote.
Status InputBatches::read_note(const std::string& text, const fs::path& path) {
  current_ = empty_batch();
  loads_.clear();
  try {
    const Json document = Json::parse(text);
    loads_ = document.at("loads").get<std::vector<std::string>>();
    const Json& sources = document.at("sources");
    for (SourceExtents& source : current_) {
      const auto found = sources.find(job_.sources[source.source.value()].name);
      if (found == sources.end()) continue;
      for (const Json& item : *found) source.extents.push_back(extent_from(item));
    }
  } catch (const Json::exception&) {
    return environment_error("the note of the batch under way is damaged", path.string(),
                             "remove it: what is spooled beside it is loaded then");
  }
  return {};
}

// The batch that an earlier run, or this one, did not finish. One whose stretches are gone was published: they go last.
// One whose files have changed since is put together anew; its stretches are still there.
Result<std::optional<std::vector<SourceExtents>>> InputBatches::pending_batch() {
  using Batch = std::optional<std::vector<SourceExtents>>;
  const fs::path path = folder() / "batch.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return Batch();
  TIPPLE_TRY(const std::string text, read_file(path, kBatchFileBytesMax));
  TIPPLE_RETURN_IF_ERROR(read_note(text, path));
  TIPPLE_TRY(bool published, published_under(loads_));
  bool changed = false;
  for (const SourceExtents& source : current_) {
    for (const Extent& extent : source.extents) {
      const Result<FileStat> stat = stat_regular_file(extent.path);
      const bool same =
          stat.ok() && stat->mtime_ns == extent.mtime_ns && (!extent.member.empty() || stat->size == extent.size);
      (is_stretch(extent) ? published : changed) |= !same;
    }
  }
  if (!published && !changed) return Batch(current_);
  TIPPLE_RETURN_IF_ERROR(published ? loaded() : forget());
  return Batch();
}

// Do all tables that read the batch's sources have one of these loads?
Result<bool> InputBatches::published_under(const std::vector<std::string>& loads) const {
  if (loads.empty()) return false;
  Result<Warehouse> warehouse = Warehouse::open(job_.warehouse, false);
  if (!warehouse.ok()) return false;
  for (const TableSpec& table : job_.tables) {
    const bool fed = std::any_of(current_.begin(), current_.end(), [&](const SourceExtents& source) {
      return !source.extents.empty() &&
             std::find(table.from.begin(), table.from.end(), source.source) != table.from.end();
    });
    bool found = !fed;
    for (const std::string& text : loads) {
      const Result<Id128> load = Id128::from_hex(text);
      if (found || !load.ok()) continue;
      TIPPLE_TRY(const std::optional<std::uint64_t> version, find_load(*warehouse, table.name, *load));
      found = version.has_value();
    }
    if (!found) return false;
  }
  return true;
}

Status InputBatches::begins(LoadId load) {
  if (streams_.empty() && !follow_.on) return {};
  if (std::find(loads_.begin(), loads_.end(), load.to_hex()) != loads_.end()) return {};
  loads_.push_back(load.to_hex());
  return write_down();
}

Status InputBatches::write_down() const {
  Json sources = Json::object();
  for (const SourceExtents& source : current_) {
    Json& list = sources[job_.sources[source.source.value()].name] = Json::array();
    for (const Extent& extent : source.extents) list.push_back(extent_json(extent));
  }
  const Json document{{"sources", std::move(sources)}, {"loads", loads_}};
  TIPPLE_RETURN_IF_ERROR(create_folders(folder()));
  return replace_file_synced(folder() / "batch.json", document.dump());
}

Status InputBatches::take_stretches(std::size_t stretches_max, std::vector<SourceExtents>& batch) {
  for (const auto& [id, reader] : streams_) {
    const std::vector<fs::path> sealed = reader->sealed();
    for (std::size_t i = 0; i < std::min(sealed.size(), stretches_max); ++i) {
      TIPPLE_TRY(const FileStat stat, stat_regular_file(sealed[i]));
      batch[id.value()].extents.push_back(Extent{sealed[i].string(), stat.size, stat.mtime_ns, true, {}});
    }
  }
  return {};
}

// New files that did not change since they were last looked at.
Status InputBatches::take_new_files(std::vector<SourceExtents>& batch) {
  looked_ = clock_.now();
  TIPPLE_TRY(const std::vector<SourceExtents> listed, list_followed_inputs(job_));
  std::set<FileKey> seen;
  for (const SourceExtents& source : listed) {
    for (const Extent& extent : source.extents) {
      const FileKey key{source.source, extent.path, extent.member, extent.size, extent.mtime_ns};
      if (taken_.contains(key)) continue;
      if (settling_.contains(key)) {
        batch[source.source.value()].extents.push_back(extent);
        taken_.insert(key);
      } else {
        seen.insert(key);
      }
    }
  }
  settling_ = std::move(seen);
  return {};
}

bool InputBatches::streams_ended() const {
  return std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream.second->ended(); });
}

Status InputBatches::stream_error() const {
  for (const auto& [id, reader] : streams_) {
    if (const std::optional<Error> error = reader->error()) return *error;
  }
  return {};
}

Result<std::optional<std::vector<SourceExtents>>> InputBatches::next(const std::function<bool()>& idle) {
  if (!streams_.empty() || follow_.on) {
    TIPPLE_TRY(std::optional<std::vector<SourceExtents>> pending, pending_batch());
    if (pending) return pending;
  }
  return follow_.on ? next_followed(idle) : once(idle);
}

// All files, and all that the streams hold until they end.
Result<std::optional<std::vector<SourceExtents>>> InputBatches::once(const std::function<bool()>& idle) {
  using Batch = std::optional<std::vector<SourceExtents>>;
  if (!first_) return Batch();
  while (!streams_ended()) {
    if (!idle()) {
      for (const auto& [id, reader] : streams_) reader->stop();
      stopped_ = true;
      return Batch();
    }
    for (const auto& [id, reader] : streams_) {
      if (!reader->ended()) reader->wait(kIdleWait);
    }
  }
  TIPPLE_RETURN_IF_ERROR(stream_error());
  first_ = false;
  TIPPLE_TRY(current_, list_feeding_inputs(job_));
  if (streams_.empty()) return Batch(current_);
  TIPPLE_RETURN_IF_ERROR(take_stretches(SIZE_MAX, current_));
  TIPPLE_RETURN_IF_ERROR(write_down());
  return Batch(current_);
}

Result<std::optional<std::vector<SourceExtents>>> InputBatches::next_followed(const std::function<bool()>& idle) {
  using Batch = std::optional<std::vector<SourceExtents>>;
  while (true) {
    const bool ended = streams_ended();  // asked first: what was sealed before the end must not be missed
    std::vector<SourceExtents> batch = empty_batch();
    TIPPLE_RETURN_IF_ERROR(take_stretches(1, batch));
    const Duration every = follow_.every.value_or(kEveryDefault);
    if (follows_files_ && (!looked_ || clock_.now() >= *looked_ + every)) TIPPLE_RETURN_IF_ERROR(take_new_files(batch));
    if (any_extent(batch)) {
      current_ = std::move(batch);
      TIPPLE_RETURN_IF_ERROR(write_down());
      return Batch(current_);
    }
    TIPPLE_RETURN_IF_ERROR(stream_error());
    if (ended && !follows_files_) return Batch();
    if (!idle()) {
      for (const auto& [id, reader] : streams_) reader->stop();
      stopped_ = true;
      return Batch();
    }
    if (streams_.empty()) {
      ::usleep(static_cast<useconds_t>(std::chrono::duration_cast<std::chrono::microseconds>(kIdleWait).count()));
    } else {
      streams_.begin()->second->wait(kIdleWait);
    }
  }
}

Status InputBatches::loaded() {
  if (streams_.empty() && !follow_.on) return {};
  for (const SourceExtents& source : current_) {
    std::vector<fs::path> stretches;
    for (const Extent& extent : source.extents) {
      if (is_stretch(extent)) stretches.emplace_back(extent.path);
    }
    const auto reader = streams_.find(source.source);
    if (reader != streams_.end() && !stretches.empty()) TIPPLE_RETURN_IF_ERROR(reader->second->release(stretches));
  }
  return forget();
}

Status InputBatches::forget() {
  current_.clear();
  loads_.clear();
  const fs::path path = folder() / "batch.json";
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return system_error(errno, "cannot forget a loaded batch", path.string());
  std::error_code ignored;
  return fs::exists(folder(), ignored) ? sync_folder(folder()) : Status();
}

}  // namespace tipple
