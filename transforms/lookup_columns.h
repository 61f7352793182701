// Which columns of a lookup source are read, and as what: one list for each source over all tables of the job, so that
// it is read once.
#pragma once

#include <string>
#include <vector>

#include "jobs/job_spec.h"
#include "jobs/table_schema.h"

namespace tipple {

// A field as one user of it wants it.
struct LookupField {
  std::string field;
  DataType type;
  friend bool operator==(const LookupField&, const LookupField&) = default;
};

// Of one step or check: its key columns, then what it takes. `input`: the schema in front of it.
[[nodiscard]] std::vector<LookupField> lookup_fields(const LookupStep& step, const Schema& input);
[[nodiscard]] std::vector<LookupField> lookup_fields(const CheckSpec& check, const Schema& input);

// The table's columns after their expressions, and behind each of its steps: steps.size() + 1 of them.
[[nodiscard]] std::vector<Schema> step_schemas(const TableSpec& table);

// All of them for `source`, each once, in the order of the job file.
[[nodiscard]] std::vector<LookupField> lookup_fields(const JobSpec& job, SourceId source);

}  // namespace tipple
