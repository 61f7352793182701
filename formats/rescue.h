// What `schema: rescue` keeps: values that do not fit their columns and fields that no column reads, as one JSON object
// a row in the column of jobs/rescued_column.h.
//
//   cells ──► convert_rescuing ──► values, nulls for what does not fit ──► rescue_cells / RescueBuilder ──► objects
//
// A value is rescued if it is of another type, out of range, too long, no label, or bytes that a text cannot have. What
// breaks a record (its shape, its quotes, its size) and a null where none may be rejects it as everywhere. Thread rule:
// a plan is immutable; a builder has one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_column.h"
#include "formats/csv_rule.h"
#include "jobs/job_spec.h"

namespace tipple {

// The position of the column that takes the objects; nothing: the table rescues nothing.
[[nodiscard]] std::optional<std::size_t> rescued_position(const std::vector<ColumnSpec>& columns);

// Appends `text` as a JSON string, valid whatever its bytes: what is no UTF-8 stands there as PostgreSQL writes bytes,
// `\x` and two digits for each.
void append_rescued_text(std::string_view text, std::string& out);
// A field's name as the key of an object, with its colon.
[[nodiscard]] std::string rescued_key(std::string_view name);

// By column of a table: the rows, ascending, whose value did not fit.
using UnfitRows = std::vector<std::vector<std::uint32_t>>;

// Sorts the faults of one column's conversion: values that do not fit, in a column that may be null, become nulls of
// `values` and are added to `unfit`; all others go to `faults`, unless their row has one. Preconditions: `own` are
// faults of this column alone; nobody else holds the buffers of `values`, which start at bit 0; `unfit` is empty.
[[nodiscard]] Status set_unfit_aside(const Column& column, CsvFaults& own, CsvFaults& faults,
                                     std::vector<std::uint32_t>& unfit, arrow::ArrayData& values,
                                     arrow::MemoryPool* pool);

// `converter`'s answer with what does not fit set aside.
[[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> convert_rescuing(const CsvColumn& converter,
                                                                         const Column& column, const CsvCells& cells,
                                                                         CsvFaults& faults,
                                                                         std::vector<std::uint32_t>& unfit,
                                                                         arrow::MemoryPool* pool);

// The objects of one block, row by row.
class RescueBuilder {
 public:
  // A field of row `row`; rows ascend. Its value, as JSON, is to be appended to the answer before the next call.
  [[nodiscard]] std::string& add(std::size_t row, std::string_view key);
  // The column, with `rows` rows. An object beyond limits::kFieldBytesMax is a fault of its row. Error: out of memory,
  // or more text than a batch can have.
  [[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> finish(std::size_t rows, std::uint32_t column,
                                                                 CsvFaults& faults, arrow::MemoryPool* pool);

 private:
  struct Object {
    std::size_t row = 0;
    std::size_t begin = 0;
    bool too_long = false;
  };
  void end_object();
  void check_length();

  std::string text_;
  std::string spare_;  // takes what no object has room for
  std::vector<Object> objects_;
};

// Which fields of a source with names for them a table may have to rescue.
struct RescuePlan {
  struct Field {
    std::uint32_t position = 0;          // in the source
    std::string key;                     // rescued_key of its name
    std::vector<std::uint32_t> columns;  // the nullable ones that read it; none: every value of it is rescued
  };
  std::uint32_t column = 0;   // the position of the column that takes the objects
  std::vector<Field> fields;  // in the source's order
};

// Nothing if `columns` rescue nothing. `fields`: the source's.
[[nodiscard]] std::optional<RescuePlan> plan_rescue(const std::vector<ColumnSpec>& columns,
                                                    const std::vector<std::string>& fields);

// The objects of a block of text. `dialect`: its quotes, and the texts that mean null, which are left out. `cells_of`:
// the cells of plan.fields[k], asked for only where they are needed; they must remain until the end.
[[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> rescue_cells(
    const RescuePlan& plan, const UnfitRows& unfit, const CsvDialect& dialect,
    const std::function<CsvCells(std::size_t k)>& cells_of, std::size_t rows, CsvFaults& faults,
    arrow::MemoryPool* pool);

}  // namespace tipple
