// The audit before a table is published: what the whole table would be is held against the job's expectations. Sums are
// read from the parts, and only where one is expected, so that a load without expectations pays nothing.
//
// Touches nothing. Thread rule: stateless.
#pragma once

#include "base/result.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"
#include "worker/publish_plan.h"

namespace tipple {

// Error kQuality naming the expectation, what was found and what was wanted. With WriteMode::kAppend the rows that the
// table has already count, too.
[[nodiscard]] Status audit_table(const Warehouse& warehouse, const TableSpec& table, const PlannedTable& planned,
                                 WriteMode write);

}  // namespace tipple
