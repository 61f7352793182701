// The numbers of a table whose steps end in `number`: 1, 2, 3, ... in row order, written into the load's parts when the
// rows of all of them are known, before the parts are moved and committed.
//
// A load that replaces the table begins at `start`, always: its parts are numbered in place, however often. One that
// appends goes on after the table's last number, which another load may raise before this one is committed. So the
// first number that was ever written into the parts is kept beside the journals (_loads/<load>/numbers-<table>): while
// it stands, parts are numbered in place, and a publisher that was thought dead writes the same bytes; with another one
// they are copied, under names that tell the number. No part that a log names is ever written to with other bytes.
//
// Thread rule: one publisher; two at once do no harm.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"
#include "worker/publish_plan.h"
#include "worker/publisher.h"

namespace tipple {

struct NumberedTable {
  PlannedTable planned;  // with the parts as they are now: hashes, digests, statistics, names
  std::optional<std::uint64_t>
      only_as;  // CommitOptions::only_as: the version that the numbers go on from is older by one
};

// Reads each part once to number and hash it and once, decoded, for its content digest. Idempotent. Parts are worked on
// at once, a thread each, as far as the memory goes. Precondition: the table has a numbered column (numbered_column()).
// Errors: kUsage if numbers would pass 2^63 - 1 or the table's column has none; kEnvironment, also for parts that are
// not as they were reported.
[[nodiscard]] Result<NumberedTable> number_table(const Warehouse& warehouse, const TableSpec& table,
                                                 const PlannedTable& planned, WriteMode write, const LoadSetup& load,
                                                 const PublishResources& resources);

}  // namespace tipple
