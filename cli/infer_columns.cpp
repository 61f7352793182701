#include "cli/infer_columns.h"

#include <algorithm>

namespace tipple {

Result<JobSpec> infer_columns(JobSpec job, const std::vector<SourceExtents>&, unsigned) {
  const bool any = std::any_of(job.tables.begin(), job.tables.end(), [](const TableSpec& table) { return table.inferred; });
  if (any) return usage_error("a table has no columns", job.file.string(), "name them under 'columns'");
  return job;
}

}  // namespace tipple
