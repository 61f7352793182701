// The inputs of a load as rank 0 finds them: files of the sources, with what only formats/ can say of them, and parts
// of the tables that other tables read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// Files of all sources; streams and tables have none.
[[nodiscard]] Result<std::vector<SourceExtents>> list_all_inputs(const JobSpec& job);
// Likewise, for a source that is followed: files may be missing yet.
[[nodiscard]] Result<std::vector<SourceExtents>> list_followed_inputs(const JobSpec& job);

// Fills in the parts of tables that sources of `job` read, in row order: all of the newest version; with `write:
// append` and a table that this run has loaded (`loads`: table -> load), the parts that its load added. Errors: kUsage,
// a table that has no version yet.
[[nodiscard]] Status list_table_inputs(const JobSpec& job, const ModeSpec& mode,
                                       const std::vector<std::pair<std::string, LoadId>>& loads,
                                       std::vector<SourceExtents>& inputs);

// The files of one source, to be read whole by each rank: a lookup's.
[[nodiscard]] Result<std::vector<TaskSegment>> list_lookup_files(const JobSpec& job, SourceId source);

}  // namespace tipple
