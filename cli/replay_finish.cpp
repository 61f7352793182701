#include "cli/replay_finish.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/file.h"
#include "formats/reject_file.h"
#include "warehouse/reject_ledger.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

using Place = std::pair<std::uint32_t, std::uint64_t>;  // file of the note, offset in its text

// The note's file that a reject names.
std::optional<std::uint32_t> file_of(const ReplayNote& note, const std::map<std::string, std::uint32_t>& numbers,
                                     const Reject& reject) {
  const std::string folder = note.folder.string() + "/";
  if (!reject.path.starts_with(folder)) return std::nullopt;
  const auto found = numbers.find(reject.path.substr(folder.size()));
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

// For each place the origin of the record that it lies in.
Result<std::map<Place, RecordOrigin>> origins_of(const ReplayNote& note, std::vector<Place> places) {
  std::sort(places.begin(), places.end());
  std::map<Place, RecordOrigin> origins;
  std::optional<RecordOrigin> last;
  std::size_t next = 0;
  const auto assign_before = [&](std::optional<Place> limit) -> Status {
    for (; next < places.size() && (!limit || places[next] < *limit); ++next) {
      if (!last || last->file != places[next].first)
        return environment_error("the origins of replayed records do not fit their files", note.folder.string());
      origins.emplace(places[next], *last);
    }
    return {};
  };
  const auto take = [&](const RecordOrigin& origin) -> Status {
    TIPPLE_RETURN_IF_ERROR(assign_before(Place{origin.file, origin.offset}));
    last = origin;
    return {};
  };
  TIPPLE_RETURN_IF_ERROR(each_origin(note, take));
  TIPPLE_RETURN_IF_ERROR(assign_before(std::nullopt));
  return origins;
}

Status replace_reject_file(const fs::path& path, const std::function<void(Reject&)>& change) {
  fs::path temporary = path;
  temporary += ".tmp-" + random_id().to_hex();
  const auto write = [&]() -> Status {
    TIPPLE_TRY(RejectFileWriter writer, RejectFileWriter::create(temporary));
    TIPPLE_RETURN_IF_ERROR(read_reject_file(path, [&](const std::vector<Reject>& rejects) {
      std::vector<Reject> changed = rejects;
      for (Reject& reject : changed) change(reject);
      return writer.append(changed);
    }));
    TIPPLE_RETURN_IF_ERROR(writer.close_and_sync());
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      return system_error(errno, "cannot rename into place", path.string());
    return sync_folder(path.parent_path());
  };
  Status written = write();
  if (!written.ok()) ::unlink(temporary.c_str());
  return written;
}

// Records that were rejected again are named by where they stood first.
Status name_first_places(const Warehouse& warehouse, const ReplayNote& note, LoadId load) {
  const fs::path path = warehouse.rejects_path(note.table, load);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  std::map<std::string, std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < note.files.size(); ++i) numbers.emplace(note.files[i].name, i);
  std::vector<Place> places;
  TIPPLE_RETURN_IF_ERROR(read_reject_file(path, [&](const std::vector<Reject>& rejects) {
    for (const Reject& reject : rejects) {
      if (const auto file = file_of(note, numbers, reject)) places.emplace_back(*file, reject.offset);
    }
    return Status();
  }));
  if (places.empty()) return {};
  TIPPLE_TRY(const auto origins, origins_of(note, std::move(places)));
  return replace_reject_file(path, [&](Reject& reject) {
    const auto file = file_of(note, numbers, reject);
    if (!file) return;
    const RecordOrigin& origin = origins.at({*file, reject.offset});
    reject.path = origin.path;
    reject.offset = origin.path_offset + (reject.offset - origin.offset);
    if (origin.line != 0) reject.line = origin.line;
  });
}

// The law of conservation over the load and its replay: every record that was taken up is in the replay's account.
Status check_account(const Warehouse& warehouse, const ReplayNote& note, LoadId load) {
  TIPPLE_TRY(const std::vector<HistoryEntry> history, read_history(warehouse, note.table));
  for (const HistoryEntry& entry : history) {
    if (entry.commit.load != load) continue;
    TIPPLE_CHECK(entry.commit.rows.rows_in == note.records,
                 "a replay's load has counted other records than were prepared for it");
    return {};
  }
  return environment_error("the log has no load " + load.to_hex(), warehouse.table_folder(note.table).string());
}

}  // namespace

Result<std::optional<LoadId>> published_replay(const Warehouse& warehouse, const ReplayNote& note) {
  for (const LoadId load : note.loads) {
    TIPPLE_TRY(const std::optional<std::uint64_t> version, find_load(warehouse, note.table, load));
    if (version) return std::optional(load);
  }
  return std::optional<LoadId>();
}

Status finish_replay(const Warehouse& warehouse, const ReplayNote& note, LoadId load) {
  TIPPLE_RETURN_IF_ERROR(check_account(warehouse, note, load));
  TIPPLE_RETURN_IF_ERROR(name_first_places(warehouse, note, load));
  fault_point("replay-places-named");
  for (const auto& [taken, rows] : note.taken) {
    TIPPLE_RETURN_IF_ERROR(mark_rejects_resolved(warehouse, note.table, taken, {load, rows, note.dropped, note.input}));
    fault_point("replay-marked");
  }
  std::error_code failed;
  fs::remove_all(note.folder, failed);
  if (failed)
    return environment_error("cannot remove the records of a finished replay: " + failed.message(),
                             note.folder.string());
  return {};
}

Result<std::vector<LoadId>> finish_interrupted_replays(const Warehouse& warehouse) {
  TIPPLE_TRY(const std::vector<ReplayNote> notes, list_replay_notes(warehouse));
  std::vector<LoadId> finished;
  for (const ReplayNote& note : notes) {
    TIPPLE_TRY(const std::optional<LoadId> load, published_replay(warehouse, note));
    if (!load) continue;
    TIPPLE_RETURN_IF_ERROR(finish_replay(warehouse, note, *load));
    finished.push_back(*load);
  }
  for (const ReplayNote& note : notes) {
    TIPPLE_TRY(const std::optional<RejectMark> mark, read_reject_mark(warehouse, note.table, note.taken.front().first));
    std::error_code ignored;
    if (mark) fs::remove_all(note.folder, ignored);
  }
  return finished;
}

}  // namespace tipple
