// The inputs of a load as rank 0 finds them: files of the sources, with what only formats/ can say of them, and parts
// of the tables that other tables read.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// Files of the sources that feed a table, one entry for each source of the job; streams, tables and sources of lookups
// alone have none.
[[nodiscard]] Result<std::vector<SourceExtents>> list_feeding_inputs(const JobSpec& job);
// Likewise, for a job that is followed: files may be missing yet.
[[nodiscard]] Result<std::vector<SourceExtents>> list_followed_inputs(const JobSpec& job);

// Fills in the parts of tables that feed tables of `job`, in row order: all of the newest version; with `write: append`
// and a table that this run has loaded (`loads`: table -> load), the parts that its load added. Errors: kUsage, a table
// that has no version yet.
[[nodiscard]] Status list_table_inputs(const JobSpec& job, const ModeSpec& mode,
                                       const std::vector<std::pair<std::string, LoadId>>& loads,
                                       std::vector<SourceExtents>& inputs);

// Files of the sources that lookups and foreign keys of `job` read, and parts of the tables' newest versions:
// LoadSetup::lookups. Errors also for more files than a message can name.
[[nodiscard]] Result<std::vector<SourceExtents>> list_lookups(const JobSpec& job);

// The load's id: what feeds it, and what its lookups read.
[[nodiscard]] LoadId load_id(const JobSpec& job, std::string_view mode, std::vector<SourceExtents> inputs,
                             const std::vector<SourceExtents>& lookups, const std::vector<std::string>& tables);

}  // namespace tipple
