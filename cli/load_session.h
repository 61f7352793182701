// One load, as rank 0 sees it: from a job file to an open attempt, ready for the coordinator.
//
// Owner: the run and resume verbs. Thread rule: one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "coordinator/journal.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"
#include "warehouse/load_lock.h"
#include "warehouse/warehouse.h"

namespace tipple {

// What to load: a job in a mode over the inputs that were found.
struct LoadRequest {
  JobSpec job;  // with the tables of this load alone, and all their columns
  ModeSpec mode;
  std::vector<SourceExtents> inputs;   // of the sources that feed these tables
  std::vector<std::string> tables;     // LoadSetup::tables
  std::string columns;                 // LoadSetup::columns
  std::vector<SourceExtents> lookups;  // LoadSetup::lookups
  LoadId load;
  // Adds to the load's report what only whoever asked for it knows; may be empty.
  std::function<void(nlohmann::ordered_json&)> describe;
};

// The job and mode of the newest load that `target` (a job file or a warehouse) left unfinished. Error kUsage if there
// is none.
struct UnfinishedLoad {
  JobSpec job;
  std::string mode;
  LoadId load;
};
[[nodiscard]] Result<UnfinishedLoad> find_unfinished(const std::string& target);

// An attempt that is open: the lock is held, the journal has its first frames.
struct LoadSession {
  Warehouse warehouse;
  LoadLock lock;
  LoadSetup setup;
  LoadState before;  // what earlier attempts achieved
  ChunkPlan plan;
  std::unique_ptr<JournalWriter> journal;
};

// Nothing if this load was published before; what an interrupted publisher left undone is then done.
[[nodiscard]] Result<std::optional<LoadSession>> open_session(const LoadRequest& request, std::uint32_t ranks);

}  // namespace tipple
