// Columns of tables that declare none: found out over the whole input before the load begins.
#pragma once

#include <vector>

#include "base/result.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// `job` with TableSpec::columns and `output` of its inferred tables filled in: a function of the input alone. Reads all
// of `inputs` that such tables take, on up to `threads` threads; does nothing for a job without such tables.
[[nodiscard]] Result<JobSpec> infer_columns(JobSpec job, const std::vector<SourceExtents>& inputs, unsigned threads);

}  // namespace tipple
