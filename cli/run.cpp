// `tipple run`: loads, or goes on with an interrupted load of the same inputs.
#include "cli/run.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/load_report.h"
#include "cli/output.h"
#include "cli/plan.h"
#include "cli/progress_display.h"
#include "cli/rank.h"
#include "coordinator/run_loop.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

// Everything that rank 0 has at hand while it answers the user.
struct Context {
  const RunOptions& options;
  const Invocation& invocation;
  const Clock& clock;
  Rank& rank;

  [[nodiscard]] AttemptFacts facts(std::string outcome) const {
    AttemptFacts facts;
    facts.outcome = std::move(outcome);
    facts.seconds = std::chrono::duration<double>(clock.now() - invocation.started).count();
    facts.ranks = rank.ranks();
    facts.rank = rank.resources();
    return facts;
  }
};

std::string_view outcome_name(int code) {
  if (code == 0) return "published";
  return code == exit_code(ErrorKind::kCheckpointed) ? "checkpointed" : "failed";
}

// Chunks that earlier attempts had begun and lost: their files stand in staging, and no journal accepted them.
std::uint64_t lost_chunks(const Warehouse& warehouse, const JobSpec& job, const LoadState& before) {
  constexpr std::string_view kPrefix = "chunk-";
  std::set<std::uint32_t> lost;
  std::error_code ignored;
  for (const TableSpec& table : job.tables) {
    for (const JournalOpened& attempt : before.opened) {
      for (const auto& entry :
           fs::directory_iterator(warehouse.staging_folder(table.name, attempt.load.attempt), ignored)) {
        const std::string name = entry.path().filename().string();
        std::uint32_t chunk = 0;
        if (!name.starts_with(kPrefix)) continue;
        const char* end = name.data() + name.size();
        if (std::from_chars(name.data() + kPrefix.size(), end, chunk).ec != std::errc()) continue;
        if (!before.accepted.contains(ChunkId(chunk))) lost.insert(chunk);
      }
    }
  }
  return lost.size();
}

// A quality failure that only --strict made one.
bool within_own_limits(const JobSpec& job, const LoadTotals& totals) {
  for (std::size_t i = 0; i < job.tables.size() && i < totals.tables.size(); ++i) {
    const RejectLimits& limits = job.tables[i].rejects;
    const double percent = limits.max_percent / 100.0 * static_cast<double>(totals.tables[i].rows_in);
    if (static_cast<double>(totals.tables[i].rejected) > std::max(static_cast<double>(limits.max_rows), percent))
      return false;
  }
  return true;
}

Error strict_error(const LoadTotals& totals) {
  std::uint64_t rejected = 0;
  for (const RowAccount& table : totals.tables) rejected += table.rejected;
  return Error{ErrorKind::kStrict,
               fmt::format("{} rows were rejected, and --strict allows none; nothing was published", rejected),
               {},
               "`tipple rejects` shows them; without --strict the job's own limits hold"};
}

// Prints what the load came to. The report has been written if `path` exists.
Status print_outcome(const Context& context, const Json& report, const fs::path& path) {
  if (context.invocation.json) return print_json(run_summary(report, path));
  if (context.options.quiet) return {};
  const std::string outcome = report["outcome"];
  const double rate = report["throughput"]["bytes_per_second"];
  std::string text = outcome_text(report) + "\n";
  text += fmt::format("{} in {}", outcome, seconds_text(report["seconds"]));
  if (outcome == "published") text += fmt::format(", {}/s", bytes_text(static_cast<std::uint64_t>(rate)));
  return print_text(text + fmt::format("; report: {}\n", path.string()));
}

// Writes report.json (but keeps the one of the attempt that published) and prints.
Status conclude(const Context& context, const LoadRequest& request, const Warehouse& warehouse, LoadSetup setup,
                const AttemptFacts& facts) {
  const fs::path folder = warehouse.load_folder(request.load);
  const fs::path path = folder / "report.json";
  TIPPLE_TRY(const LoadState state, read_journals(folder));
  setup.load = request.load;
  setup.mode = request.mode.name;
  TIPPLE_TRY(const Json report, load_report(request.job, warehouse, setup, state, facts));
  std::error_code ignored;
  if (facts.outcome != "already-published" || (fs::exists(folder, ignored) && !fs::exists(path, ignored))) {
    TIPPLE_RETURN_IF_ERROR(replace_file_synced(path, json_text(report, 2)));
  }
  return print_outcome(context, report, path);
}

CoordinatorConfig coordinator_config(const JobSpec& job, bool strict) {
  CoordinatorConfig config;
  for (const TableSpec& table : job.tables) config.reject_limits.push_back(strict ? RejectLimits{} : table.rejects);
  return config;
}

// Runs an open attempt to its end and reports. Gives the exit code; an Error only if the account itself cannot be
// given.
Result<int> run_attempt(const Context& context, const LoadRequest& request, LoadSession session) {
  const LoadState before = std::move(session.before);
  const std::uint64_t lost = lost_chunks(session.warehouse, request.job, before);
  Coordinator coordinator(std::move(session.plan), session.setup, before, *session.journal, context.rank.transport(),
                          context.clock, coordinator_config(request.job, context.options.strict));
  Worker worker = context.rank.worker(context.clock, context.options.strict);
  ProgressDisplay display(ProgressDisplay::choose(context.options.quiet), context.clock);
  display.start(coordinator.progress());
  run_loop(&coordinator, worker, context.rank.transport(), count_stop_requests(), [&] {
    session.lock.touch();
    display.tick(coordinator.progress());
  });
  display.finish(coordinator.progress());

  LoadOutcome outcome = coordinator.outcome();
  if (context.options.strict && outcome.exit_code == exit_code(ErrorKind::kQuality) &&
      within_own_limits(request.job, outcome.totals)) {
    outcome.error = strict_error(outcome.totals);
    outcome.exit_code = exit_code(ErrorKind::kStrict);
  }
  AttemptFacts facts = context.facts(std::string(outcome_name(outcome.exit_code)));
  facts.error = outcome.error;
  facts.chunks_total = outcome.chunks_total;
  facts.before = &before;
  facts.redone = lost;
  facts.reissued = outcome.reissued;
  facts.mismatches = outcome.mismatches;
  facts.scans = outcome.scans;
  facts.workers_lost = outcome.workers_lost;
  if (outcome.error && outcome.exit_code != 0) print_error(*outcome.error);
  TIPPLE_RETURN_IF_ERROR(conclude(context, request, session.warehouse, session.setup, facts));
  if (outcome.workers_lost == 0) context.rank.finalize();
  return outcome.exit_code;
}

Result<int> coordinate(const Context& context, const RequestFactory& make_request) {
  TIPPLE_TRY(const LoadRequest request, make_request(context.options));
  TIPPLE_TRY(std::optional<LoadSession> session, open_session(request, context.rank.ranks()));
  if (session) return run_attempt(context, request, std::move(*session));
  context.rank.dismiss(context.clock, 0);
  TIPPLE_TRY(const Warehouse warehouse, Warehouse::open(request.job.warehouse, false));
  TIPPLE_RETURN_IF_ERROR(conclude(context, request, warehouse, LoadSetup{}, context.facts("already-published")));
  context.rank.finalize();
  return 0;
}

// A rank that only works. Its exit code matters to the launcher alone: rank 0's is the load's.
int follow(const Context& context) {
  const std::atomic<int>& stops = count_stop_requests();
  Worker worker = context.rank.worker(context.clock, context.options.strict);
  run_loop(nullptr, worker, context.rank.transport(), stops, {});
  if (worker.exit_code() == exit_code(ErrorKind::kEnvironment)) return worker.exit_code();
  context.rank.finalize();
  return 0;
}

Result<int> run(const RunOptions& options, const Invocation& invocation) {
  if (options.dry_run) {
    TIPPLE_TRY(const JobSpec job, read_job_file(options.target));
    return print_plan(job, options.mode, options.resources, invocation);
  }
  return run_load(options, invocation, [](const RunOptions& o) { return request_load(o.target, o.mode); });
}

}  // namespace

Result<int> run_load(const RunOptions& options, const Invocation& invocation, const RequestFactory& request) {
  const std::optional<LauncherPlace> place = launcher_place();
  if (!place && options.resources.ranks > 1)
    return run_under_mpirun(invocation.argc, invocation.argv, options.resources.ranks);
  const SteadyClock clock;
  TIPPLE_TRY(const std::unique_ptr<Rank> rank, Rank::join(place, options.resources));
  const Context context{options, invocation, clock, *rank};
  if (!rank->coordinates()) return follow(context);
  (void)count_stop_requests();
  Result<int> code = coordinate(context, request);
  // Without a load, or with one whose account could not be given, the others may still be waiting.
  if (!code.ok()) rank->dismiss(clock, exit_code(code.error().kind));
  return code;
}

void add_run_options(CLI::App& sub, RunOptions& options) {
  add_resource_options(sub, options.resources);
  sub.add_flag("--strict", options.strict, "Fail (exit 3) on any reject, whatever the job allows");
  sub.add_flag("--quiet", options.quiet, "No progress and no summary; errors only");
}

void add_run(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* sub = add_verb(app, invocation, "run", "Load; goes on with an interrupted load of the same inputs",
                           "tipple run flights.yaml --ranks 2 --memory 1GiB");
  sub->add_option("JOB", options->target, "The job file")->required();
  sub->add_option("--mode", options->mode, "The job's mode (default: full)")->envname("TIPPLE_MODE");
  sub->add_flag("--dry-run", options->dry_run, "Print the plan and stop");
  add_run_options(*sub, *options);
  bind_verb(sub, invocation, options, run);
}

}  // namespace tipple
