// append_value_text and append_value_json (formats/batch_convert.h): any value of any Arrow type in words.
#include <charconv>
#include <string>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include "base/limits.h"
#include "formats/batch_convert.h"
#include "formats/csv_time.h"

namespace tipple {
namespace {

template <typename T>
void append_number(T value, std::string& out) {
  char text[64];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

bool is_full(const std::string& out) { return out.size() > limits::kFieldBytesMax; }

// YYYY-MM-DD; days outside of the years 1 to 9999 as the number that they are.
void append_day(std::int64_t days, std::string& out) {
  if (days < days_from_civil(1, 1, 1) || days > days_from_civil(9999, 12, 31)) {
    out += fmt::format("day {}", days);
    return;
  }
  // The year by its mean length, and one step back where that is late.
  auto year = static_cast<std::uint32_t>((days + kEpochDays) * 400 / 146'097 + 1);
  if (days_from_civil(year, 1, 1) > days) --year;
  if (year < 9999 && days_from_civil(year + 1, 1, 1) <= days) ++year;
  std::uint32_t month = 12;
  while (days_from_civil(year, month, 1) > days) --month;
  out += fmt::format("{:04}-{:02}-{:02}", year, month, days - days_from_civil(year, month, 1) + 1);
}

std::int64_t per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      return 1'000'000'000;
  }
  TIPPLE_CHECK(false, "unknown time unit");
}

// HH:MM:SS and a fraction, if there is one, without zeros at its end. Precondition: 0 <= value < a day.
void append_clock(std::int64_t value, arrow::TimeUnit::type unit, std::string& out) {
  const std::int64_t units = per_second(unit);
  const std::int64_t seconds = value / units;
  out += fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  std::int64_t fraction = value % units;
  if (fraction == 0) return;
  out += '.';
  for (std::int64_t digit = units / 10; fraction > 0; digit /= 10) {
    out += static_cast<char>('0' + fraction / digit);
    fraction %= digit;
  }
}

void append_time(std::int64_t value, arrow::TimeUnit::type unit, std::string& out) {
  if (value < 0 || value / kSecondsPerDay >= per_second(unit)) {
    append_number(value, out);
  } else {
    append_clock(value, unit, out);
  }
}

void append_timestamp(std::int64_t value, const arrow::TimestampType& type, std::string& out) {
  const std::int64_t per_day = per_second(type.unit()) * kSecondsPerDay;
  std::int64_t days = value / per_day;
  if (value % per_day < 0) --days;
  append_day(days, out);
  out += ' ';
  append_clock((value % per_day + per_day) % per_day, type.unit(), out);
  if (!type.timezone().empty()) out += 'Z';
}

void append_items(const arrow::Array& items, std::int64_t begin, std::int64_t end, std::string& out) {
  out += '[';
  for (std::int64_t i = begin; i < end && !is_full(out); ++i) {
    if (i > begin) out += ',';
    append_value_json(items, i, out);
  }
  out += ']';
}

// Keys that are texts make an object, others a list of [key, value].
void append_map(const arrow::MapArray& map, std::int64_t row, std::string& out) {
  const auto& keys = *map.keys();
  const bool object = arrow::is_base_binary_like(keys.type_id());
  out += object ? '{' : '[';
  const std::int64_t begin = map.value_offset(row);
  for (std::int64_t i = begin; i < begin + map.value_length(row) && !is_full(out); ++i) {
    if (i > begin) out += ',';
    if (!object) out += '[';
    append_value_json(keys, i, out);
    out += object ? ':' : ',';
    append_value_json(*map.items(), i, out);
    if (!object) out += ']';
  }
  out += object ? '}' : ']';
}

void append_struct(const arrow::StructArray& fields, std::int64_t row, std::string& out) {
  out += '{';
  for (int i = 0; i < fields.num_fields() && !is_full(out); ++i) {
    if (i > 0) out += ',';
    append_json_text(fields.struct_type()->field(i)->name(), out);
    out += ':';
    append_value_json(*fields.field(i), row, out);
  }
  out += '}';
}

template <typename T>
const T& as(const arrow::Array& array) {
  return static_cast<const T&>(array);
}

// A float that JSON has no number for is a text there.
template <typename T>
void append_float(T value, bool json, std::string& out) {
  const bool quoted = json && !(value - value == 0);
  if (quoted) out += '"';
  append_number(value, out);
  if (quoted) out += '"';
}

// Numbers and booleans: the same in JSON. False: another type.
bool append_plain(const arrow::Array& array, std::int64_t row, bool json, std::string& out) {
  using arrow::Type;
  switch (array.type_id()) {
    case Type::BOOL:
      out += as<arrow::BooleanArray>(array).Value(row) ? "true" : "false";
      return true;
    case Type::INT8:
      append_number(as<arrow::Int8Array>(array).Value(row), out);
      return true;
    case Type::INT16:
      append_number(as<arrow::Int16Array>(array).Value(row), out);
      return true;
    case Type::INT32:
      append_number(as<arrow::Int32Array>(array).Value(row), out);
      return true;
    case Type::INT64:
      append_number(as<arrow::Int64Array>(array).Value(row), out);
      return true;
    case Type::UINT8:
      append_number(as<arrow::UInt8Array>(array).Value(row), out);
      return true;
    case Type::UINT16:
      append_number(as<arrow::UInt16Array>(array).Value(row), out);
      return true;
    case Type::UINT32:
      append_number(as<arrow::UInt32Array>(array).Value(row), out);
      return true;
    case Type::UINT64:
      append_number(as<arrow::UInt64Array>(array).Value(row), out);
      return true;
    case Type::DURATION:
      append_number(as<arrow::DurationArray>(array).Value(row), out);
      return true;
    case Type::HALF_FLOAT:
      append_float(arrow::util::Float16::FromBits(as<arrow::HalfFloatArray>(array).Value(row)).ToFloat(), json, out);
      return true;
    case Type::FLOAT:
      append_float(as<arrow::FloatArray>(array).Value(row), json, out);
      return true;
    case Type::DOUBLE:
      append_float(as<arrow::DoubleArray>(array).Value(row), json, out);
      return true;
    case Type::DECIMAL32:
      out += as<arrow::Decimal32Array>(array).FormatValue(row);
      return true;
    case Type::DECIMAL64:
      out += as<arrow::Decimal64Array>(array).FormatValue(row);
      return true;
    case Type::DECIMAL128:
      out += as<arrow::Decimal128Array>(array).FormatValue(row);
      return true;
    case Type::DECIMAL256:
      out += as<arrow::Decimal256Array>(array).FormatValue(row);
      return true;
    default:
      return false;
  }
}

// Times: in JSON a text. False: another type.
bool append_any_time(const arrow::Array& array, std::int64_t row, std::string& out) {
  using arrow::Type;
  switch (array.type_id()) {
    case Type::DATE32:
      append_day(as<arrow::Date32Array>(array).Value(row), out);
      return true;
    case Type::DATE64: {
      constexpr std::int64_t kMillisPerDay = kSecondsPerDay * 1000;
      const std::int64_t millis = as<arrow::Date64Array>(array).Value(row);
      append_day(millis / kMillisPerDay - (millis % kMillisPerDay < 0 ? 1 : 0), out);
      return true;
    }
    case Type::TIME32:
      append_time(as<arrow::Time32Array>(array).Value(row), static_cast<const arrow::TimeType&>(*array.type()).unit(),
                  out);
      return true;
    case Type::TIME64:
      append_time(as<arrow::Time64Array>(array).Value(row), static_cast<const arrow::TimeType&>(*array.type()).unit(),
                  out);
      return true;
    case Type::TIMESTAMP:
      append_timestamp(as<arrow::TimestampArray>(array).Value(row),
                       static_cast<const arrow::TimestampType&>(*array.type()), out);
      return true;
    default:
      return false;
  }
}

// Texts and bytes; false: another type.
bool find_text(const arrow::Array& array, std::int64_t row, std::string_view* text) {
  using arrow::Type;
  switch (array.type_id()) {
    case Type::STRING:
    case Type::BINARY:
      *text = as<arrow::BinaryArray>(array).GetView(row);
      return true;
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      *text = as<arrow::LargeBinaryArray>(array).GetView(row);
      return true;
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      *text = as<arrow::BinaryViewArray>(array).GetView(row);
      return true;
    case Type::FIXED_SIZE_BINARY:
      *text = as<arrow::FixedSizeBinaryArray>(array).GetView(row);
      return true;
    default:
      return false;
  }
}

bool append_nested(const arrow::Array& array, std::int64_t row, std::string& out) {
  using arrow::Type;
  switch (array.type_id()) {
    case Type::LIST: {
      const auto& list = as<arrow::ListArray>(array);
      append_items(*list.values(), list.value_offset(row), list.value_offset(row) + list.value_length(row), out);
      return true;
    }
    case Type::LARGE_LIST: {
      const auto& list = as<arrow::LargeListArray>(array);
      append_items(*list.values(), list.value_offset(row), list.value_offset(row) + list.value_length(row), out);
      return true;
    }
    case Type::FIXED_SIZE_LIST: {
      const auto& list = as<arrow::FixedSizeListArray>(array);
      append_items(*list.values(), list.value_offset(row), list.value_offset(row) + list.value_length(row), out);
      return true;
    }
    case Type::MAP:
      append_map(as<arrow::MapArray>(array), row, out);
      return true;
    case Type::STRUCT:
      append_struct(as<arrow::StructArray>(array), row, out);
      return true;
    default:
      return false;
  }
}

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text.substr(0, limits::kFieldBytesMax + 1)) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_value_json(const arrow::Array& array, std::int64_t row, std::string& out) {
  std::string_view text;
  if (array.IsNull(row) || array.type_id() == arrow::Type::NA) {
    out += "null";
  } else if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = as<arrow::DictionaryArray>(array);
    append_value_json(*encoded.dictionary(), encoded.GetValueIndex(row), out);
  } else if (array.type_id() == arrow::Type::EXTENSION) {
    append_value_json(*as<arrow::ExtensionArray>(array).storage(), row, out);
  } else if (find_text(array, row, &text)) {
    append_json_text(text, out);
  } else if (!append_plain(array, row, true, out) && !append_nested(array, row, out)) {
    out += '"';
    append_any_time(array, row, out);
    out += '"';
  }
}

void append_value_text(const arrow::Array& array, std::int64_t row, std::string& out) {
  std::string_view text;
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = as<arrow::DictionaryArray>(array);
    append_value_text(*encoded.dictionary(), encoded.GetValueIndex(row), out);
  } else if (array.type_id() == arrow::Type::EXTENSION) {
    append_value_text(*as<arrow::ExtensionArray>(array).storage(), row, out);
  } else if (find_text(array, row, &text)) {
    out += text;
  } else if (!append_plain(array, row, false, out) && !append_any_time(array, row, out)) {
    append_nested(array, row, out);
  }
}

}  // namespace tipple
