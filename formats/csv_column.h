// One column of a block: CSV fields to an Arrow array. A converter is chosen once per column (make_csv_column) and
// writes straight into buffers of the pool; a field that cannot be loaded is put down in CsvFaults and leaves a zero or
// empty slot.
//
// Thread rule: a CsvColumn is immutable; convert() may run on many threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_field.h"
#include "formats/csv_rule.h"
#include "formats/time_format.h"
#include "jobs/job_spec.h"

namespace tipple {

// Where one column's fields stand in a block: field `row` is [begin(row), end(row)). A view into the index or into a
// copy of it. 32 bytes past each field may be read.
struct CsvCells {
  const char* block = nullptr;
  const std::uint32_t* ends = nullptr;  // ends[row * stride]: position before the field; the next one: its end
  std::size_t stride = 0;
  std::size_t rows = 0;

  // Wraps from the "position before" the block's first byte to 0.
  [[nodiscard]] std::uint32_t begin(std::size_t row) const { return ends[row * stride] + 1; }
  [[nodiscard]] std::uint32_t end(std::size_t row) const { return ends[row * stride + 1]; }
};

class CsvColumn {
 public:
  virtual ~CsvColumn() = default;
  // rows == cells.rows == faults.rows(). Error: out of memory.
  [[nodiscard]] virtual Result<std::shared_ptr<arrow::ArrayData>> convert(const CsvCells& cells, CsvFaults& faults,
                                                                          arrow::MemoryPool* pool) const = 0;
};

// `position`: of the column in its table.
[[nodiscard]] std::unique_ptr<CsvColumn> make_csv_column(const CsvDialect& dialect, const Column& column,
                                                         std::uint32_t position);
// The same for a column whose dates or times are written in a format of their own. Errors: kUsage,
// TimeFormat::compile's.
[[nodiscard]] Result<std::unique_ptr<CsvColumn>> make_csv_column(const CsvDialect& dialect, const ColumnSpec& spec,
                                                                 std::uint32_t position);
// make_csv_column's parts, by what the values look like in memory.
[[nodiscard]] std::unique_ptr<CsvColumn> make_csv_number_column(const CsvDialect& dialect, const Column& column,
                                                                std::uint32_t position);
[[nodiscard]] std::unique_ptr<CsvColumn> make_csv_string_column(const CsvDialect& dialect, const Column& column,
                                                                std::uint32_t position);

[[nodiscard]] std::unique_ptr<CsvColumn> make_formatted_time_column(const CsvDialect& dialect, const Column& column,
                                                                    std::uint32_t position, TimeFormat format);

// Which way plain numbers are read. Forcing the portable one is for tests and benchmarks; it holds for the process.
[[nodiscard]] bool csv_numbers_use_avx2();
void force_portable_csv_numbers(bool on);

// What every column has: name, type, null rule, and the words for its faults.
class CsvColumnBase : public CsvColumn {
 protected:
  CsvColumnBase(const CsvDialect& dialect, const Column& column, std::uint32_t position)
      : reader_(dialect), nulls_(dialect.null_texts), column_(column), position_(position) {}

  void add_fault(CsvFaults& faults, std::size_t row, const CsvVerdict& verdict, std::string_view text) const {
    if (faults.is_bad(row)) return;
    faults.add(static_cast<std::uint32_t>(row), position_, verdict.rule, csv_reason(verdict, text, column_.type));
  }

  CsvFieldReader reader_;
  CsvNullTexts nulls_;
  Column column_;
  std::uint32_t position_;
};

// A buffer of `bytes` bytes.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> allocate_buffer(std::int64_t bytes, arrow::MemoryPool* pool);

// A validity bitmap that is only made when the first null shows up.
class CsvValidity {
 public:
  CsvValidity(std::size_t rows, arrow::MemoryPool* pool) : rows_(rows), pool_(pool) {}
  void set_null(std::size_t row) {
    if (bits_ == nullptr && !allocate()) return;
    bits_[row / 8] = static_cast<std::uint8_t>(bits_[row / 8] & ~(1U << (row % 8)));
    ++nulls_;
  }
  // Out of memory, if it was.
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const std::shared_ptr<arrow::Buffer>& buffer() const { return buffer_; }
  [[nodiscard]] std::int64_t nulls() const { return nulls_; }

 private:
  bool allocate();

  std::size_t rows_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::Buffer> buffer_;
  std::uint8_t* bits_ = nullptr;
  std::int64_t nulls_ = 0;
  Status status_;
};

}  // namespace tipple
