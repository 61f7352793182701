// ListFiles: the files of a lookup source, whole. Listing folders is not the worker's to know; whoever makes it says
// how.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"

namespace tipple {

using ListFiles = std::function<Result<std::vector<TaskSegment>>(const JobSpec& job, SourceId source)>;

}  // namespace tipple
