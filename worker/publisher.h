// Publishing: the one action that makes a load visible. Reads the load's journals, checks conservation, chain and
// quality limits, moves staged parts into data/, commits each table's log entry, refreshes the views, writes inputs and
// rejects.
//
// Idempotent: killed anywhere and run again, by anyone, it ends in the same state. Run by one worker.
#pragma once

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

[[nodiscard]] PublishReport publish_load(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load);

}  // namespace tipple
