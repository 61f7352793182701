// What the columns and steps of a table come to: fills TableSpec::output, and finds every mistake that needs no data: unknown columns and
// functions, types that do not fit, steps on columns that were dropped.
//
// Pure. Called by parse_job for tables with declared columns, and again when the columns of an inferred table are known.
#pragma once

#include <string>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

struct TableSchemaMistake {
  enum class Part : std::uint8_t { kColumn, kStep, kCheck, kExpectation } part = Part::kColumn;
  std::size_t index = 0;  // among the table's columns, steps, checks
  std::string what;       // with the position in an expression, and the nearest name
  std::string hint;
};

// All mistakes, in the order of the job file; none: `table.output` is set. Precondition: job.sources are complete.
[[nodiscard]] std::vector<TableSchemaMistake> resolve_table_schema(const JobSpec& job, TableSpec& table);

}  // namespace tipple
