// Columns whose values have a fixed width: numbers, dates, times, booleans, enums.
#include <atomic>
#include <cstring>
#include <type_traits>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include "formats/arrow_types.h"
#include "formats/csv_column.h"
#include "formats/csv_label.h"
#include "formats/csv_number.h"
#include "formats/csv_number_avx2.h"
#include "formats/csv_time.h"
#include "formats/time_format.h"

namespace tipple {
namespace {

constexpr std::size_t kProbeBytes = 64;  // readable bytes that fast() may count on

// True if fast() takes `text` for a value.
template <typename Parser>
bool is_fast_value(const Parser& parser, std::string_view text) {
  if (text.size() > kProbeBytes) return true;  // cannot tell; the slow way is right for all
  char padded[2 * kProbeBytes] = {};
  std::memcpy(padded, text.data(), text.size());
  typename Parser::Value value{};
  return parser.fast(padded, static_cast<std::uint32_t>(text.size()), &value);
}

template <typename Parser>
class FixedWidthColumn final : public CsvColumnBase {
 public:
  using Value = typename Parser::Value;

  FixedWidthColumn(const CsvDialect& dialect, const Column& column, std::uint32_t position, Parser parser)
      : CsvColumnBase(dialect, column, position), parser_(std::move(parser)), arrow_type_(arrow_type(column.type)) {
    // The fast path does not look for quotes, escapes and null texts. That is right as long as it fails on them, which
    // it does unless a value can look like one.
    for (const std::string& text : dialect.null_texts) only_slow_ = only_slow_ || is_fast_value(parser_, text);
    for (const std::optional<char> special : {reader_.quote(), reader_.escape()}) {
      if (special) only_slow_ = only_slow_ || may_stand_in_value(*special);
    }
  }

  Result<std::shared_ptr<arrow::ArrayData>> convert(const CsvCells& cells, CsvFaults& faults,
                                                    arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(auto values, allocate_buffer(static_cast<std::int64_t>(cells.rows * sizeof(Value)), pool));
    auto* const out = reinterpret_cast<Value*>(values->mutable_data());
    CsvValidity validity(cells.rows, pool);
#if TIPPLE_CSV_AVX2
    if constexpr (kPlain) {
      if (!only_slow_ && csv_numbers_use_avx2()) {
        convert_values_avx2(cells, out, validity, faults);
      } else {
        convert_values(cells, out, validity, faults);
      }
    } else {
      convert_values(cells, out, validity, faults);
    }
#else
    convert_values(cells, out, validity, faults);
#endif
    TIPPLE_RETURN_IF_ERROR(validity.status());
    if constexpr (std::is_same_v<Parser, CsvBoolParser>) {
      TIPPLE_TRY(values, packed_bits(out, cells.rows, pool));
    }
    return arrow::ArrayData::Make(arrow_type_, static_cast<std::int64_t>(cells.rows),
                                  {validity.buffer(), std::move(values)}, validity.nulls());
  }

 private:
  bool may_stand_in_value(char c) const {
    if constexpr (std::is_same_v<Parser, CsvEnumParser>) {
      for (const std::string& label : column_.type.labels) {
        if (label.find(c) != std::string::npos) return true;
      }
      return false;
    } else if constexpr (requires { parser_.may_contain(c); }) {
      return parser_.may_contain(c);
    } else {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             std::strchr("+-.: ", c) != nullptr;
    }
  }

  // A function of its own, so that the loop has the registers to itself.
  [[gnu::noinline]] void convert_values(const CsvCells& cells, Value* out, CsvValidity& validity,
                                        CsvFaults& faults) const {
    // Small parsers as a copy of this function's own: stores to `out` then cannot be taken for changes of it.
    std::conditional_t<std::is_trivially_copyable_v<Parser>, const Parser, const Parser&> parser = parser_;
    const CsvCells local = cells;
    const bool only_slow = only_slow_;
    std::string scratch;
    for (std::size_t row = 0; row < local.rows; ++row) {
      const std::uint32_t begin = local.begin(row);
      const std::uint32_t length = local.end(row) - begin;
      Value value;
      if (only_slow || !parser.fast(local.block + begin, length, &value)) [[unlikely]] {
        value = slow_value({local.block + begin, length}, row, validity, faults, scratch);
      }
      std::memcpy(out + row, &value, sizeof(Value));
    }
  }

#if TIPPLE_CSV_AVX2
  // Numbers made of plain digits.
  static constexpr bool kPlain = requires(const Parser& parser, Value* value) {
    parser.from_plain(CsvPlainDecimal{}, value);
  };

  [[TIPPLE_TARGET_AVX2, gnu::noinline]] void convert_values_avx2(const CsvCells& cells, Value* out,
                                                                 CsvValidity& validity, CsvFaults& faults) const {
    const Parser parser = parser_;
    const CsvCells local = cells;
    std::string scratch;
    for (std::size_t row = 0; row < local.rows; ++row) {
      const std::uint32_t begin = local.begin(row);
      const std::uint32_t length = local.end(row) - begin;
      CsvPlainDecimal plain;
      Value value;
      if (!read_plain_avx2<Parser::kDot>(local.block + begin, length, &plain) || !parser.from_plain(plain, &value))
          [[unlikely]] {
        value = slow_value({local.block + begin, length}, row, validity, faults, scratch);
      }
      std::memcpy(out + row, &value, sizeof(Value));
    }
  }
#endif

  [[gnu::noinline]] Value slow_value(std::string_view field, std::size_t row, CsvValidity& validity, CsvFaults& faults,
                                     std::string& scratch) const {
    Value value{};
    const bool quoted = !field.empty() && reader_.opens_quote(field[0]);
    if (!quoted && nulls_.matches(field.data(), static_cast<std::uint32_t>(field.size()))) {
      if (column_.nullable) {
        validity.set_null(row);
      } else {
        add_fault(faults, row, {CsvRule::kNotNull, nullptr}, field);
      }
      return value;
    }
    std::string_view text;
    CsvVerdict verdict = reader_.read(field, scratch, text);
    if (verdict.good()) verdict = parser_.parse(text, &value);
    if (verdict.good()) return value;
    add_fault(faults, row, verdict, field);
    return Value{};
  }

  // Bytes 0 and 1 as bits.
  static Result<std::shared_ptr<arrow::Buffer>> packed_bits(const Value* bytes, std::size_t rows,
                                                            arrow::MemoryPool* pool) {
    TIPPLE_TRY(auto bits, allocate_buffer(static_cast<std::int64_t>((rows + 7) / 8), pool));
    std::uint8_t* const out = bits->mutable_data();
    for (std::size_t first = 0; first < rows; first += 8) {
      unsigned packed = 0;
      for (std::size_t i = 0; i < 8 && first + i < rows; ++i) packed |= static_cast<unsigned>(bytes[first + i]) << i;
      out[first / 8] = static_cast<std::uint8_t>(packed);
    }
    return bits;
  }

  Parser parser_;
  std::shared_ptr<arrow::DataType> arrow_type_;
  bool only_slow_ = false;
};

// Dates and times in a format of their own.
template <typename T>
class FormattedTimeParser {
 public:
  using Value = T;
  explicit FormattedTimeParser(TimeFormat format) : format_(std::move(format)) {}
  [[nodiscard]] bool fast(const char* p, std::uint32_t length, T* out) const { return parse({p, length}, out).good(); }
  [[nodiscard]] CsvVerdict parse(std::string_view text, T* out) const {
    std::int64_t value = 0;
    const CsvVerdict verdict = format_.parse(text, &value);
    *out = static_cast<T>(value);
    return verdict;
  }
  [[nodiscard]] bool may_contain(char c) const { return format_.may_contain(c); }

 private:
  TimeFormat format_;
};

template <typename Parser>
std::unique_ptr<CsvColumn> make(const CsvDialect& dialect, const Column& column, std::uint32_t position,
                                Parser parser) {
  return std::make_unique<FixedWidthColumn<Parser>>(dialect, column, position, std::move(parser));
}

std::atomic<bool> portable_forced{false};

}  // namespace

void force_portable_csv_numbers(bool on) { portable_forced = on; }

bool csv_numbers_use_avx2() {
#if TIPPLE_CSV_AVX2
  static const bool supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  return supported && !portable_forced.load(std::memory_order_relaxed);
#else
  return false;
#endif
}

std::unique_ptr<CsvColumn> make_formatted_time_column(const CsvDialect& dialect, const Column& column,
                                                      std::uint32_t position, TimeFormat format) {
  if (column.type.kind == TypeKind::kDate) {
    return make(dialect, column, position, FormattedTimeParser<std::int32_t>(std::move(format)));
  }
  return make(dialect, column, position, FormattedTimeParser<std::int64_t>(std::move(format)));
}

std::unique_ptr<CsvColumn> make_csv_number_column(const CsvDialect& dialect, const Column& column,
                                                  std::uint32_t position) {
  const DataType& type = column.type;
  switch (type.kind) {
    case TypeKind::kInt8:
      return make(dialect, column, position, CsvIntParser<std::int8_t>());
    case TypeKind::kInt16:
      return make(dialect, column, position, CsvIntParser<std::int16_t>());
    case TypeKind::kInt32:
      return make(dialect, column, position, CsvIntParser<std::int32_t>());
    case TypeKind::kInt64:
      return make(dialect, column, position, CsvIntParser<std::int64_t>());
    case TypeKind::kUint8:
      return make(dialect, column, position, CsvIntParser<std::uint8_t>());
    case TypeKind::kUint16:
      return make(dialect, column, position, CsvIntParser<std::uint16_t>());
    case TypeKind::kUint32:
      return make(dialect, column, position, CsvIntParser<std::uint32_t>());
    case TypeKind::kUint64:
      return make(dialect, column, position, CsvIntParser<std::uint64_t>());
    case TypeKind::kFloat32:
      return make(dialect, column, position, CsvFloatParser<float>());
    case TypeKind::kFloat64:
      return make(dialect, column, position, CsvFloatParser<double>());
    case TypeKind::kDecimal:
      return make(dialect, column, position, CsvDecimalParser(type.precision, type.scale));
    case TypeKind::kBool:
      return make(dialect, column, position, CsvBoolParser());
    case TypeKind::kDate:
      return make(dialect, column, position, CsvDateParser());
    case TypeKind::kTime:
      return make(dialect, column, position, CsvTimeParser());
    case TypeKind::kTimestamp:
      return make(dialect, column, position, CsvTimestampParser(type.zoned));
    case TypeKind::kEnum:
      return make(dialect, column, position, CsvEnumParser(type.labels));
    case TypeKind::kString:
    case TypeKind::kFixedString:
      break;
  }
  TIPPLE_CHECK(false, "a string column is no number column");
}

}  // namespace tipple
