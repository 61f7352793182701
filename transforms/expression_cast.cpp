// CAST between numbers and between moments. From text: expression_cast_text.cpp, to text: expression_cast_print.cpp.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "jobs/expression_types.h"
#include "transforms/expression_calendar.h"
#include "transforms/expression_cast.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_order.h"

namespace tipple {
namespace {

template <typename T>
std::string number_text(T value, const DataType& type) {
  if constexpr (std::is_same_v<T, Int128>)
    return decimal_text(value, type.scale);
  else
    return fmt::format("{}", value);
}

// False: `value` is none of the target's.
template <typename To, typename From>
bool convert_number(From value, const DataType& from, const DataType& to, To* out) {
  if constexpr (std::is_same_v<From, Int128> && std::is_same_v<To, Int128>) {
    return rescale_decimal(value, from.scale, to.scale, to.precision, out);
  } else if constexpr (std::is_same_v<From, Int128> && std::is_floating_point_v<To>) {
    *out = static_cast<To>(decimal_double(value, from.scale));
    return true;
  } else if constexpr (std::is_same_v<From, Int128>) {
    const Int128 whole = divide_rounding(value, power_of_ten(from.scale));
    *out = static_cast<To>(whole);
    return *out == whole;
  } else if constexpr (std::is_same_v<To, Int128> && std::is_floating_point_v<From>) {
    return decimal_of_double(static_cast<double>(value), to.scale, to.precision, out);
  } else if constexpr (std::is_same_v<To, Int128>) {
    return rescale_decimal(value, 0, to.scale, to.precision, out);
  } else if constexpr (std::is_floating_point_v<From> && std::is_floating_point_v<To>) {
    *out = static_cast<To>(value);
    return std::isinf(*out) == std::isinf(value) && (*out == 0) == (value == 0);
  } else if constexpr (std::is_floating_point_v<From>) {
    // Halves to even; the bounds are powers of two, exact in any float.
    const From whole = std::nearbyint(value);
    const From above = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    if (!(whole < above) || !(whole >= (std::is_signed_v<To> ? -above : From{0}))) return false;
    *out = static_cast<To>(whole);
    return true;
  } else if constexpr (std::is_floating_point_v<To>) {
    *out = static_cast<To>(value);
    return true;
  } else {
    *out = static_cast<To>(value);
    return std::in_range<To>(value);
  }
}

template <typename From, typename To>
constexpr bool kNeverFails = (std::is_integral_v<From> && std::is_floating_point_v<To>) ||
                             (std::is_same_v<From, float> && std::is_same_v<To, double>) ||
                             (std::is_integral_v<From> && std::is_integral_v<To> &&
                              std::is_signed_v<From> == std::is_signed_v<To> && sizeof(To) >= sizeof(From)) ||
                             (std::is_integral_v<From> && std::is_integral_v<To> && std::is_unsigned_v<From> &&
                              std::is_signed_v<To> && sizeof(To) > sizeof(From));

template <typename From, typename To>
Result<ExprVector> cast_number(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ExprVector& source = arguments[0];
  const ExprValues<From> values(source);
  if constexpr (kNeverFails<From, To>) {
    if (!source.scalar) {
      return map_total<To>(context, call.type(), arguments,
                           [values](std::int64_t row) { return static_cast<To>(values.in_column(row)); });
    }
    return map_total<To>(context, call.type(), arguments,
                         [values](std::int64_t row) { return static_cast<To>(values[row]); });
  }
  return map_values<To>(context, call.type(), arguments, [&, values](std::int64_t row, To* out) {
    const From value = values[row];
    if (convert_number(value, source.type, call.type(), out)) [[likely]]
      return true;
    context.fault(
        row, "overflow",
        fmt::format("{} is out of the range of {}", number_text(value, source.type), call.type().to_string()));
    *out = To{};
    return false;
  });
}

template <typename From>
ExprKernel number_cast_from(TypeKind to) {
  switch (to) {
    case TypeKind::kInt8:
      return cast_number<From, std::int8_t>;
    case TypeKind::kInt16:
      return cast_number<From, std::int16_t>;
    case TypeKind::kInt32:
      return cast_number<From, std::int32_t>;
    case TypeKind::kInt64:
      return cast_number<From, std::int64_t>;
    case TypeKind::kUint8:
      return cast_number<From, std::uint8_t>;
    case TypeKind::kUint16:
      return cast_number<From, std::uint16_t>;
    case TypeKind::kUint32:
      return cast_number<From, std::uint32_t>;
    case TypeKind::kUint64:
      return cast_number<From, std::uint64_t>;
    case TypeKind::kFloat32:
      return cast_number<From, float>;
    case TypeKind::kFloat64:
      return cast_number<From, double>;
    case TypeKind::kDecimal:
      return cast_number<From, Int128>;
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

template <typename T>
Result<ExprVector> bool_of(ExprContext& context, const ExprCall&, ExprArguments arguments) {
  return map_bits(context, arguments,
                  [values = ExprValues<T>(arguments[0])](std::int64_t row) { return values[row] != 0; });
}

Result<ExprVector> integer_of_bool(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const DataType& type = call.type();
  const auto fill = [&](auto zero) {
    using T = decltype(zero);
    return map_total<T>(context, type, arguments, [values = ExprValues<bool>(arguments[0])](std::int64_t row) {
      return values[row] ? T{1} : T{0};
    });
  };
  switch (value_bytes(type)) {
    case 1:
      return fill(std::int8_t{});
    case 2:
      return fill(std::int16_t{});
    case 4:
      return fill(std::int32_t{});
    default:
      return fill(std::int64_t{});
  }
}

ExprKernel number_cast(TypeKind from, TypeKind to) {
  DataType type;
  type.kind = from;
  return with_value_type(type, [to](auto zero) -> ExprKernel {
    using From = std::remove_cvref_t<decltype(zero)>;
    if constexpr (std::is_same_v<From, bool> || std::is_same_v<From, std::string_view>) {
      return nullptr;
    } else {
      if (to == TypeKind::kBool) return bool_of<From>;
      return number_cast_from<From>(to);
    }
  });
}

Result<ExprVector> same_values(ExprContext&, const ExprCall& call, ExprArguments arguments) {
  ExprVector result = arguments[0];
  result.type = call.type();
  result.array = nullptr;  // its Arrow type is another
  return result;
}

Result<ExprVector> timestamp_of_date(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_total<std::int64_t>(
      context, call.type(), arguments,
      [days = ExprValues<std::int32_t>(arguments[0])](std::int64_t row) { return days[row] * kDayMicros; });
}
Result<ExprVector> date_of_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_total<std::int32_t>(
      context, call.type(), arguments,
      [micros = ExprValues<std::int64_t>(arguments[0])](std::int64_t row) { return floor_days(micros[row]); });
}
Result<ExprVector> time_of_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_total<std::int64_t>(
      context, call.type(), arguments,
      [micros = ExprValues<std::int64_t>(arguments[0])](std::int64_t row) { return micros_of_day(micros[row]); });
}

}  // namespace

ExprKernel cast_kernel(const TypedExpr& expr) {
  if (expr.function != "cast") return nullptr;
  const DataType& from = expr.arguments.front().type;
  const DataType& to = expr.type;
  if (is_text(from.kind)) return text_cast_kernel(from, to);
  if (to.kind == TypeKind::kString || to.kind == TypeKind::kFixedString) return print_cast_kernel(from);
  if (from.kind == TypeKind::kBool) return integer_of_bool;
  if (is_number(from.kind)) return number_cast(from.kind, to.kind);
  if (from.kind == to.kind) return same_values;
  if (from.kind == TypeKind::kDate) return timestamp_of_date;
  return to.kind == TypeKind::kDate ? date_of_timestamp : time_of_timestamp;
}

}  // namespace tipple
