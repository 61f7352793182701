// Numbers and booleans to numbers and booleans: one loop without branches that says whether all is well, and a second,
// slow one for the words if it is not.
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>

#include "formats/arrow_types.h"
#include "formats/batch_convert.h"
#include "formats/csv_column.h"

namespace tipple {
namespace {

constexpr CsvVerdict kOutOfRange{CsvRule::kRange, nullptr};
constexpr CsvVerdict kNotWhole{CsvRule::kRange, "it is not a whole number"};
constexpr CsvVerdict kInexact{CsvRule::kRange, "it has more digits than the type holds exactly"};
constexpr CsvVerdict kNoTruth{CsvRule::kType, "only 0 and 1 are booleans"};

// How the values of a source column are read.
template <typename T>
struct PlainValues {
  using Value = T;
  const T* values;
  explicit PlainValues(const arrow::ArrayData& in) : values(in.GetValues<T>(1)) {}
  T operator[](std::size_t row) const { return values[row]; }
};

struct HalfValues {
  using Value = float;
  const std::uint16_t* values;
  explicit HalfValues(const arrow::ArrayData& in) : values(in.GetValues<std::uint16_t>(1)) {}
  float operator[](std::size_t row) const { return arrow::util::Float16::FromBits(values[row]).ToFloat(); }
};

struct BitValues {
  using Value = std::uint8_t;
  const std::uint8_t* bits;
  std::size_t offset;
  explicit BitValues(const arrow::ArrayData& in)
      : bits(in.buffers[1]->data()), offset(static_cast<std::size_t>(in.offset)) {}
  std::uint8_t operator[](std::size_t row) const { return bits[(offset + row) / 8] >> ((offset + row) % 8) & 1; }
};

// True if `in` is a value of Out, which is then in *out. `in` may be anything: slots of nulls are tried, too.
template <typename In, typename Out>
bool try_value(In in, Out* out) {
  if constexpr (std::integral<In> && std::integral<Out>) {
    *out = static_cast<Out>(in);
    return std::in_range<Out>(in);
  } else if constexpr (std::integral<In>) {
    constexpr std::int64_t kExact = std::int64_t{1} << std::numeric_limits<Out>::digits;
    *out = static_cast<Out>(in);
    return (std::cmp_less_equal(in, kExact) && std::cmp_greater_equal(in, -kExact)) ||
           static_cast<__int128>(*out) == static_cast<__int128>(in);
  } else if constexpr (std::integral<Out>) {
    // Both bounds are powers of two (or 0), which every floating-point type of this size has.
    constexpr In kLow = static_cast<In>(std::numeric_limits<Out>::min());
    constexpr In kHigh = static_cast<In>(std::numeric_limits<Out>::max() / 2 + 1) * 2;
    const bool fits = in >= kLow && in < kHigh;
    *out = fits ? static_cast<Out>(in) : Out{};
    return fits && static_cast<In>(*out) == in;
  } else {
    *out = static_cast<Out>(in);
    return std::isfinite(*out) || !std::isfinite(in);
  }
}

template <typename In, typename Out>
CsvVerdict explain_value(In in) {
  if constexpr (std::integral<In> && !std::integral<Out>) return kInexact;
  if constexpr (!std::integral<In> && std::integral<Out>) {
    if (std::isfinite(in) && in != std::trunc(in)) return kNotWhole;
  }
  return kOutOfRange;
}

template <typename Values, typename Out>
class NumberCast final : public ColumnCastBase {
 public:
  using ColumnCastBase::ColumnCastBase;
  explicit NumberCast(const CastTarget& to) : ColumnCastBase(to) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(Nulls nulls, take_nulls(in, faults, pool));
    const auto rows = static_cast<std::size_t>(in.length);
    TIPPLE_TRY(auto buffer, allocate_buffer(static_cast<std::int64_t>(rows * sizeof(Out)), pool));
    auto* const out = reinterpret_cast<Out*>(buffer->mutable_data());
    const Values values(in);
    bool good = true;
    for (std::size_t row = 0; row < rows; ++row) good &= try_value(values[row], &out[row]);
    if (!good) explain(in, values, faults);
    return make_data(in, std::move(buffer), std::move(nulls));
  }

 private:
  void explain(const arrow::ArrayData& in, const Values& values, CsvFaults& faults) const {
    const auto array = arrow::MakeArray(in.Copy());
    for (std::size_t row = 0; row < faults.rows(); ++row) {
      Out ignored;
      if (!is_valid_row(in, row) || try_value(values[row], &ignored)) continue;
      add_fault(faults, row, explain_value<typename Values::Value, Out>(values[row]), *array);
    }
  }
};

template <typename Values>
class BoolCast final : public ColumnCastBase {
 public:
  explicit BoolCast(const CastTarget& to) : ColumnCastBase(to) {}

  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(Nulls nulls, take_nulls(in, faults, pool));
    const auto rows = static_cast<std::size_t>(in.length);
    TIPPLE_TRY(auto bytes, allocate_buffer(static_cast<std::int64_t>(rows), pool));
    const Values values(in);
    bool good = true;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto value = values[row];
      bytes->mutable_data()[row] = value != 0 ? 1 : 0;
      good &= value == 0 || value == 1;
    }
    if (!good) {
      const auto array = arrow::MakeArray(in.Copy());
      for (std::size_t row = 0; row < rows; ++row) {
        if (is_valid_row(in, row) && values[row] != 0 && values[row] != 1) add_fault(faults, row, kNoTruth, *array);
      }
    }
    TIPPLE_TRY(auto bits, pack_bits(bytes->data(), rows, pool));
    return arrow::ArrayData::Make(arrow_type_, in.length, {std::move(nulls.validity), std::move(bits)}, nulls.count);
  }
};

// The same type on both sides: nothing is copied.
class SameTypeCast final : public ColumnCastBase {
 public:
  explicit SameTypeCast(const CastTarget& to) : ColumnCastBase(to) {}
  Result<ArrayDataPtr> cast(const arrow::ArrayData& in, CsvFaults& faults, arrow::MemoryPool*) const override {
    return share_values(in, faults);
  }
};

template <typename Values>
std::unique_ptr<ColumnCast> cast_from(const CastTarget& to) {
  switch (to.column.type.kind) {
    case TypeKind::kInt8:
      return std::make_unique<NumberCast<Values, std::int8_t>>(to);
    case TypeKind::kInt16:
      return std::make_unique<NumberCast<Values, std::int16_t>>(to);
    case TypeKind::kInt32:
      return std::make_unique<NumberCast<Values, std::int32_t>>(to);
    case TypeKind::kInt64:
      return std::make_unique<NumberCast<Values, std::int64_t>>(to);
    case TypeKind::kUint8:
      return std::make_unique<NumberCast<Values, std::uint8_t>>(to);
    case TypeKind::kUint16:
      return std::make_unique<NumberCast<Values, std::uint16_t>>(to);
    case TypeKind::kUint32:
      return std::make_unique<NumberCast<Values, std::uint32_t>>(to);
    case TypeKind::kUint64:
      return std::make_unique<NumberCast<Values, std::uint64_t>>(to);
    case TypeKind::kFloat32:
      return std::make_unique<NumberCast<Values, float>>(to);
    case TypeKind::kFloat64:
      return std::make_unique<NumberCast<Values, double>>(to);
    case TypeKind::kBool:
      return std::make_unique<BoolCast<Values>>(to);
    case TypeKind::kDecimal:
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

std::unique_ptr<ColumnCast> make_number_cast(const arrow::DataType& from, const CastTarget& to) {
  const bool plain = to.column.type.kind != TypeKind::kEnum && arrow_type(to.column.type)->Equals(from);
  switch (from.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      if (plain) return std::make_unique<SameTypeCast>(to);
      break;
    default:
      break;
  }
  switch (from.id()) {
    case arrow::Type::BOOL:
      return cast_from<BitValues>(to);
    case arrow::Type::INT8:
      return cast_from<PlainValues<std::int8_t>>(to);
    case arrow::Type::INT16:
      return cast_from<PlainValues<std::int16_t>>(to);
    case arrow::Type::INT32:
      return cast_from<PlainValues<std::int32_t>>(to);
    case arrow::Type::DURATION:  // a count of its unit
    case arrow::Type::INT64:
      return cast_from<PlainValues<std::int64_t>>(to);
    case arrow::Type::UINT8:
      return cast_from<PlainValues<std::uint8_t>>(to);
    case arrow::Type::UINT16:
      return cast_from<PlainValues<std::uint16_t>>(to);
    case arrow::Type::UINT32:
      return cast_from<PlainValues<std::uint32_t>>(to);
    case arrow::Type::UINT64:
      return cast_from<PlainValues<std::uint64_t>>(to);
    case arrow::Type::HALF_FLOAT:
      return cast_from<HalfValues>(to);
    case arrow::Type::FLOAT:
      return cast_from<PlainValues<float>>(to);
    case arrow::Type::DOUBLE:
      return cast_from<PlainValues<double>>(to);
    default:
      return nullptr;
  }
}

}  // namespace tipple
