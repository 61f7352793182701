// One column of a batch as text, value by value: what `export` prints.
//
//   date 2024-02-29    time 23:59:59[.123456]    timestamp 2024-02-29 23:59:59[.123456] (JSON: with T)
//   timestamp_tz 2024-02-29T23:59:59[.123456]Z    decimal exact    float
//   shortest that reads back the same    enum its label
// CSV: null is an empty bare field, an empty text is "". JSON: null is null, and so are infinities and NaN, which JSON
// cannot say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "jobs/data_type.h"

namespace tipple {

enum class TextStyle : std::uint8_t { kCsv, kJson };

class ColumnText {
 public:
  virtual ~ColumnText() = default;
  // Appends the value of `row`, which is not null.
  virtual void append(std::int64_t row, std::string& out) const = 0;
};

// `array` has the Arrow type of `type` (formats/arrow_types.h); both must outlive the result.
[[nodiscard]] std::unique_ptr<ColumnText> column_text(const arrow::Array& array, const DataType& type, TextStyle style);

// A text as a CSV field, in quotes where it needs them, or as a JSON string.
void append_text(std::string_view text, TextStyle style, std::string& out);

}  // namespace tipple
