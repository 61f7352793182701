#include "cli/replay_sequence.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/file.h"
#include "cli/input_listing.h"
#include "cli/loads.h"
#include "cli/output.h"
#include "cli/replay_files.h"
#include "cli/replay_finish.h"
#include "cli/replay_records.h"
#include "cli/replay_text.h"
#include "formats/batch_source.h"
#include "formats/byte_source.h"
#include "formats/reject_file.h"
#include "formats/sha256.h"
#include "jobs/job_file.h"
#include "jobs/load_job.h"
#include "transforms/table_pipeline.h"
#include "warehouse/load_lock.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

constexpr std::string_view kUnfinishedPrefix = "new-";
constexpr std::size_t kFirstBytes = 64;
constexpr std::size_t kIdDigits = 32;

// A folder that is not named yet belongs to the process in its name.
std::string unfinished_name() { return fmt::format("{}{}-{}", kUnfinishedPrefix, host_name(), ::getpid()); }

// What processes of this host left that are no more.
void remove_unfinished(const fs::path& folder) {
  const std::string own = unfinished_name();
  const std::string prefix = own.substr(0, own.rfind('-') + 1);
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (!name.starts_with(prefix)) continue;
    if (std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid).ec != std::errc()) continue;
    if (pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH)) fs::remove_all(entry.path(), ignored);
  }
}

bool reads_path_parts(const JobSpec& job, const TableSpec& table) {
  for (const SourceId source : table.from) {
    for (const ColumnSpec& column : TablePipeline::input_columns(job, table, source)) {
      if (column.from.starts_with(kPathFieldPrefix)) return true;
    }
  }
  return false;
}

Result<bool> is_cuttable(const fs::path& path, const SourceSpec& source) {
  TIPPLE_TRY(const File file, File::open(path, O_RDONLY));
  std::array<std::byte, kFirstBytes> first{};
  TIPPLE_TRY(const std::size_t got, file.read_at(first, 0));
  return is_splittable(std::span(reinterpret_cast<const char*>(first.data()), got), source);
}

Result<std::string> digest_of_file(const fs::path& path) {
  TIPPLE_TRY(const File file, File::open(path, O_RDONLY));
  std::vector<std::byte> piece(1 << 20);
  Sha256Stream digest;
  for (std::uint64_t offset = 0;;) {
    TIPPLE_TRY(const std::size_t got, file.read_at(piece, offset));
    if (got == 0) return to_hex(digest.finish());
    digest.add(std::span(piece).first(got));
    offset += got;
  }
}

// The places of the records in a file of corrected ones, of at most `most`. Gives the number of all.
Result<std::uint64_t> list_records(const std::string& path, const SourceSpec& source, std::size_t most,
                                   std::vector<std::uint64_t>& places) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
  if (source.format == SourceFormat::kTable) return table_row_error(path);
  if (is_columnar(source.format)) {
    TIPPLE_TRY(const auto rows, open_batch_source(path, source));
    for (std::uint64_t row = 0; row < std::min<std::uint64_t>(most, rows->rows()); ++row) places.push_back(row);
    return rows->rows();
  }
  TIPPLE_TRY(const auto text, ReplayText::open({path, stat.size, stat.mtime_ns, {}}, source));
  return text->each_record([&](std::uint64_t offset) {
    if (places.size() < most) places.push_back(offset);
    return Status();
  });
}

Error count_error(std::uint64_t records, std::uint64_t rejects, std::uint64_t dropped, const std::string& input) {
  const std::string what =
      fmt::format("it has {} records, unresolved rejects are {}{}", records, rejects,
                  dropped == 0 ? std::string() : fmt::format(", of which --drop gives up {}", dropped));
  if (records > rejects)
    return usage_error(what, input, "a replay takes corrected records only; new ones are loaded with `tipple run`");
  if (records == rejects) return usage_error(what, input, "leave --drop out: every record is there");
  return usage_error(what, input, fmt::format("add the others, or give them up with --drop {}", rejects - records));
}

std::string replay_id(const ReplayNote& note, const std::string& digest) {
  std::string text = note.table + "\n" + digest + "\n" + std::to_string(note.dropped) + "\n" + note.input;
  for (const auto& [load, rows] : note.taken) text += "\n" + load.to_hex();
  return to_hex(sha256_of(text)).substr(0, kIdDigits);
}

void describe_replay(const ReplayNote& note, Json& report) {
  Json replay{{"table", note.table}, {"rejects", note.rejects()}, {"dropped", note.dropped}, {"records", note.records}};
  const Json& table = report["tables"][note.table];
  replay["rows_out"] = table["rows_out"];
  replay["added"] = table.value("added", std::uint64_t{0});
  replay["filtered"] = table["filtered"];
  replay["rejected_again"] = table["rejected"];
  replay["loads"] = Json::array();
  for (const auto& [load, rows] : note.taken) replay["loads"].push_back(load.to_hex());
  report["replay"] = std::move(replay);
}

}  // namespace

Result<std::unique_ptr<LoadSequence>> ReplaySequence::open(JobSpec job, ReplayChoice choice, ReplayOutcome& outcome) {
  outcome.coordinated = true;
  for (const ModeSpec& mode : job.modes) {
    if (mode.name == kReplayMode)
      return usage_error(fmt::format("the job has a mode of its own named '{}'", kReplayMode), job.file.string(),
                         "name it otherwise: loads of `tipple replay` have that mode");
  }
  std::unique_ptr<ReplaySequence> sequence(new ReplaySequence(std::move(job), std::move(choice), outcome));
  TIPPLE_TRY(sequence->warehouse_, Warehouse::open(sequence->job_.warehouse, false));
  TIPPLE_TRY(outcome.finished, finish_interrupted_replays(*sequence->warehouse_));
  TIPPLE_RETURN_IF_ERROR(sequence->choose_tables());
  TIPPLE_RETURN_IF_ERROR(sequence->settle_input());
  return std::unique_ptr<LoadSequence>(std::move(sequence));
}

Status ReplaySequence::choose_tables() {
  std::vector<std::string> names;
  for (const TableSpec& table : job_.tables) names.push_back(table.name);
  if (!choice_.table.empty() && std::find(names.begin(), names.end(), choice_.table) == names.end()) {
    const std::string near = nearest_name(choice_.table, names);
    return usage_error(fmt::format("the job has no table '{}'", choice_.table), job_.file.string(),
                       near.empty() ? std::string() : "did you mean '" + near + "'?");
  }
  for (const std::string& name : names) {
    if (!choice_.table.empty() && name != choice_.table) continue;
    TIPPLE_TRY(std::vector<LoadRejects> all, published_rejects(*warehouse_, name));
    tables_.push_back({name, std::move(all), {}});
  }
  return choose_loads();
}

Status ReplaySequence::choose_loads() {
  bool known = choice_.load.empty();
  for (Chosen& chosen : tables_) {
    for (const LoadRejects& load : chosen.all) {
      if (!load.load.to_hex().starts_with(choice_.load)) continue;
      known = true;
      if (!load.resolved) chosen.taken.push_back(load);
    }
  }
  if (known) return {};
  return usage_error(fmt::format("no load whose rows are in the table begins with '{}' and has rejects", choice_.load),
                     "--load", "`tipple rejects --unresolved` lists them");
}

// --input stands for the rejects of one table. One that was replayed before is done already.
Status ReplaySequence::settle_input() {
  if (choice_.input.empty()) {
    std::erase_if(tables_, [](const Chosen& chosen) { return chosen.taken.empty(); });
    return {};
  }
  TIPPLE_TRY(const std::string digest, digest_of_file(choice_.input));
  std::vector<Chosen> open;
  std::optional<LoadId> before;
  for (const Chosen& chosen : tables_) {
    if (!chosen.taken.empty()) open.push_back(chosen);
    for (const LoadRejects& load : chosen.all) {
      if (load.resolved && load.resolved->input == digest) before = load.resolved->by;
    }
  }
  tables_ = std::move(open);
  if (before) {
    outcome_.finished = {*before};
    tables_.clear();
    return {};
  }
  if (tables_.empty())
    return usage_error("there are no unresolved rejects that the file could stand for", choice_.input,
                       "new records are loaded with `tipple run`");
  if (tables_.size() == 1) return {};
  std::string names;
  for (const Chosen& chosen : tables_) names += (names.empty() ? "" : ", ") + chosen.table;
  return usage_error("several tables have unresolved rejects", choice_.input,
                     "say with --table which of them the file is for: " + names);
}

const ReplaySequence::Chosen& ReplaySequence::chosen(const std::string& table) const {
  const auto found =
      std::find_if(tables_.begin(), tables_.end(), [&](const Chosen& one) { return one.table == table; });
  TIPPLE_CHECK(found != tables_.end(), "only chosen tables are prepared");
  return *found;
}

// Columns that say where a record stands would say where its copy does.
Status ReplaySequence::check_table(const TableSpec& table) const {
  for (const SourceId source : table.from) {
    for (const ColumnSpec& column : TablePipeline::input_columns(job_, table, source)) {
      if (column.from != kFileField && column.from != kLineField && column.from != kOffsetField) continue;
      return usage_error(fmt::format("the table {} has the column {} from {}, which a record cannot bring along",
                                     table.name, column.column.name, column.from),
                         job_.file.string(), "correct the file or the job, and load the file again with `tipple run`");
    }
  }
  return {};
}

Status ReplaySequence::write_records(const TableSpec& table, ReplayFiles& files, ReplayNote& note) const {
  const Chosen& wanted = chosen(table.name);
  const bool keep_parts = reads_path_parts(job_, table);
  for (const LoadRejects& load : wanted.taken) {
    TIPPLE_TRY(RejectedRecords records, RejectedRecords::open(*warehouse_, job_, table, wanted.all, load));
    std::uint64_t rows = 0;
    const auto take = [&](const std::vector<Reject>& rejects) -> Status {
      for (const Reject& reject : rejects) {
        TIPPLE_TRY(const RejectedRecord record, records.read(reject));
        TIPPLE_RETURN_IF_ERROR(files.add(record, reject, keep_parts));
      }
      rows += rejects.size();
      return {};
    };
    TIPPLE_RETURN_IF_ERROR(read_reject_file(load.file, take));
    note.taken.emplace_back(load.load, rows);
  }
  return {};
}

// The file as it is, and for each of its records the reject that it stands for. With --drop nobody knows which that is:
// a record is named by its place in the file then.
Status ReplaySequence::write_input(const TableSpec& table, ReplayFiles& files, ReplayNote& note) const {
  if (table.from.size() != 1) {
    return usage_error(
        fmt::format("the table {} reads several sources, and which one the file is for cannot be told", table.name),
        choice_.input,
        "keep the rejected records (`rejects: {keep_raw: true}`) and correct the job, or load the corrected records as "
        "files of a source");
  }
  const SourceSpec& source = job_.sources[table.from.front().value()];
  std::error_code failed;
  const fs::path path = fs::absolute(choice_.input, failed).lexically_normal();
  std::vector<RecordOrigin> rejected;
  for (const LoadRejects& load : chosen(table.name).taken) {
    const std::size_t before = rejected.size();
    TIPPLE_RETURN_IF_ERROR(read_reject_file(load.file, [&](const std::vector<Reject>& rejects) {
      for (const Reject& reject : rejects) rejected.push_back({0, 0, reject.path, reject.offset, reject.line});
      return Status();
    }));
    note.taken.emplace_back(load.load, rejected.size() - before);
  }
  std::vector<std::uint64_t> places;
  TIPPLE_TRY(const std::uint64_t records, list_records(path.string(), source, rejected.size(), places));
  if (records + note.dropped != rejected.size())
    return count_error(records, rejected.size(), note.dropped, path.string());
  TIPPLE_RETURN_IF_ERROR(files.add_copy(path, table.from.front()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    RecordOrigin origin = note.dropped == 0 ? rejected[i] : RecordOrigin{0, 0, path.string(), places[i], 0};
    origin.offset = places[i];
    TIPPLE_RETURN_IF_ERROR(files.add_origin(origin));
  }
  TIPPLE_TRY(note.input, digest_of_file(path));
  return {};
}

Result<ReplayNote> ReplaySequence::prepare(const TableSpec& table) const {
  TIPPLE_RETURN_IF_ERROR(check_table(table));
  const fs::path folder = replay_folder(*warehouse_);
  TIPPLE_RETURN_IF_ERROR(create_folders(folder));
  remove_unfinished(folder);
  ReplayNote note;
  note.folder = folder / unfinished_name();
  note.table = table.name;
  note.dropped = choice_.dropped;
  const auto write = [&]() -> Result<std::string> {
    TIPPLE_TRY(ReplayFiles files, ReplayFiles::create(note.folder, job_));
    TIPPLE_RETURN_IF_ERROR(choice_.input.empty() ? write_records(table, files, note) : write_input(table, files, note));
    TIPPLE_TRY(note.files, files.finish());
    for (const ReplayFile& file : note.files) note.records += file.records;
    TIPPLE_RETURN_IF_ERROR(write_replay_note(note));
    return replay_id(note, files.digest());
  };
  std::error_code ignored;
  const Result<std::string> id = write();
  if (!id.ok()) {
    fs::remove_all(note.folder, ignored);
    return id.error();
  }
  const fs::path unfinished = note.folder;
  note.folder = folder / *id;
  if (fs::exists(note.folder, ignored)) {  // prepared before a kill, or before its load failed: with the same records
    fs::remove_all(unfinished, ignored);
    TIPPLE_TRY(const ReplayNote before, read_replay_note(note.folder));
    note.loads = before.loads;
    return note;
  }
  if (::rename(unfinished.c_str(), note.folder.c_str()) != 0)
    return system_error(errno, "cannot rename into place", note.folder.string());
  TIPPLE_RETURN_IF_ERROR(sync_folder(folder));
  fault_point("replay-prepared");
  return note;
}

// The table's columns are those that its loads have found; of an inferred one, the first load's.
Status ReplaySequence::take_found_columns(const ReplayNote& note, JobSpec& job) const {
  for (const auto& [load, rows] : note.taken) {
    const std::optional<JobSpec> loaded = job_of_load(*warehouse_, load);
    if (!loaded)
      return usage_error("the columns of the table are not known any more: the load's journal is gone", note.table,
                         "name them under `columns` in the job file");
    TIPPLE_RETURN_IF_ERROR(apply_columns(columns_to_json(*loaded), job));
    if (job.tables.front().inferred) break;
  }
  return {};
}

Result<LoadRequest> ReplaySequence::request_for(const ReplayNote& note) const {
  LoadRequest request;
  request.tables = {note.table};
  request.job = job_of_tables(job_, request.tables);
  const bool found = finds_columns(request.job.tables.front());
  make_replay_job(request.job);
  TIPPLE_TRY(request.mode, request.job.mode(kReplayMode));
  for (const SourceId source : feeding_sources(request.job)) {
    const SourceSpec& spec = request.job.sources[source.value()];
    SourceExtents extents{source, {}};
    for (const ReplayFile& file : note.files) {
      if (file.source != spec.name) continue;
      const fs::path path = note.folder / file.name;
      TIPPLE_TRY(const FileStat stat, stat_regular_file(path));
      TIPPLE_TRY(const bool cuttable, is_cuttable(path, spec));
      extents.extents.push_back({path.string(), stat.size, stat.mtime_ns, cuttable, {}});
    }
    request.inputs.push_back(std::move(extents));
  }
  if (found) TIPPLE_RETURN_IF_ERROR(take_found_columns(note, request.job));
  request.columns = columns_to_json(request.job);
  TIPPLE_TRY(request.lookups, list_lookups(request.job));
  request.load = load_id(request.job, kReplayMode, request.inputs, request.lookups, request.tables);
  request.describe = [note](Json& report) { describe_replay(note, report); };
  return request;
}

Result<std::optional<LoadRequest>> ReplaySequence::next(const std::function<bool()>&) {
  if (position_ == tables_.size()) return std::optional<LoadRequest>();
  const auto table = std::find_if(job_.tables.begin(), job_.tables.end(),
                                  [&](const TableSpec& spec) { return spec.name == tables_[position_].table; });
  TIPPLE_TRY(note_, prepare(*table));
  TIPPLE_TRY(LoadRequest request, request_for(*note_));
  if (std::find(note_->loads.begin(), note_->loads.end(), request.load) == note_->loads.end())
    note_->loads.push_back(request.load);
  TIPPLE_RETURN_IF_ERROR(write_replay_note(*note_));
  ++outcome_.requests;
  return std::optional<LoadRequest>(std::move(request));
}

Status ReplaySequence::published(const LoadRequest& request) {
  TIPPLE_RETURN_IF_ERROR(finish_replay(*warehouse_, *note_, request.load));
  note_.reset();
  ++position_;
  return {};
}

}  // namespace tipple
