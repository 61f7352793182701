#include "warehouse/column_sum.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace tipple {
namespace {

template <typename Array, typename Add>
void each_value(const arrow::Array& array, Add add) {
  const auto& values = static_cast<const Array&>(array);
  for (std::int64_t i = 0; i < values.length(); ++i) {
    if (values.IsValid(i)) add(values.Value(i));
  }
}

// 64-bit partial sums cannot overflow in 128 bits.
template <typename Array>
arrow::Decimal256 integer_sum(const arrow::Array& array) {
  __extension__ __int128 sum = 0;
  each_value<Array>(array, [&](auto value) { sum += value; });
  return arrow::Decimal256(arrow::Decimal128(static_cast<std::int64_t>(sum >> 64), static_cast<std::uint64_t>(sum)));
}

}  // namespace

Result<ColumnSum> ColumnSum::make(const Column& column) {
  switch (column.type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
    case TypeKind::kDecimal:
      return ColumnSum(column.type);
    case TypeKind::kBool:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      break;
  }
  return usage_error("column " + column.name + " is " + column.type.to_string() + ", which has no sum", {},
                     "expect sums of numbers");
}

void ColumnSum::add(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      exact_ += integer_sum<arrow::Int8Array>(array);
      break;
    case arrow::Type::INT16:
      exact_ += integer_sum<arrow::Int16Array>(array);
      break;
    case arrow::Type::INT32:
      exact_ += integer_sum<arrow::Int32Array>(array);
      break;
    case arrow::Type::INT64:
      exact_ += integer_sum<arrow::Int64Array>(array);
      break;
    case arrow::Type::UINT8:
      exact_ += integer_sum<arrow::UInt8Array>(array);
      break;
    case arrow::Type::UINT16:
      exact_ += integer_sum<arrow::UInt16Array>(array);
      break;
    case arrow::Type::UINT32:
      exact_ += integer_sum<arrow::UInt32Array>(array);
      break;
    case arrow::Type::UINT64:
      exact_ += integer_sum<arrow::UInt64Array>(array);
      break;
    case arrow::Type::DECIMAL128: {
      const auto& values = static_cast<const arrow::Decimal128Array&>(array);
      for (std::int64_t i = 0; i < values.length(); ++i) {
        if (values.IsValid(i)) exact_ += arrow::Decimal256(arrow::Decimal128(values.GetValue(i)));
      }
      break;
    }
    case arrow::Type::FLOAT:
      each_value<arrow::FloatArray>(array, [&](float value) { add_float(static_cast<double>(value)); });
      break;
    case arrow::Type::DOUBLE:
      each_value<arrow::DoubleArray>(array, [&](double value) { add_float(value); });
      break;
    default:
      TIPPLE_CHECK(false, "a column of another type than its sum");
  }
}

void ColumnSum::add_float(double value) {
  const double sum = sum_ + value;
  if (std::isfinite(sum)) lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
  sum_ = sum;
}

double ColumnSum::value() const {
  if (is_float()) return std::isfinite(sum_) ? sum_ + lost_ : sum_;
  // Through the digits: the nearest double, as the same number in a job file. Arrow's own conversion is off by a bit at
  // times.
  const std::string digits = text();
  double value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  TIPPLE_CHECK(parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size(), "a decimal is a number");
  return value;
}

std::string ColumnSum::text() const { return is_float() ? fmt::format("{}", value()) : exact_.ToString(type_.scale); }

}  // namespace tipple
