// The column in which a table's rows are numbered (NumberStep): the last one, which nobody knows before all rows of a
// load are counted.
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "jobs/job_spec.h"

namespace tipple {

struct NumberedColumn {
  std::uint32_t position = 0;  // in the table's schema
  std::string name;
  std::int64_t start = 1;  // of the first row in a table that has no numbers yet
};

// Nothing if the table's steps do not end in `number`. Precondition: the table's schema is resolved.
[[nodiscard]] std::optional<NumberedColumn> numbered_column(const TableSpec& table);

}  // namespace tipple
