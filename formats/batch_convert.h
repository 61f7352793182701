// The columns of a BatchConverter: one cast for each, from an Arrow array of any type to the declared one.
//
// A cast never throws a value away silently: what the declared type cannot hold exactly is a fault of its row. The one
// exception is float64 to float32, which rounds to nearest as it does from text. Thread rule: casts are immutable;
// cast() may run on many threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_rule.h"
#include "jobs/job_spec.h"

namespace tipple {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;

class ColumnCast {
 public:
  virtual ~ColumnCast() = default;
  // in.length == faults.rows(). The answer may share buffers with `in`. A row with a fault has any value.
  [[nodiscard]] virtual Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults,
                                                  arrow::MemoryPool* pool) const = 0;
};

// What a cast makes: `position` among the table's columns, for its faults; `format`: how texts write dates and times
// (formats/time_format.h), which compiles for this column's type, or empty.
struct CastTarget {
  Column column;
  std::uint32_t position = 0;
  std::string format;
};

// Null: no value of `from` is one of the declared type.
[[nodiscard]] std::unique_ptr<ColumnCast> make_column_cast(const arrow::DataType& from, const CastTarget& to);

// make_column_cast's parts, by what they read. Null: not theirs, or impossible.
[[nodiscard]] std::unique_ptr<ColumnCast> make_number_cast(const arrow::DataType& from, const CastTarget& to);
[[nodiscard]] std::unique_ptr<ColumnCast> make_decimal_cast(const arrow::DataType& from, const CastTarget& to);
[[nodiscard]] std::unique_ptr<ColumnCast> make_time_cast(const arrow::DataType& from, const CastTarget& to);
// By the value's text: everything to strings, texts to everything.
[[nodiscard]] std::unique_ptr<ColumnCast> make_text_cast(const arrow::DataType& from, const CastTarget& to);
[[nodiscard]] std::unique_ptr<ColumnCast> make_dictionary_cast(const arrow::DictionaryType& from, const CastTarget& to);

// Words for a value: what a string column gets and what a reject quotes. Texts as they are, numbers in the fewest
// digits that read back the same, times in ISO 8601, lists, structs and maps as JSON. Stops soon after
// limits::kFieldBytesMax. Precondition: not null.
void append_value_text(const arrow::Array& array, std::int64_t row, std::string& out);
// The same as a JSON value; null is null.
void append_value_json(const arrow::Array& array, std::int64_t row, std::string& out);
void append_json_text(std::string_view text, std::string& out);

// What casts have in common: name, type, null rule, and the words for faults.
class ColumnCastBase : public ColumnCast {
 protected:
  struct Nulls {
    std::shared_ptr<arrow::Buffer> validity;  // from bit 0
    std::int64_t count = 0;
  };

  explicit ColumnCastBase(const CastTarget& to);

  void reject_nulls(const arrow::ArrayData& in, CsvFaults& faults) const;
  // The validity of the answer; in a column that is not nullable each null is a fault.
  [[nodiscard]] Result<Nulls> take_nulls(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const;
  void add_fault(CsvFaults& faults, std::size_t row, const CsvVerdict& verdict, std::string_view text) const;
  void add_fault(CsvFaults& faults, std::size_t row, const CsvVerdict& verdict, const arrow::Array& in) const;
  // `in` itself under the declared type, nothing copied. Precondition: `in` has that type's layout.
  [[nodiscard]] ArrayDataPtr share_values(const arrow::ArrayData& in, CsvFaults& faults) const;
  // New values in the declared type's layout, booleans excepted.
  [[nodiscard]] ArrayDataPtr make_data(const arrow::ArrayData& in, std::shared_ptr<arrow::Buffer> values,
                                       Nulls nulls) const;

  CastTarget to_;
  std::shared_ptr<arrow::DataType> arrow_type_;
};

// True if row `row` of `in` is not null.
[[nodiscard]] inline bool is_valid_row(const arrow::ArrayData& in, std::size_t row) {
  if (in.buffers[0] == nullptr) return true;
  const std::size_t bit = static_cast<std::size_t>(in.offset) + row;
  return (in.buffers[0]->data()[bit / 8] >> (bit % 8) & 1) != 0;
}

// Bytes 0 and 1 as bits.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> pack_bits(const std::uint8_t* bytes, std::size_t rows,
                                                               arrow::MemoryPool* pool);

// Rows of `column` at `positions`, in that order: for what a dictionary decodes to. Any type a table has.
[[nodiscard]] Result<ArrayDataPtr> gather_rows(const arrow::ArrayData& column,
                                               const std::vector<std::uint32_t>& positions, arrow::MemoryPool* pool);

}  // namespace tipple
