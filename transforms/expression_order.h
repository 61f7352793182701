// How values of one type compare: numbers by value, NaN equal to itself and above everything, texts by their bytes,
// false before true.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "transforms/expression_search.h"

namespace tipple {

template <typename T>
[[nodiscard]] inline bool order_equal(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return (a == b) | ((a != a) & (b != b));
  else
    return a == b;
}

template <typename T>
[[nodiscard]] inline bool order_less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return (a < b) | ((b != b) & (a == a));
  else
    return a < b;
}

// f(T{}) with the C++ type that holds values of `type`: std::string_view for texts.
template <typename F>
decltype(auto) with_value_type(const DataType& type, const F& f) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return f(std::int8_t{});
    case TypeKind::kInt16:
      return f(std::int16_t{});
    case TypeKind::kInt32:
    case TypeKind::kDate:
      return f(std::int32_t{});
    case TypeKind::kInt64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return f(std::int64_t{});
    case TypeKind::kUint8:
      return f(std::uint8_t{});
    case TypeKind::kUint16:
    case TypeKind::kEnum:
      return f(std::uint16_t{});
    case TypeKind::kUint32:
      return f(std::uint32_t{});
    case TypeKind::kUint64:
      return f(std::uint64_t{});
    case TypeKind::kFloat32:
      return f(float{});
    case TypeKind::kFloat64:
      return f(double{});
    case TypeKind::kDecimal:
      return f(__int128{});
    case TypeKind::kBool:
      return f(bool{});
    case TypeKind::kString:
    case TypeKind::kFixedString:
      break;
  }
  return f(std::string_view{});
}

// One value of a row, and of a scalar for every row.
template <typename T>
[[nodiscard]] inline T value_at(const ExprVector& vector, std::int64_t row) {
  return ExprValues<T>(vector)[row];
}

// Reads values of a column to compare them: texts with their heads.
template <typename T>
struct ExprOrdered {
  using Reader = ExprValues<T>;
};
template <>
struct ExprOrdered<std::string_view> {
  using Reader = HeadedTexts;
};

// Bits of equal rows, null where one side is.
[[nodiscard]] Result<ExprVector> equal_rows(ExprContext& context, const ExprVector& a, const ExprVector& b);

}  // namespace tipple
