// How a table's columns grow when a load brings other ones: union by name, wider types, null where a part has no such
// column.
//
// Widening is exact: every value of the narrower type is one of the wider. docs/warehouse.md has the table of types.
// Thread rule: pure functions.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/column_stats.h"
#include "jobs/data_type.h"
#include "jobs/job_spec.h"

namespace tipple {

// The narrowest type that holds all values of both; nothing if there is none. Symmetric but for the order of an enum's
// labels.
[[nodiscard]] std::optional<DataType> widen_type(const DataType& table, const DataType& load);

// The table's columns in their order, then the load's new ones. Nullable: what either allows to be null, or does not
// have. Error kUsage, naming the column, where no type holds both.
[[nodiscard]] Result<Schema> widen_schema(const Schema& table, const Schema& load);

// Refuses (kUsage) what parts of `format` cannot show as `wider`: the one-file view of HDF5 parts converts numbers and
// widths, but neither layouts nor scales. Precondition: `wider` is a widening of `part`.
[[nodiscard]] Status check_shown_as(const Schema& part, const Schema& wider, PartFormat format);

// Statistics of a part's columns, of one schema, as those of a wider one: a column that the part lacks is all null.
[[nodiscard]] std::vector<ColumnStats> widen_stats(const std::vector<ColumnStats>& columns, const Schema& part,
                                                   const Schema& wider, std::uint64_t rows);

// `array` (of arrow_type(from)) as one of arrow_type(to). Precondition: `to` is `from` or a widening of it.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> widen_array(const std::shared_ptr<arrow::Array>& array,
                                                                const DataType& from, const DataType& to);

}  // namespace tipple
