// What publishing a load comes to, worked out from its journals before anything is touched: the last check of
// promise 1.
//
// Pure. An imbalance is our bug; nothing is published then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/journal.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

struct PlannedPart {
  StagedPart staged;
  std::string path;  // relative to the table's folder: data/part-<load>-<chunk>.h5 or .parquet
};

struct PlannedRejects {
  std::string staged;           // relative to the warehouse
  std::uint64_t line_base = 1;  // added to the lines of its rejects
};

struct PlannedTable {
  TableId table;
  RowAccount rows;
  std::vector<PlannedPart> parts;             // in row order: by the table's sources, then by chunk
  std::vector<PlannedRejects> rejects;        // likewise
  std::vector<std::uint64_t> check_failures;  // rows that failed each of the table's checks
  [[nodiscard]] bool over_limit(const RejectLimits& limits) const;
  // The first check that more rows failed than its own limits allow.
  [[nodiscard]] std::optional<std::size_t> failed_check(const std::vector<CheckSpec>& checks) const;
};

struct PublishPlan {
  ChunkPlan chunks;
  std::vector<PlannedTable> tables;  // all of the job's, in its order
  bool complete = false;             // every chunk was accepted; otherwise the load was given up because of its rejects
};

// Checks that the accepted reports tile the input (each chunk once, record ranges chained within each file) and that
// each table's rows are conserved. Incomplete states are allowed only when a table is over its limit of rejects
// already. Errors: kEnvironment, beginning with "bug: ".
[[nodiscard]] Result<PublishPlan> plan_publish(const JobSpec& job, const LoadState& state, LoadId load);

// rejected > max(max_rows, max_percent / 100 * rows_in) is too many.
[[nodiscard]] std::uint64_t rejects_allowed(const RejectLimits& limits, std::uint64_t rows_in);

}  // namespace tipple
