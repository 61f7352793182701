// Running a load: what `run` and `resume` share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/invocation.h"
#include "cli/load_sequence.h"
#include "cli/resources.h"

namespace tipple {

struct RunOptions {
  std::string target;  // run: the job file; resume: a job file or a warehouse
  std::string mode;
  ResourceOptions resources;
  bool dry_run = false;
  bool strict = false;
  bool quiet = false;
  FollowOptions follow;
};

// Says what to load; called by rank 0 alone. `threads`: those of its rank.
using SequenceFactory =
    std::function<Result<std::unique_ptr<LoadSequence>>(const RunOptions&, unsigned threads, const Clock& clock)>;

// Starts ranks if --ranks asks for them, joins those that a launcher has started, loads, reports. Gives the exit code.
[[nodiscard]] Result<int> run_load(const RunOptions& options, const Invocation& invocation,
                                   const SequenceFactory& make_sequence);

// --quiet, --strict and the resource flags.
void add_run_options(CLI::App& sub, RunOptions& options);

}  // namespace tipple
