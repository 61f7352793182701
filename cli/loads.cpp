#include "cli/loads.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
#include "jobs/job_file.h"
#include "jobs/load_job.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

constexpr std::string_view kAttemptPrefix = "attempt-";
constexpr std::uint64_t kJournalBytesMax = 4 * limits::kGiB;

// Attempt number -> path of its journal.
std::map<std::uint32_t, fs::path> attempt_files(const fs::path& folder) {
  std::map<std::uint32_t, fs::path> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    std::uint32_t number = 0;
    const char* end = name.data() + name.size();
    if (name.starts_with(kAttemptPrefix) &&
        std::from_chars(name.data() + kAttemptPrefix.size(), end, number).ptr == end) {
      files[number] = entry.path();
    }
  }
  return files;
}

// How the attempt in `file` ended, if it ended by itself.
std::optional<JournalClosed> close_of(const fs::path& file) {
  const Result<std::string> text = read_file(file, kJournalBytesMax);
  if (!text.ok()) return std::nullopt;
  LoadState alone;
  const Status replayed = replay_journal(std::as_bytes(std::span(text->data(), text->size())), file.string(), alone);
  if (!replayed.ok() || alone.closed.empty()) return std::nullopt;
  return alone.closed.back();
}

// Journals may lag behind the commit: the tables' logs decide.
bool is_published(const Warehouse& warehouse, const LoadState& state) {
  const Result<JobSpec> job = journaled_job(state.opened.back().load);
  if (!job.ok()) return !state.published.empty();
  return std::all_of(job->tables.begin(), job->tables.end(), [&](const TableSpec& table) {
    const auto version = find_load(warehouse, table.name, state.opened.back().load.load);
    return version.ok() && version->has_value();
  });
}

std::int64_t modified_ms(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return 0;
  return std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

}  // namespace

std::string_view LoadSummary::outcome() const {
  if (damage) return "damaged";
  if (published) return "published";
  if (!last_close) return "interrupted";
  return last_close->exit_code == exit_code(ErrorKind::kCheckpointed) ? "checkpointed" : "failed";
}

bool LoadSummary::unfinished() const {
  if (damage || published) return false;
  if (!last_close) return true;
  // What the rows themselves decided would be decided again; what the environment did may be over.
  const int code = last_close->exit_code;
  return code != exit_code(ErrorKind::kQuality) && code != exit_code(ErrorKind::kStrict);
}

Result<JobSpec> whole_job(const LoadSetup& load) {
  ParsedJob parsed = parse_job(load.job_text, load.job_file, load.job_folder);
  if (!parsed.mistakes.empty()) {
    const JobFileMistake& first = parsed.mistakes.front();
    return usage_error("the job kept in the load's journal is not one that this version understands: " + first.what,
                       fmt::format("{}:{}:{}", load.job_file, first.line, first.column), "Run the job file instead");
  }
  return std::move(parsed.spec);
}

Result<JobSpec> journaled_job(const LoadSetup& load) {
  TIPPLE_TRY(JobSpec job, whole_job(load));
  job = job_of_tables(std::move(job), load.tables);
  TIPPLE_RETURN_IF_ERROR(apply_columns(load.columns, job));
  // A job may have a mode of that name for its own runs; `tipple replay` refuses such a job.
  if (load.mode == kReplayMode && !job.mode(kReplayMode).ok()) make_replay_job(job);
  return job;
}

void make_replay_job(JobSpec& job) {
  job.modes = {{kReplayMode, WriteMode::kAppend}};
  for (TableSpec& table : job.tables) {
    table.rejects.max_rows = std::numeric_limits<std::uint64_t>::max();
    if (table.schema_mode == SchemaMode::kDeclared) table.schema_mode = SchemaMode::kEvolve;
    for (CheckSpec& check : table.checks) {
      check.max_rows.reset();
      check.max_percent.reset();
    }
  }
}

Result<std::vector<LoadSummary>> list_loads(const Warehouse& warehouse) {
  std::vector<LoadSummary> loads;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(warehouse.folder() / "_loads", ignored)) {
    const Result<Id128> id = Id128::from_hex(entry.path().filename().string());
    if (!id.ok()) continue;
    const std::map<std::uint32_t, fs::path> attempts = attempt_files(entry.path());
    if (attempts.empty()) continue;
    LoadSummary load;
    load.load = *id;
    load.folder = entry.path();
    load.updated_ms = modified_ms(attempts.rbegin()->second);
    Result<LoadState> state = read_journals(entry.path());
    if (!state.ok()) {
      load.damage = std::move(state).error();
    } else if (state->opened.empty()) {
      continue;
    } else {
      load.state = std::move(state).value();
      load.last_close = close_of(attempts.rbegin()->second);
      load.published = is_published(warehouse, load.state);
    }
    loads.push_back(std::move(load));
  }
  std::sort(loads.begin(), loads.end(), [](const LoadSummary& a, const LoadSummary& b) {
    return a.updated_ms != b.updated_ms ? a.updated_ms > b.updated_ms : a.load < b.load;
  });
  return loads;
}

Result<const LoadSummary*> pick_load(const std::vector<LoadSummary>& loads, const std::string& id) {
  if (loads.empty())
    return usage_error("no load was ever begun here", {}, "Load something first: `tipple run JOB.yaml`");
  if (id.empty()) return &loads.front();
  const LoadSummary* found = nullptr;
  for (const LoadSummary& load : loads) {
    if (!load.load.to_hex().starts_with(id)) continue;
    if (found != nullptr)
      return usage_error(fmt::format("several loads begin with `{}`", id), "--load", "Give more digits");
    found = &load;
  }
  if (found == nullptr)
    return usage_error(fmt::format("no load `{}`", id), "--load", "`tipple status` lists the loads");
  return found;
}

}  // namespace tipple
