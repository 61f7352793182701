// Columns that tables do not declare: found out over the whole input before the load begins. Of a table without
// `columns` all of them; of one that evolves those of the fields that none of its columns reads, behind these.
#pragma once

#include <vector>

#include "base/result.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// `job` with TableSpec::columns and `output` of such tables filled in: a function of the input alone. Reads all of
// `inputs` that they take, on up to `threads` threads; does nothing for a job without such tables.
[[nodiscard]] Result<JobSpec> infer_columns(JobSpec job, const std::vector<SourceExtents>& inputs, unsigned threads);

}  // namespace tipple
