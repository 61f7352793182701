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
#include "jobs/byte_size.h"
#include "jobs/duration.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

// Everything that rank 0 has at hand while it answers the user.
struct Context {
  const RunOptions& options;
  const Invocation& invocation;
  const Clock& clock;
  Rank& rank;
  std::vector<Json>& summaries;  // of the loads so far

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

// Prints what the load came to; with --json, a load that is not followed joins the others of its run. The report has
// been written if `path` exists.
Status print_outcome(const Context& context, const Json& report, const fs::path& path) {
  if (context.invocation.json) {
    Json summary = run_summary(report, path);
    if (context.options.follow.on) return print_json_line(summary);
    context.summaries.push_back(std::move(summary));
    return {};
  }
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
  TIPPLE_TRY(Json report, load_report(request.job, warehouse, setup, state, facts));
  if (request.describe) request.describe(report);
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
  context.rank.lost(outcome.workers_lost);
  return outcome.exit_code;
}

Result<int> load_one(const Context& context, const LoadRequest& request) {
  TIPPLE_TRY(std::optional<LoadSession> session, open_session(request, context.rank.ranks()));
  if (session) return run_attempt(context, request, std::move(*session));
  TIPPLE_TRY(const Warehouse warehouse, Warehouse::open(request.job.warehouse, false));
  TIPPLE_RETURN_IF_ERROR(conclude(context, request, warehouse, LoadSetup{}, context.facts("already-published")));
  return 0;
}

Result<int> load_all(const Context& context, const SequenceFactory& make_sequence) {
  TIPPLE_TRY(const std::unique_ptr<LoadSequence> sequence,
             make_sequence(context.options, context.rank.resources().threads, context.clock));
  const auto idle = [&] {
    context.rank.keep_waiting();
    return count_stop_requests().load() == 0;
  };
  while (true) {
    TIPPLE_TRY(const std::optional<LoadRequest> request, sequence->next(idle));
    if (!request) return sequence->stopped() ? exit_code(ErrorKind::kCheckpointed) : 0;
    TIPPLE_TRY(const int code, load_one(context, *request));
    if (code != 0) return code;
    TIPPLE_RETURN_IF_ERROR(sequence->published(*request));
  }
}

// All loads of the run, and the end of the other ranks.
Result<int> coordinate(const Context& context, const SequenceFactory& make_sequence) {
  Result<int> code = load_all(context, make_sequence);
  if (context.invocation.json && !context.summaries.empty())
    TIPPLE_RETURN_IF_ERROR(print_json(joined_summary(context.summaries)));
  // Whatever happened, the others are waiting for a next load.
  context.rank.dismiss(context.clock, code.ok() ? *code : exit_code(code.error().kind));
  if (code.ok()) context.rank.finalize();
  return code;
}

// A rank that only works, load after load. Its exit code matters to the launcher alone: rank 0's is the run's.
int follow(const Context& context) {
  const std::atomic<int>& stops = count_stop_requests();
  while (true) {
    Worker worker = context.rank.worker(context.clock, context.options.strict);
    run_loop(nullptr, worker, context.rank.transport(), stops, {});
    if (!worker.told_to_leave()) return worker.exit_code();
    if (!worker.worked()) break;
  }
  context.rank.finalize();
  return 0;
}

Result<int> run(const RunOptions& options, const Invocation& invocation) {
  if (options.dry_run) {
    TIPPLE_TRY(const JobSpec job, read_job_file(options.target));
    return print_plan(job, options.mode, options.resources, invocation);
  }
  return run_load(
      options, invocation,
      [](const RunOptions& o, unsigned threads, const Clock& clock) -> Result<std::unique_ptr<LoadSequence>> {
        TIPPLE_TRY(JobSpec job, read_job_file(o.target));
        return BatchSequence::open(std::move(job), o.mode, o.follow, threads, clock);
      });
}

}  // namespace

Result<int> run_load(const RunOptions& options, const Invocation& invocation, const SequenceFactory& make_sequence) {
  const std::optional<LauncherPlace> place = launcher_place();
  if (!place && options.resources.ranks > 1)
    return run_under_mpirun(invocation.argc, invocation.argv, options.resources.ranks);
  const SteadyClock clock;
  TIPPLE_TRY(const std::unique_ptr<Rank> rank, Rank::join(place, options.resources));
  std::vector<Json> summaries;
  const Context context{options, invocation, clock, *rank, summaries};
  if (!rank->coordinates()) return follow(context);
  (void)count_stop_requests();
  return coordinate(context, make_sequence);
}

void add_run_options(CLI::App& sub, RunOptions& options) {
  add_resource_options(sub, options.resources);
  sub.add_flag("--strict", options.strict, "Fail (exit 3) on any reject, whatever the job allows");
  sub.add_flag("--quiet", options.quiet, "No progress and no summary; errors only");
}

namespace {

// Flags of micro-batches; each of the limits makes sense with --follow alone.
void add_follow_options(CLI::App& sub, const std::shared_ptr<RunOptions>& options) {
  CLI::Option* follow =
      sub.add_flag("--follow", options->follow.on,
                   "Go on with what streams and folders bring, a version for each batch, until stopped");
  sub.add_option_function<std::string>(
         "--every",
         [options](const std::string& text) {
           const Result<Duration> duration = parse_duration(text);
           if (!duration.ok()) throw CLI::ValidationError("--every", duration.error().to_string());
           options->follow.every = *duration;
         },
         "With --follow: a batch is sealed at the latest after so long, as 500ms, 30s, 5m (default: 10s)")
      ->needs(follow);
  sub.add_option_function<std::uint64_t>(
         "--every-rows", [options](std::uint64_t rows) { options->follow.records = rows; },
         "With --follow: after so many records")
      ->check(CLI::PositiveNumber)
      ->needs(follow);
  sub.add_option_function<std::string>(
         "--every-bytes",
         [options](const std::string& text) {
           const Result<std::uint64_t> bytes = parse_bytes(text);
           if (!bytes.ok()) throw CLI::ValidationError("--every-bytes", bytes.error().to_string());
           if (*bytes == 0) throw CLI::ValidationError("--every-bytes", "must be at least 1");
           options->follow.bytes = *bytes;
         },
         "With --follow: after so many bytes, as 64MiB")
      ->needs(follow);
}

}  // namespace

void add_run(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* sub = add_verb(app, invocation, "run", "Load; goes on with an interrupted load of the same inputs",
                           "tipple run flights.yaml --ranks 2 --memory 1GiB");
  sub->add_option("JOB", options->target, "The job file")->required();
  sub->add_option("--mode", options->mode, "The job's mode (default: full)")->envname("TIPPLE_MODE");
  sub->add_flag("--dry-run", options->dry_run, "Print the plan and stop");
  add_follow_options(*sub, options);
  add_run_options(*sub, *options);
  bind_verb(sub, invocation, options, run);
}

}  // namespace tipple
