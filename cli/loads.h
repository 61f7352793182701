// The loads of a warehouse, as their journals and the tables' logs tell: what `status`, `resume`, `report` and
// `rejects` choose from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "coordinator/journal.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct LoadSummary {
  LoadId load;
  std::filesystem::path folder;
  std::int64_t updated_ms = 0;              // when the newest attempt's journal was last written
  LoadState state;                          // all attempts together; empty if `damage`
  std::optional<Error> damage;              // the journal cannot be read
  std::optional<JournalClosed> last_close;  // of the newest attempt; absent if it was killed or still runs
  bool published = false;

  // "published", "failed" (a quality limit), "checkpointed", "interrupted", "damaged".
  [[nodiscard]] std::string_view outcome() const;
  // Would another attempt go on with it?
  [[nodiscard]] bool unfinished() const;
};

// Newest first. A load folder without a whole journal frame is left out: nothing had begun.
[[nodiscard]] Result<std::vector<LoadSummary>> list_loads(const Warehouse& warehouse);

// The job that a load's journal carries, as that load sees it (jobs/load_job.h). Error kUsage if its text does not
// parse (made by another version).
[[nodiscard]] Result<JobSpec> journaled_job(const LoadSetup& load);
// Loads of `tipple replay` have a mode of their own, which is none of the job's own: it appends, and whatever is
// rejected again was allowed before. Columns may widen, since a type that was too narrow is what records are rejected
// for.
inline constexpr const char* kReplayMode = "replay";
void make_replay_job(JobSpec& job);
// Likewise with all of its tables, those without columns as the job file has them.
[[nodiscard]] Result<JobSpec> whole_job(const LoadSetup& load);

// Picks the load named by (a beginning of) `id`, or the newest if `id` is empty. Error kUsage naming the known ones.
[[nodiscard]] Result<const LoadSummary*> pick_load(const std::vector<LoadSummary>& loads, const std::string& id);

}  // namespace tipple
