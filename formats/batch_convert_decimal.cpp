// Decimals: to decimals of another scale, from and to whole numbers exactly, from floating point by its shortest text.
// Decimals to floating point go by text, too (batch_convert_text.cpp), which rounds once.
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "formats/batch_convert.h"
#include "formats/csv_column.h"
#include "formats/csv_number.h"

namespace tipple {
namespace {

using Wide = __int128;

constexpr CsvVerdict kTooLarge{CsvRule::kRange, "it has more digits than the precision"};
constexpr CsvVerdict kTooFine{CsvRule::kRange, "it has more fraction digits than the scale"};
constexpr CsvVerdict kNotWhole{CsvRule::kRange, "it is not a whole number"};
constexpr CsvVerdict kOutOfRange{CsvRule::kRange, nullptr};
constexpr int kPrecisionMax = 38;
constexpr std::size_t kFixedTextBytesMax = 1200;  // a subnormal double without exponent has 1,078

Wide power_of_ten(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// Values of `width` bytes (4 to 32), two's complement; of more than 16 bytes only those that fit in 16.
struct UnscaledValues {
  const std::uint8_t* bytes;
  int width;
  UnscaledValues(const arrow::ArrayData& in, int byte_width)
      : bytes(in.buffers[1]->data() + in.offset * byte_width), width(byte_width) {}
  bool get(std::size_t row, Wide* out) const {
    const std::uint8_t* const value = bytes + row * static_cast<std::size_t>(width);
    const std::uint8_t sign = (value[width - 1] & 0x80) != 0 ? 0xFF : 0;
    std::uint8_t wide[16];
    std::memset(wide, sign, sizeof(wide));
    std::memcpy(wide, value, static_cast<std::size_t>(width < 16 ? width : 16));
    std::memcpy(out, wide, sizeof(wide));
    bool fits = true;
    for (int i = 16; i < width; ++i) fits = fits && value[i] == sign;
    return fits && (width <= 16 || ((wide[15] & 0x80) != 0) == (sign != 0));
  }
};

template <typename T>
struct WholeValues {
  const T* values;
  explicit WholeValues(const arrow::ArrayData& in) : values(in.GetValues<T>(1)) {}
  bool get(std::size_t row, Wide* out) const {
    *out = values[row];
    return true;
  }
};

// value * 10^shift, exactly.
CsvVerdict rescale(Wide value, int shift, Wide* out) {
  if (shift < -kPrecisionMax || shift > kPrecisionMax) {
    *out = 0;
    if (value == 0) return {};
    return shift < 0 ? kTooFine : kTooLarge;
  }
  if (shift < 0) {
    const Wide power = power_of_ten(-shift);
    *out = value / power;
    return value % power == 0 ? CsvVerdict{} : kTooFine;
  }
  return __builtin_mul_overflow(value, power_of_ten(shift), out) ? kTooLarge : CsvVerdict{};
}

template <typename Get>
class DecimalCastBase : public ColumnCastBase {
 public:
  DecimalCastBase(const CastTarget& to, Get get) : ColumnCastBase(to), get_(std::move(get)) {}

 protected:
  // try_row(row) for each row that is not null.
  template <typename Try>
  void each(const arrow::ArrayData& in, CsvFaults& faults, Try try_row) const {
    std::shared_ptr<arrow::Array> array;
    for (std::size_t row = 0; row < faults.rows(); ++row) {
      if (!is_valid_row(in, row)) continue;
      const CsvVerdict verdict = try_row(row);
      if (verdict.good()) [[likely]]
        continue;
      if (array == nullptr) array = arrow::MakeArray(in.Copy());
      add_fault(faults, row, verdict, *array);
    }
  }
  Get get_;
};

// To decimal(p, s). `get(in)` makes the reader of unscaled values, of scale `scale`.
template <typename Get>
class ToDecimal final : public DecimalCastBase<Get> {
 public:
  ToDecimal(const CastTarget& to, int scale, Get get)
      : DecimalCastBase<Get>(to, std::move(get)),
        shift_(int{to.column.type.scale} - scale),
        limit_(power_of_ten(to.column.type.precision)) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(auto nulls, this->take_nulls(in, faults, pool));
    TIPPLE_TRY(auto buffer, allocate_buffer(in.length * 16, pool));
    std::uint8_t* const out = buffer->mutable_data();
    const auto values = this->get_(in);
    this->each(in, faults, [&](std::size_t row) -> CsvVerdict {
      Wide value = 0;
      Wide scaled = 0;
      if (!values.get(row, &value)) return kTooLarge;
      if (const CsvVerdict verdict = rescale(value, shift_, &scaled); !verdict.good()) return verdict;
      if (scaled >= limit_ || scaled <= -limit_) return kTooLarge;
      std::memcpy(out + row * 16, &scaled, 16);
      return {};
    });
    return this->make_data(in, std::move(buffer), std::move(nulls));
  }

 private:
  int shift_;
  Wide limit_;
};

template <typename Get, typename Out>
class DecimalToWhole final : public DecimalCastBase<Get> {
 public:
  DecimalToWhole(const CastTarget& to, int scale, Get get) : DecimalCastBase<Get>(to, std::move(get)), scale_(scale) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(auto nulls, this->take_nulls(in, faults, pool));
    TIPPLE_TRY(auto buffer, allocate_buffer(in.length * static_cast<std::int64_t>(sizeof(Out)), pool));
    auto* const out = reinterpret_cast<Out*>(buffer->mutable_data());
    const auto values = this->get_(in);
    this->each(in, faults, [&](std::size_t row) -> CsvVerdict {
      Wide value = 0;
      Wide whole = 0;
      if (!values.get(row, &value)) return kOutOfRange;
      const CsvVerdict verdict = rescale(value, -scale_, &whole);
      if (!verdict.good()) return scale_ > 0 ? kNotWhole : kOutOfRange;
      if (whole < Wide{std::numeric_limits<Out>::min()} || whole > Wide{std::numeric_limits<Out>::max()})
        return kOutOfRange;
      out[row] = static_cast<Out>(whole);
      return {};
    });
    return this->make_data(in, std::move(buffer), std::move(nulls));
  }

 private:
  int scale_;
};

// From floating point: the fewest digits that read back the same, without exponent, are the value meant.
template <typename In>
class FloatToDecimal final : public ColumnCastBase {
 public:
  explicit FloatToDecimal(const CastTarget& to)
      : ColumnCastBase(to), parser_(to.column.type.precision, to.column.type.scale) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(Nulls nulls, take_nulls(in, faults, pool));
    TIPPLE_TRY(auto buffer, allocate_buffer(in.length * 16, pool));
    std::uint8_t* const out = buffer->mutable_data();
    const In* const values = in.GetValues<In>(1);
    for (std::size_t row = 0; row < faults.rows(); ++row) {
      if (!is_valid_row(in, row)) continue;
      char text[kFixedTextBytesMax];
      const auto end = std::to_chars(text, text + sizeof(text), values[row], std::chars_format::fixed).ptr;
      const std::string_view digits(text, static_cast<std::size_t>(end - text));
      Wide value = 0;
      if (const CsvVerdict verdict = parser_.parse(digits, &value); !verdict.good()) {
        add_fault(faults, row, verdict, digits);
      } else {
        std::memcpy(out + row * 16, &value, 16);
      }
    }
    return make_data(in, std::move(buffer), std::move(nulls));
  }

 private:
  CsvDecimalParser parser_;
};

template <typename T>
std::unique_ptr<ColumnCast> whole_to_decimal(const CastTarget& to) {
  const auto get = [](const arrow::ArrayData& in) { return WholeValues<T>(in); };
  return std::make_unique<ToDecimal<decltype(get)>>(to, 0, get);
}

// The same on both sides: nothing is copied, but a file may hold values of more digits than it says.
template <typename Get>
class SameDecimal final : public DecimalCastBase<Get> {
 public:
  SameDecimal(const CastTarget& to, Get get)
      : DecimalCastBase<Get>(to, std::move(get)), limit_(power_of_ten(to.column.type.precision)) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool*) const override {
    const auto values = this->get_(in);
    this->each(in, faults, [&](std::size_t row) -> CsvVerdict {
      Wide value = 0;
      return values.get(row, &value) && value < limit_ && value > -limit_ ? CsvVerdict{} : kTooLarge;
    });
    return this->share_values(in, faults);
  }

 private:
  Wide limit_;
};

std::unique_ptr<ColumnCast> cast_from_decimal(const arrow::DecimalType& from, const CastTarget& to) {
  const int width = from.byte_width();
  const int scale = from.scale();
  if (scale > kPrecisionMax || scale < -kPrecisionMax) return nullptr;
  const auto get = [width](const arrow::ArrayData& in) { return UnscaledValues(in, width); };
  using Get = decltype(get);
  switch (to.column.type.kind) {
    case TypeKind::kDecimal:
      if (width == 16 && scale == to.column.type.scale && from.precision() <= to.column.type.precision) {
        return std::make_unique<SameDecimal<Get>>(to, get);
      }
      return std::make_unique<ToDecimal<Get>>(to, scale, get);
    case TypeKind::kInt8:
      return std::make_unique<DecimalToWhole<Get, std::int8_t>>(to, scale, get);
    case TypeKind::kInt16:
      return std::make_unique<DecimalToWhole<Get, std::int16_t>>(to, scale, get);
    case TypeKind::kInt32:
      return std::make_unique<DecimalToWhole<Get, std::int32_t>>(to, scale, get);
    case TypeKind::kInt64:
      return std::make_unique<DecimalToWhole<Get, std::int64_t>>(to, scale, get);
    case TypeKind::kUint8:
      return std::make_unique<DecimalToWhole<Get, std::uint8_t>>(to, scale, get);
    case TypeKind::kUint16:
      return std::make_unique<DecimalToWhole<Get, std::uint16_t>>(to, scale, get);
    case TypeKind::kUint32:
      return std::make_unique<DecimalToWhole<Get, std::uint32_t>>(to, scale, get);
    case TypeKind::kUint64:
      return std::make_unique<DecimalToWhole<Get, std::uint64_t>>(to, scale, get);
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
    case TypeKind::kBool:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      break;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<ColumnCast> make_decimal_cast(const arrow::DataType& from, const CastTarget& to) {
  switch (from.id()) {
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return cast_from_decimal(static_cast<const arrow::DecimalType&>(from), to);
    default:
      break;
  }
  if (to.column.type.kind != TypeKind::kDecimal) return nullptr;
  switch (from.id()) {
    case arrow::Type::INT8:
      return whole_to_decimal<std::int8_t>(to);
    case arrow::Type::INT16:
      return whole_to_decimal<std::int16_t>(to);
    case arrow::Type::INT32:
      return whole_to_decimal<std::int32_t>(to);
    case arrow::Type::INT64:
      return whole_to_decimal<std::int64_t>(to);
    case arrow::Type::UINT8:
      return whole_to_decimal<std::uint8_t>(to);
    case arrow::Type::UINT16:
      return whole_to_decimal<std::uint16_t>(to);
    case arrow::Type::UINT32:
      return whole_to_decimal<std::uint32_t>(to);
    case arrow::Type::UINT64:
      return whole_to_decimal<std::uint64_t>(to);
    case arrow::Type::FLOAT:
      return std::make_unique<FloatToDecimal<float>>(to);
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatToDecimal<double>>(to);
    default:
      return nullptr;
  }
}

}  // namespace tipple
