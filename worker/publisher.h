// Publishing: the one action that makes a load visible. Reads the load's journals, checks conservation, chain and
// quality limits, numbers rows, moves staged parts into data/, commits each table's log entry, refreshes the views,
// writes inputs and rejects.
//
// Idempotent: killed anywhere and run again, by anyone, it ends in the same state. Run by one worker.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

// What numbering rows may use; the rest of publishing takes one thread and next to no memory.
struct PublishResources {
  std::uint32_t threads = 1;
  std::uint64_t memory_bytes = 0;  // for row groups that are read back; one at a time whatever it says
};

[[nodiscard]] PublishReport publish_load(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load,
                                         const PublishResources& resources = {});

}  // namespace tipple
