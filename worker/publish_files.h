// The files of a publication: parts moved from staging into place, rejects merged, the ledger of inputs.
//
// Each function may run again after a kill, and ends in the same state. Thread rule: one publisher; two at once do no
// harm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "formats/reject.h"
#include "warehouse/warehouse.h"
#include "worker/publish_plan.h"

namespace tipple {

// What to do about staged files that are not as they were reported.
inline constexpr const char* kStartAgain = "remove the load's folder below _loads and run the load again";

// Checks that each part is staged or in place already, with the size that was reported.
[[nodiscard]] Status check_parts_present(const Warehouse& warehouse, const std::string& table,
                                         const PlannedTable& planned);

// Moves the parts into data/ and makes that durable.
[[nodiscard]] Status move_parts(const Warehouse& warehouse, const std::string& table, const PlannedTable& planned);

// Merges the staged rejects into `_rejects/<load>.parquet`, with lines counted from 1 in their files. Returns the first
// one.
[[nodiscard]] Result<std::optional<Reject>> merge_rejects(const Warehouse& warehouse, const std::string& table,
                                                          LoadId load, const PlannedTable& planned);

// Writes `_inputs/<load>.jsonl.zst`: one line for each file that the table was loaded from.
[[nodiscard]] Status write_inputs(const Warehouse& warehouse, const TableSpec& table, const JobSpec& job, LoadId load,
                                  const ChunkPlan& plan);

}  // namespace tipple
