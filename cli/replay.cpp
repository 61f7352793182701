// `tipple replay`: loads the unresolved rejects again, after the job or the data was corrected.
#include <memory>

#include <fmt/format.h>

#include "cli/output.h"
#include "cli/replay_sequence.h"
#include "cli/run.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

struct ReplayOptions {
  RunOptions run;
  ReplayChoice choice;
};

// Says so when there was nothing to load; loads have spoken for themselves.
Status print_nothing_loaded(const ReplayOptions& options, const ReplayOutcome& outcome, const Invocation& invocation) {
  const bool before = !outcome.finished.empty();
  if (invocation.json) {
    Json document{{"outcome", before ? "already-published" : "nothing-to-replay"},
                  {"mode", "replay"},
                  {"tables", Json::object()}};
    if (before) document["load_id"] = outcome.finished.back().to_hex();
    return print_json(document);
  }
  if (options.run.quiet) return {};
  if (before)
    return print_text(
        fmt::format("already published by load {}; its rejects are resolved\n", outcome.finished.back().to_hex()));
  return print_text("no unresolved rejects\n");
}

Result<int> replay(const ReplayOptions& options, const Invocation& invocation) {
  ReplayOutcome outcome;
  const auto make_sequence = [&](const RunOptions& run, unsigned,
                                 const Clock&) -> Result<std::unique_ptr<LoadSequence>> {
    TIPPLE_TRY(JobSpec job, read_job_file(run.target));
    return ReplaySequence::open(std::move(job), options.choice, outcome);
  };
  TIPPLE_TRY(const int code, run_load(options.run, invocation, make_sequence));
  if (code == 0 && outcome.coordinated && outcome.requests == 0)
    TIPPLE_RETURN_IF_ERROR(print_nothing_loaded(options, outcome, invocation));
  return code;
}

}  // namespace

void add_replay(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* sub =
      add_verb(app, invocation, "replay", "Load rejected records again, after the job or the data was corrected",
               "tipple replay flights.yaml --table flights");
  sub->add_option("JOB", options->run.target, "The job file")->required();
  sub->add_option("--table", options->choice.table, "Only this table");
  sub->add_option("--load", options->choice.load, "Only rejects of this load (the id's first digits will do)");
  CLI::Option* input =
      sub->add_option("--input", options->choice.input,
                      "A file of corrected records, of the source's format, that stands for the unresolved ones");
  sub->add_option("--drop", options->choice.dropped, "With --input: so many records are given up and not in the file")
      ->needs(input);
  add_run_options(*sub, options->run);
  bind_verb(sub, invocation, options, replay);
}

}  // namespace tipple
