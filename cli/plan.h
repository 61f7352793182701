// The plan of a load: its chunks, phases, and predicted time and memory. Stats the inputs, reads none.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/invocation.h"
#include "cli/resources.h"
#include "jobs/job_spec.h"

namespace tipple {

// What `plan` and `run --dry-run` print.
[[nodiscard]] Result<int> print_plan(const JobSpec& job, const std::string& mode_name, const ResourceOptions& resources,
                                     const Invocation& invocation);

}  // namespace tipple
