// Casts by text: strings to strings (checked, and shared where the layout is the same), texts to every other type by
// the parsers that CSV has, and every type to strings.
#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_binary.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/batch_convert.h"
#include "formats/csv_column.h"
#include "formats/csv_label.h"
#include "formats/csv_number.h"
#include "formats/csv_time.h"
#include "formats/csv_utf8.h"
#include "formats/time_format.h"

namespace tipple {
namespace {

constexpr int kNestingMax = 64;

bool is_text(arrow::Type::type id) {
  return arrow::is_base_binary_like(id) || id == arrow::Type::STRING_VIEW || id == arrow::Type::BINARY_VIEW ||
         id == arrow::Type::FIXED_SIZE_BINARY;
}

// Can append_value_text() say every value of this type?
bool has_words(const arrow::DataType& type, int depth) {
  if (depth > kNestingMax) return false;
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP:
    case arrow::Type::STRUCT:
      return std::all_of(type.fields().begin(), type.fields().end(),
                         [&](const auto& field) { return has_words(*field->type(), depth + 1); });
    case arrow::Type::DICTIONARY:
      return has_words(*static_cast<const arrow::DictionaryType&>(type).value_type(), depth + 1);
    case arrow::Type::EXTENSION:
      return has_words(*static_cast<const arrow::ExtensionType&>(type).storage_type(), depth + 1);
    case arrow::Type::NA:
    case arrow::Type::DURATION:
      return true;
    default:
      return arrow::is_primitive(type.id()) ? !arrow::is_interval(type.id())
                                            : is_text(type.id()) || arrow::is_decimal(type.id());
  }
}

// The text of each row: where it stands, or written to `scratch`.
class RowTexts {
 public:
  explicit RowTexts(const arrow::ArrayData& in) : array_(arrow::MakeArray(in.Copy())), plain_(is_text(in.type->id())) {}

  std::string_view get(std::size_t row, std::string& scratch) const {
    const auto i = static_cast<std::int64_t>(row);
    if (plain_) return text(i);
    scratch.clear();
    append_value_text(*array_, i, scratch);
    return scratch;
  }

 private:
  std::string_view text(std::int64_t row) const {
    switch (array_->type_id()) {
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return static_cast<const arrow::LargeBinaryArray&>(*array_).GetView(row);
      case arrow::Type::STRING_VIEW:
      case arrow::Type::BINARY_VIEW:
        return static_cast<const arrow::BinaryViewArray&>(*array_).GetView(row);
      case arrow::Type::FIXED_SIZE_BINARY:
        return static_cast<const arrow::FixedSizeBinaryArray&>(*array_).GetView(row);
      default:
        return static_cast<const arrow::BinaryArray&>(*array_).GetView(row);
    }
  }

  std::shared_ptr<arrow::Array> array_;
  bool plain_;
};

class StringCastBase : public ColumnCastBase {
 protected:
  explicit StringCastBase(const CastTarget& to) : ColumnCastBase(to) {
    bytes_max_ = limits::kFieldBytesMax;
    if (to.column.type.kind == TypeKind::kFixedString)
      bytes_max_ = std::min<std::uint64_t>(bytes_max_, to.column.type.width);
  }

  [[nodiscard]] CsvVerdict check(std::string_view text) const {
    if (text.size() > limits::kFieldBytesMax) return {CsvRule::kFieldBytes, nullptr};
    if (text.size() > bytes_max_) return {CsvRule::kLength, nullptr};
    if (is_ascii_without_nul(text)) return {};
    if (text.find('\0') != std::string_view::npos) return {CsvRule::kNul, nullptr};
    return is_valid_utf8(text) ? CsvVerdict{} : CsvVerdict{CsvRule::kEncoding, nullptr};
  }

  std::uint64_t bytes_max_;
};

// utf8 and binary: looked at, not copied.
class SharedStrings final : public StringCastBase {
 public:
  explicit SharedStrings(const CastTarget& to) : StringCastBase(to) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool*) const override {
    const auto* const offsets = in.GetValues<std::int32_t>(1);
    const auto rows = static_cast<std::size_t>(in.length);
    const char* const text = in.buffers[2] == nullptr ? "" : in.GetValues<char>(2, 0);
    std::uint64_t longest = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      longest =
          std::max(longest, static_cast<std::uint64_t>(static_cast<std::uint32_t>(offsets[row + 1] - offsets[row])));
    }
    const std::size_t bytes = rows == 0 ? 0 : static_cast<std::size_t>(offsets[rows] - offsets[0]);
    if (longest > bytes_max_ || !is_ascii_without_nul({text + (rows == 0 ? 0 : offsets[0]), bytes})) {
      for (std::size_t row = 0; row < rows; ++row) {
        if (!is_valid_row(in, row)) continue;
        const std::string_view value(text + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row]));
        if (const CsvVerdict verdict = check(value); !verdict.good()) add_fault(faults, row, verdict, value);
      }
    }
    return share_values(in, faults);
  }
};

// Strings out of anything.
class NewStrings final : public StringCastBase {
 public:
  explicit NewStrings(const CastTarget& to) : StringCastBase(to) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(Nulls nulls, take_nulls(in, faults, pool));
    const auto rows = static_cast<std::size_t>(in.length);
    TIPPLE_TRY(auto offsets_buffer,
               allocate_buffer(static_cast<std::int64_t>((rows + 1) * sizeof(std::int32_t)), pool));
    auto* const offsets = reinterpret_cast<std::int32_t*>(offsets_buffer->mutable_data());
    arrow::BufferBuilder text(pool);
    const RowTexts texts(in);
    std::string scratch;
    offsets[0] = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      if (is_valid_row(in, row) && !faults.is_bad(row)) {
        const std::string_view value = texts.get(row, scratch);
        if (const CsvVerdict verdict = check(value); !verdict.good()) {
          add_fault(faults, row, verdict, value);
        } else if (text.length() + static_cast<std::int64_t>(value.size()) > std::numeric_limits<std::int32_t>::max()) {
          return environment_error("column \"" + to_.column.name + "\" has more than 2 GiB of text in one batch", {},
                                   "write the file with smaller row groups");
        } else if (const auto status = text.Append(value.data(), static_cast<std::int64_t>(value.size()));
                   !status.ok()) {
          return from_arrow(status);
        }
      }
      offsets[row + 1] = static_cast<std::int32_t>(text.length());
    }
    auto bytes = text.Finish();
    if (!bytes.ok()) return from_arrow(bytes.status());
    return arrow::ArrayData::Make(
        arrow_type_, in.length, {std::move(nulls.validity), std::move(offsets_buffer), std::move(bytes).ValueUnsafe()},
        nulls.count);
  }
};

template <typename Parser>
class ParseCast final : public ColumnCastBase {
 public:
  using Value = typename Parser::Value;
  ParseCast(const CastTarget& to, Parser parser) : ColumnCastBase(to), parser_(std::move(parser)) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(Nulls nulls, take_nulls(in, faults, pool));
    const auto rows = static_cast<std::size_t>(in.length);
    TIPPLE_TRY(auto buffer, allocate_buffer(static_cast<std::int64_t>(rows * sizeof(Value)), pool));
    const RowTexts texts(in);
    std::string scratch;
    for (std::size_t row = 0; row < rows; ++row) {
      Value value{};
      if (is_valid_row(in, row)) {
        const std::string_view text = texts.get(row, scratch);
        if (const CsvVerdict verdict = parser_.parse(text, &value); !verdict.good()) {
          add_fault(faults, row, verdict, text);
          value = Value{};
        }
      }
      std::memcpy(buffer->mutable_data() + row * sizeof(Value), &value, sizeof(Value));
    }
    if constexpr (std::is_same_v<Parser, CsvBoolParser>) {
      TIPPLE_TRY(buffer, pack_bits(buffer->data(), rows, pool));
    }
    return make_data(in, std::move(buffer), std::move(nulls));
  }

 private:
  Parser parser_;
};

template <typename Parser>
std::unique_ptr<ColumnCast> parse_by(const CastTarget& to, Parser parser) {
  return std::make_unique<ParseCast<Parser>>(to, std::move(parser));
}

// Dates and times in a format of their own.
template <typename T>
struct FormatParser {
  using Value = T;
  TimeFormat format;
  CsvVerdict parse(std::string_view text, T* out) const {
    std::int64_t value = 0;
    const CsvVerdict verdict = format.parse(text, &value);
    *out = static_cast<T>(value);
    return verdict;
  }
};

std::unique_ptr<ColumnCast> parse_by_format(const CastTarget& to) {
  const TimeFormat format = TimeFormat::compile(to.format, to.column.type).value();
  if (to.column.type.kind == TypeKind::kDate) return parse_by(to, FormatParser<std::int32_t>{format});
  return parse_by(to, FormatParser<std::int64_t>{format});
}

std::unique_ptr<ColumnCast> parse_texts(const CastTarget& to) {
  const DataType& type = to.column.type;
  if (!to.format.empty()) return parse_by_format(to);
  switch (type.kind) {
    case TypeKind::kInt8:
      return parse_by(to, CsvIntParser<std::int8_t>());
    case TypeKind::kInt16:
      return parse_by(to, CsvIntParser<std::int16_t>());
    case TypeKind::kInt32:
      return parse_by(to, CsvIntParser<std::int32_t>());
    case TypeKind::kInt64:
      return parse_by(to, CsvIntParser<std::int64_t>());
    case TypeKind::kUint8:
      return parse_by(to, CsvIntParser<std::uint8_t>());
    case TypeKind::kUint16:
      return parse_by(to, CsvIntParser<std::uint16_t>());
    case TypeKind::kUint32:
      return parse_by(to, CsvIntParser<std::uint32_t>());
    case TypeKind::kUint64:
      return parse_by(to, CsvIntParser<std::uint64_t>());
    case TypeKind::kFloat32:
      return parse_by(to, CsvFloatParser<float>());
    case TypeKind::kFloat64:
      return parse_by(to, CsvFloatParser<double>());
    case TypeKind::kDecimal:
      return parse_by(to, CsvDecimalParser(type.precision, type.scale));
    case TypeKind::kBool:
      return parse_by(to, CsvBoolParser());
    case TypeKind::kDate:
      return parse_by(to, CsvDateParser());
    case TypeKind::kTime:
      return parse_by(to, CsvTimeParser());
    case TypeKind::kTimestamp:
      return parse_by(to, CsvTimestampParser(type.zoned));
    case TypeKind::kEnum:
      return parse_by(to, CsvEnumParser(type.labels));
    case TypeKind::kString:
    case TypeKind::kFixedString:
      break;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<ColumnCast> make_text_cast(const arrow::DataType& from, const CastTarget& to) {
  const TypeKind kind = to.column.type.kind;
  if (kind == TypeKind::kString || kind == TypeKind::kFixedString) {
    if (from.id() == arrow::Type::STRING || from.id() == arrow::Type::BINARY)
      return std::make_unique<SharedStrings>(to);
    return has_words(from, 0) ? std::make_unique<NewStrings>(to) : nullptr;
  }
  if (is_text(from.id())) return parse_texts(to);
  const bool number = arrow::is_integer(from.id()) || arrow::is_floating(from.id()) || arrow::is_decimal(from.id());
  // Labels may be numbers. Decimals read as floating point are rounded once.
  if (kind == TypeKind::kEnum && (arrow::is_integer(from.id()) || from.id() == arrow::Type::BOOL))
    return parse_texts(to);
  if ((kind == TypeKind::kFloat32 || kind == TypeKind::kFloat64) && arrow::is_decimal(from.id()))
    return parse_texts(to);
  if (kind == TypeKind::kDecimal && number) return parse_texts(to);
  return nullptr;
}

}  // namespace tipple
