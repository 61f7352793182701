// CAST between numbers, moments and their texts. From text is in expression_cast_text.cpp.
#include <charconv>
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
  if constexpr (kNeverFails<From, To>) {
    TIPPLE_TRY(ExprVector result, new_vector(context, call.type()));
    TIPPLE_RETURN_IF_ERROR(take_nulls(context, arguments, &result));
    To* out = result.mutable_values<To>();
    if (source.scalar) {
      std::fill(out, out + context.rows, static_cast<To>(source.at<From>(0)));
    } else {
      for (std::int64_t i = 0; i < context.rows; ++i) out[i] = static_cast<To>(source.at<From>(i));
    }
    return result;
  }
  return map_values<To>(context, call.type(), arguments, [&](std::int64_t row, To* out) {
    const From value = source.at<From>(row);
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
Result<ExprVector> bool_of(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<bool>(context, call.type(), arguments, [&](std::int64_t row, bool* out) {
    *out = arguments[0].at<T>(row) != 0;
    return true;
  });
}

Result<ExprVector> integer_of_bool(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const DataType& type = call.type();
  const auto fill = [&](auto zero) {
    using T = decltype(zero);
    return map_values<T>(context, type, arguments, [&](std::int64_t row, T* out) {
      *out = arguments[0].bool_at(row) ? T{1} : T{0};
      return true;
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
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    *out = arguments[0].at<std::int32_t>(row) * kDayMicros;
    return true;
  });
}
Result<ExprVector> date_of_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    *out = floor_days(arguments[0].at<std::int64_t>(row));
    return true;
  });
}
Result<ExprVector> time_of_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    *out = micros_of_day(arguments[0].at<std::int64_t>(row));
    return true;
  });
}

// Shortest digits that read back as the same number, as PostgreSQL prints them: 1e+15 is the first with an exponent
// (float32: 1e+06).
template <typename T>
std::size_t print_float(T value, char* out) {
  const auto put = [out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return text.size();
  };
  if (std::isnan(value)) return put("NaN");
  if (std::isinf(value)) return put(value < 0 ? "-Infinity" : "Infinity");
  const T size = std::fabs(value);
  const T large = std::is_same_v<T, float> ? T(1e6) : T(1e15);
  const bool plain = value == 0 || (size >= T(1e-4) && size < large);
  const auto form = plain ? std::chars_format::fixed : std::chars_format::scientific;
  return static_cast<std::size_t>(std::to_chars(out, out + 48, value, form).ptr - out);
}

// At most 64 bytes at `out`.
template <typename T>
std::size_t print_value(const ExprVector& vector, std::int64_t row, char* out) {
  const T value = value_at<T>(vector, row);
  const TypeKind kind = vector.type.kind;
  if (kind == TypeKind::kDate) return print_date(static_cast<std::int32_t>(value), out);
  if (kind == TypeKind::kTime) return print_time(static_cast<std::int64_t>(value), out);
  if (kind == TypeKind::kTimestamp) return print_timestamp(static_cast<std::int64_t>(value), vector.type.zoned, out);
  if constexpr (std::is_same_v<T, bool>) {
    const std::string_view text = value ? "true" : "false";
    std::memcpy(out, text.data(), text.size());
    return text.size();
  } else if constexpr (std::is_same_v<T, Int128>) {
    const std::string text = decimal_text(value, vector.type.scale);
    std::memcpy(out, text.data(), text.size());
    return text.size();
  } else if constexpr (std::is_floating_point_v<T>) {
    return print_float(value, out);
  } else {
    return static_cast<std::size_t>(std::to_chars(out, out + 32, value).ptr - out);
  }
}

Result<ExprVector> print(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ExprVector& source = arguments[0];
  return with_value_type(source.type, [&](auto zero) -> Result<ExprVector> {
    using T = std::remove_cvref_t<decltype(zero)>;
    if constexpr (std::is_same_v<T, std::string_view>) {
      return text_as_text(context, call, arguments);
    } else {
      return map_text(context, call.type(), arguments, context.rows * 12, [&](std::int64_t row, ExprTextBuilder& out) {
        char text[64];
        const std::size_t bytes = print_value<T>(source, row, text);
        if (call.type().kind == TypeKind::kFixedString && bytes > call.type().width) {
          context.fault(row, "cast",
                        fmt::format("'{}' is longer than {} bytes", std::string_view(text, bytes), call.type().width));
          return false;
        }
        out.append({text, bytes});
        return true;
      });
    }
  });
}

}  // namespace

std::size_t print_date(std::int32_t days, char* out) {
  const CivilDate date = civil_from_days(days);
  return static_cast<std::size_t>(fmt::format_to(out, "{:04}-{:02}-{:02}", date.year, date.month, date.day) - out);
}

std::size_t print_time(std::int64_t micros, char* out) {
  const std::int64_t seconds = micros / kMicrosPerSecond;
  char* end = fmt::format_to(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (micros % kMicrosPerSecond != 0) {
    end = fmt::format_to(end, ".{:06}", micros % kMicrosPerSecond);
    while (end[-1] == '0') --end;
  }
  return static_cast<std::size_t>(end - out);
}

std::size_t print_timestamp(std::int64_t micros, bool zoned, char* out) {
  std::size_t bytes = print_date(floor_days(micros), out);
  out[bytes++] = ' ';
  bytes += print_time(micros_of_day(micros), out + bytes);
  if (!zoned) return bytes;
  std::memcpy(out + bytes, "+00", 3);
  return bytes + 3;
}

ExprKernel cast_kernel(const TypedExpr& expr) {
  if (expr.function != "cast") return nullptr;
  const DataType& from = expr.arguments.front().type;
  const DataType& to = expr.type;
  if (is_text(from.kind)) return text_cast_kernel(from, to);
  if (to.kind == TypeKind::kString || to.kind == TypeKind::kFixedString) return print;
  if (from.kind == TypeKind::kBool) return integer_of_bool;
  if (is_number(from.kind)) return number_cast(from.kind, to.kind);
  if (from.kind == to.kind) return same_values;
  if (from.kind == TypeKind::kDate) return timestamp_of_date;
  return to.kind == TypeKind::kDate ? date_of_timestamp : time_of_timestamp;
}

}  // namespace tipple
