#include "cli/load_session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/file.h"
#include "cli/loads.h"
#include "cli/target.h"
#include "coordinator/coordinator.h"
#include "jobs/job_file.h"
#include "warehouse/table_log.h"
#include "warehouse/table_view.h"
#include "worker/publisher.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;

// A holder that was just killed needs a moment to vanish from the process table.
constexpr auto kLockGrace = 1500ms;
constexpr auto kLockRetry = 50ms;

Result<bool> published_everywhere(const Warehouse& warehouse, const LoadRequest& request) {
  for (const TableSpec& table : request.job.tables) {
    TIPPLE_TRY(const std::optional<std::uint64_t> version, find_load(warehouse, table.name, request.load));
    if (!version) return false;
  }
  return true;
}

Status refresh_views(const Warehouse& warehouse, const JobSpec& job) {
  for (const TableSpec& table : job.tables) TIPPLE_RETURN_IF_ERROR(refresh_view(warehouse, table.name));
  return {};
}

Result<LoadLock> take_lock(const Warehouse& warehouse, LoadId load) {
  const auto deadline = std::chrono::steady_clock::now() + kLockGrace;
  for (;;) {
    Result<LoadLock> lock = LoadLock::take(warehouse, load);
    if (lock.ok() || lock.error().kind != ErrorKind::kLocked || std::chrono::steady_clock::now() >= deadline)
      return lock;
    std::this_thread::sleep_for(kLockRetry);
  }
}

std::string text_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::string() : std::string(text);
}

LoadSetup setup_for(const LoadRequest& request, std::uint32_t attempt_number) {
  LoadSetup setup;
  setup.job_text = request.job.text;
  setup.job_file = request.job.file.string();
  setup.job_folder = request.job.folder.string();
  setup.mode = request.mode.name;
  setup.tables = request.tables;
  setup.columns = request.columns;
  setup.lookups = request.lookups;
  setup.load = request.load;
  setup.attempt = random_id();
  setup.attempt_number = attempt_number;
  return setup;
}

// The inputs that earlier attempts have not written down. A source's extents are in path order, so what is missing is a
// tail.
std::vector<SourceExtents> missing_inputs(const std::vector<SourceExtents>& inputs, const LoadState& before) {
  std::vector<SourceExtents> missing;
  for (const SourceExtents& source : inputs) {
    std::size_t done = 0;
    for (const SourceExtents& known : before.inputs) {
      if (known.source == source.source) done += known.extents.size();
    }
    if (done >= source.extents.size()) continue;
    missing.push_back(
        {source.source, {source.extents.begin() + static_cast<std::ptrdiff_t>(done), source.extents.end()}});
  }
  return missing;
}

// Killed between a commit and its report: the log has the load, but views, ledgers or staging may be behind.
Status finish_publishing(const Warehouse& warehouse, const LoadRequest& request, const LoadState& before) {
  if (before.attempts > 0 && !before.opened.empty() && before.published.empty()) {
    const PublishReport report = publish_load(request.job, warehouse, before.opened.back().load);
    if (report.error) return *report.error;
  }
  return refresh_views(warehouse, request.job);
}

}  // namespace

Result<UnfinishedLoad> find_unfinished(const std::string& argument) {
  TIPPLE_TRY(const Target target, open_target(argument));
  TIPPLE_TRY(const Warehouse warehouse, require_warehouse(target));
  TIPPLE_TRY(const std::vector<LoadSummary> loads, list_loads(warehouse));
  for (const LoadSummary& load : loads) {
    if (!load.unfinished()) continue;
    const LoadSetup& setup = load.state.opened.back().load;
    if (target.job && target.job->text != setup.job_text) continue;
    TIPPLE_TRY(JobSpec job, target.job ? Result<JobSpec>(*target.job) : whole_job(setup));
    return UnfinishedLoad{std::move(job), setup.mode, load.load};
  }
  return usage_error("no load is interrupted here", argument,
                     "`tipple status` lists the loads; `tipple run` begins one");
}

Result<std::optional<LoadSession>> open_session(const LoadRequest& request, std::uint32_t ranks) {
  TIPPLE_TRY(Warehouse warehouse, Warehouse::open(request.job.warehouse, true));
  const fs::path folder = warehouse.load_folder(request.load);
  TIPPLE_TRY(LoadLock lock, take_lock(warehouse, request.load));
  TIPPLE_TRY(LoadState before, read_journals(folder));
  TIPPLE_TRY(const bool published, published_everywhere(warehouse, request));
  if (published) {
    TIPPLE_RETURN_IF_ERROR(finish_publishing(warehouse, request, before));
    return std::optional<LoadSession>();
  }
  TIPPLE_RETURN_IF_ERROR(create_folders(folder));
  TIPPLE_TRY(OpenedJournal opened, open_attempt(folder, request.load));
  LoadSetup setup = setup_for(request, opened.attempt_number);
  ChunkPlan plan = plan_chunks(request.inputs, request.job.chunk_bytes);
  JournalOpened first{setup, plan.chunks.size(), ranks, host_name(), ::getpid(), text_from("SLURM_JOB_ID")};
  const std::vector<SourceExtents> missing = missing_inputs(request.inputs, before);
  TIPPLE_RETURN_IF_ERROR(journal_opening(*opened.writer, first, missing, !missing.empty()));
  fault_point("attempt-opened");
  return std::optional<LoadSession>(LoadSession{std::move(warehouse), std::move(lock), std::move(setup),
                                                std::move(before), std::move(plan), std::move(opened.writer)});
}

}  // namespace tipple
