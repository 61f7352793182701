// The job as one load sees it: some of its tables (a layer of those that read one another), all of whose columns are
// known.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

// `job` with the named tables only, in the job's order; sources keep their ids. No names: all tables.
[[nodiscard]] JobSpec job_of_tables(JobSpec job, const std::vector<std::string>& tables);

// Does a load find out columns of the table: all of them, or besides the declared ones those of further fields?
[[nodiscard]] bool finds_columns(const TableSpec& table);

// Columns of the tables with columns that were found out, as JSON for LoadSetup::columns; empty if there are no such
// tables.
[[nodiscard]] std::string columns_to_json(const JobSpec& job);
// The inverse: fills in the columns, behind those that the table has, and what the steps make of them. An empty text
// changes nothing.
[[nodiscard]] Status apply_columns(std::string_view json, JobSpec& job);

// Sources whose records become rows of a table of `job`, ascending. The others serve lookups.
[[nodiscard]] std::vector<SourceId> feeding_sources(const JobSpec& job);

}  // namespace tipple
