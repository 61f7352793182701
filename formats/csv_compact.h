// Taking rejected rows out of a column, and rescued values, in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_rule.h"

namespace tipple {

// Rows [begin, end) that stay.
struct CsvRowRun {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The maximal runs of rows without a fault, in order.
[[nodiscard]] std::vector<CsvRowRun> good_runs(const CsvFaults& faults);

// Keeps the rows of `runs` in a column that make_csv_column() made and nobody else holds.
void keep_runs(const std::vector<CsvRowRun>& runs, arrow::ArrayData& column);

// Makes `rows` (ascending, none of them null) null in such a column: nothing of their values is left. Error: out of
// memory.
[[nodiscard]] Status null_rows(const std::vector<std::uint32_t>& rows, arrow::ArrayData& column,
                               arrow::MemoryPool* pool);

}  // namespace tipple
