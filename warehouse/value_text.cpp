#include "warehouse/value_text.h"

#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <charconv>
#include <chrono>
#include <cmath>

#include "base/check.h"

namespace tipple {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::size_t kNumberTextMax = 32;

template <typename T>
void append_number(T value, std::string& out) {
  char text[kNumberTextMax];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

// Zero-padded to `width` digits.
void append_padded(std::uint64_t value, std::size_t width, std::string& out) {
  char text[kNumberTextMax];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  const auto length = static_cast<std::size_t>(end - text);
  if (length < width) out.append(width - length, '0');
  out.append(text, end);
}

void append_date(std::int64_t days, std::string& out) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  append_padded(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.day()), 2, out);
}

// Precondition: 0 <= micros < a day.
void append_time(std::int64_t micros, std::string& out) {
  const auto seconds = static_cast<std::uint64_t>(micros / kMicrosPerSecond);
  append_padded(seconds / 3600, 2, out);
  out += ':';
  append_padded(seconds / 60 % 60, 2, out);
  out += ':';
  append_padded(seconds % 60, 2, out);
  if (const std::int64_t fraction = micros % kMicrosPerSecond; fraction != 0) {
    out += '.';
    append_padded(static_cast<std::uint64_t>(fraction), 6, out);
  }
}

void append_csv_text(std::string_view text, std::string& out) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
}

void append_json_text(std::string_view text, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

template <typename Array>
class NumberText final : public ColumnText {
 public:
  NumberText(const arrow::Array& array, TextStyle style) : array_(static_cast<const Array&>(array)), style_(style) {}
  void append(std::int64_t row, std::string& out) const override {
    const auto value = array_.Value(row);
    if constexpr (std::is_floating_point_v<decltype(value)>) {
      if (style_ == TextStyle::kJson && !std::isfinite(value)) {
        out += "null";
        return;
      }
    }
    append_number(value, out);
  }

 private:
  const Array& array_;
  TextStyle style_;
};

class DecimalText final : public ColumnText {
 public:
  DecimalText(const arrow::Array& array, std::uint8_t scale)
      : array_(static_cast<const arrow::Decimal128Array&>(array)), scale_(scale) {}
  void append(std::int64_t row, std::string& out) const override {
    std::string digits = arrow::Decimal128(array_.GetValue(row)).ToIntegerString();
    if (digits.front() == '-') {
      out += '-';
      digits.erase(0, 1);
    }
    if (digits.size() <= scale_) digits.insert(0, scale_ + 1 - digits.size(), '0');
    out.append(digits, 0, digits.size() - scale_);
    if (scale_ == 0) return;
    out += '.';
    out.append(digits, digits.size() - scale_, scale_);
  }

 private:
  const arrow::Decimal128Array& array_;
  std::size_t scale_;
};

class BoolText final : public ColumnText {
 public:
  explicit BoolText(const arrow::Array& array) : array_(static_cast<const arrow::BooleanArray&>(array)) {}
  void append(std::int64_t row, std::string& out) const override { out += array_.Value(row) ? "true" : "false"; }

 private:
  const arrow::BooleanArray& array_;
};

// Dates and times; JSON has them as strings.
template <typename Array>
class TimeText final : public ColumnText {
 public:
  TimeText(const arrow::Array& array, const DataType& type, TextStyle style)
      : array_(static_cast<const Array&>(array)),
        type_(type),
        quote_(style == TextStyle::kJson ? "\"" : ""),
        separator_(style == TextStyle::kCsv && !type.zoned ? ' ' : 'T') {}
  void append(std::int64_t row, std::string& out) const override {
    const std::int64_t value = array_.Value(row);
    out += quote_;
    if (type_.kind == TypeKind::kDate) {
      append_date(value, out);
    } else if (type_.kind == TypeKind::kTime) {
      append_time(value, out);
    } else {
      const std::int64_t micros = (value % kMicrosPerDay + kMicrosPerDay) % kMicrosPerDay;
      append_date((value - micros) / kMicrosPerDay, out);
      out += separator_;
      append_time(micros, out);
      if (type_.zoned) out += 'Z';
    }
    out += quote_;
  }

 private:
  const Array& array_;
  const DataType& type_;
  const char* quote_;
  char separator_;
};

class StringText final : public ColumnText {
 public:
  StringText(const arrow::Array& array, TextStyle style)
      : array_(static_cast<const arrow::StringArray&>(array)), style_(style) {}
  void append(std::int64_t row, std::string& out) const override { append_text(array_.GetView(row), style_, out); }

 private:
  const arrow::StringArray& array_;
  TextStyle style_;
};

class EnumText final : public ColumnText {
 public:
  EnumText(const arrow::Array& array, const DataType& type, TextStyle style)
      : array_(static_cast<const arrow::UInt16Array&>(array)), type_(type), style_(style) {}
  void append(std::int64_t row, std::string& out) const override {
    const std::size_t position = array_.Value(row);
    TIPPLE_CHECK(position < type_.labels.size(), "an enum value without a label");
    append_text(type_.labels[position], style_, out);
  }

 private:
  const arrow::UInt16Array& array_;
  const DataType& type_;
  TextStyle style_;
};

}  // namespace

void append_text(std::string_view text, TextStyle style, std::string& out) {
  if (style == TextStyle::kCsv) {
    append_csv_text(text, out);
  } else {
    append_json_text(text, out);
  }
}

std::unique_ptr<ColumnText> column_text(const arrow::Array& array, const DataType& type, TextStyle style) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return std::make_unique<NumberText<arrow::Int8Array>>(array, style);
    case TypeKind::kInt16:
      return std::make_unique<NumberText<arrow::Int16Array>>(array, style);
    case TypeKind::kInt32:
      return std::make_unique<NumberText<arrow::Int32Array>>(array, style);
    case TypeKind::kInt64:
      return std::make_unique<NumberText<arrow::Int64Array>>(array, style);
    case TypeKind::kUint8:
      return std::make_unique<NumberText<arrow::UInt8Array>>(array, style);
    case TypeKind::kUint16:
      return std::make_unique<NumberText<arrow::UInt16Array>>(array, style);
    case TypeKind::kUint32:
      return std::make_unique<NumberText<arrow::UInt32Array>>(array, style);
    case TypeKind::kUint64:
      return std::make_unique<NumberText<arrow::UInt64Array>>(array, style);
    case TypeKind::kFloat32:
      return std::make_unique<NumberText<arrow::FloatArray>>(array, style);
    case TypeKind::kFloat64:
      return std::make_unique<NumberText<arrow::DoubleArray>>(array, style);
    case TypeKind::kDecimal:
      return std::make_unique<DecimalText>(array, type.scale);
    case TypeKind::kBool:
      return std::make_unique<BoolText>(array);
    case TypeKind::kDate:
      return std::make_unique<TimeText<arrow::Date32Array>>(array, type, style);
    case TypeKind::kTime:
      return std::make_unique<TimeText<arrow::Time64Array>>(array, type, style);
    case TypeKind::kTimestamp:
      return std::make_unique<TimeText<arrow::TimestampArray>>(array, type, style);
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return std::make_unique<StringText>(array, style);
    case TypeKind::kEnum:
      return std::make_unique<EnumText>(array, type, style);
  }
  TIPPLE_CHECK(false, "unknown column type");
}

}  // namespace tipple
