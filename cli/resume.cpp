// `tipple resume`: finishes an interrupted load. `run` does so by itself; this says that there must be one.
#include "cli/loads.h"
#include "cli/run.h"
#include "cli/target.h"

namespace tipple {
namespace {

Result<int> resume(const RunOptions& options, const Invocation& invocation) {
  return run_load(
      options, invocation,
      [](const RunOptions& o, unsigned threads, const Clock& clock) -> Result<std::unique_ptr<LoadSequence>> {
        TIPPLE_TRY(UnfinishedLoad unfinished, find_unfinished(o.target));
        if (unfinished.mode == kReplayMode && !unfinished.job.mode(kReplayMode).ok())
          return usage_error("the load that is interrupted here is a replay", o.target,
                             "`tipple replay JOB` finishes it");
        return BatchSequence::open(std::move(unfinished.job), unfinished.mode, {}, threads, clock, unfinished.load);
      });
}

}  // namespace

void add_resume(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* sub = add_verb(app, invocation, "resume", "Finish an interrupted load, on any number of ranks",
                           "tipple resume warehouse --ranks 2");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  add_run_options(*sub, *options);
  bind_verb(sub, invocation, options, resume);
}

}  // namespace tipple
