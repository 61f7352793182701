// + - * / % and the sign, for integers, floats and decimals. A first loop computes all rows and gathers whether any is
// at fault; only then a second one looks for the rows.
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "base/check.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_order.h"
#include "transforms/expression_vector.h"

namespace tipple {
namespace {

constexpr const char* kOverflow = "overflow";
constexpr const char* kDivision = "division_by_zero";

// Operators: of(a, b, flags) is total; flags is negative afterwards if a row was at fault. rule() says which fault, or
// null.
template <typename T>
using Flags = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

template <typename T>
Flags<T> flag(bool fault) {
  return fault ? std::numeric_limits<Flags<T>>::min() : 0;
}

template <typename T>
bool overflowed(T result, T a, T b) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  return (std::fabs(result) == kInfinity) & (std::fabs(a) != kInfinity) & (std::fabs(b) != kInfinity);
}

// The rule of operators whose only fault is overflow.
template <typename Op>
struct OverflowRule {
  template <typename T>
  static const char* rule(T a, T b) {
    Flags<T> flags = 0;
    Op::of(a, b, flags);
    return flags < 0 ? kOverflow : nullptr;
  }
};

struct Add : OverflowRule<Add> {
  static constexpr const char* kSymbol = "+";
  template <typename T>
  static T of(T a, T b, Flags<T>& flags) {
    if constexpr (std::is_floating_point_v<T>) {
      const T sum = a + b;
      flags |= flag<T>(overflowed(sum, a, b));
      return sum;
    } else {
      using U = std::make_unsigned_t<T>;
      const T sum = static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
      if constexpr (std::is_signed_v<T>)
        flags |= (a ^ sum) & (b ^ sum);
      else
        flags |= flag<T>(sum < a);
      return sum;
    }
  }
};

struct Subtract : OverflowRule<Subtract> {
  static constexpr const char* kSymbol = "-";
  template <typename T>
  static T of(T a, T b, Flags<T>& flags) {
    if constexpr (std::is_floating_point_v<T>) {
      const T difference = a - b;
      flags |= flag<T>(overflowed(difference, a, b));
      return difference;
    } else {
      using U = std::make_unsigned_t<T>;
      const T difference = static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
      if constexpr (std::is_signed_v<T>)
        flags |= (a ^ b) & (a ^ difference);
      else
        flags |= flag<T>(a < b);
      return difference;
    }
  }
};

struct Multiply : OverflowRule<Multiply> {
  static constexpr const char* kSymbol = "*";
  template <typename T>
  static T of(T a, T b, Flags<T>& flags) {
    if constexpr (std::is_floating_point_v<T>) {
      const T product = a * b;
      // PostgreSQL has an underflow to zero as a fault, too.
      flags |= flag<T>(overflowed(product, a, b) | ((product == 0) & (a != 0) & (b != 0)));
      return product;
    } else if constexpr (sizeof(T) == 4 && std::is_signed_v<T>) {
      const std::int64_t product = std::int64_t{a} * b;
      flags |= flag<T>(product != static_cast<T>(product));
      return static_cast<T>(product);
    } else {
      T product;
      flags |= flag<T>(__builtin_mul_overflow(a, b, &product));
      return product;
    }
  }
};

struct Divide {
  static constexpr const char* kSymbol = "/";
  template <typename T>
  static T of(T a, T b, Flags<T>& flags) {
    if constexpr (std::is_floating_point_v<T>) {
      const T quotient = a / b;
      flags |= flag<T>((b == 0) | overflowed(quotient, a, b) |
                       ((quotient == 0) & (a != 0) & (std::fabs(b) != std::numeric_limits<T>::infinity())));
      return quotient;
    } else {
      const bool fault = rule(a, b) != nullptr;
      flags |= flag<T>(fault);
      return fault ? T{} : static_cast<T>(a / b);
    }
  }
  template <typename T>
  static const char* rule(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (b == 0 && !std::isnan(a)) return kDivision;
      const T quotient = a / b;
      const bool underflow = quotient == 0 && a != 0 && !std::isinf(b);
      return b != 0 && (overflowed(quotient, a, b) || underflow) ? kOverflow : nullptr;
    } else {
      if (b == 0) return kDivision;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1 && a == std::numeric_limits<T>::min()) return kOverflow;
      }
      return nullptr;
    }
  }
};

struct Modulo {
  static constexpr const char* kSymbol = "%";
  template <typename T>
  static T of(T a, T b, Flags<T>& flags) {
    if constexpr (std::is_floating_point_v<T>) {
      flags |= flag<T>(b == 0);
      return std::fmod(a, b);
    } else {
      flags |= flag<T>(b == 0);
      if (b == 0) return T{};
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return T{};  // divides everything, but the processor faults on the smallest number
      }
      return static_cast<T>(a % b);
    }
  }
  template <typename T>
  static const char* rule(T, T b) {
    return b == 0 ? kDivision : nullptr;
  }
};

template <typename T>
const T* pointer(const ExprVector& vector) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(vector.values) % alignof(T) == 0;
  TIPPLE_CHECK(aligned, "Arrow's buffers are aligned to their values");
  return reinterpret_cast<const T*>(vector.values);
}

template <typename Op, typename T>
Flags<T> compute(const ExprVector& a, const ExprVector& b, std::int64_t rows, T* __restrict out) {
  const T* left = pointer<T>(a);
  const T* right = pointer<T>(b);
  Flags<T> flags = 0;
  if (a.scalar) {
    const T value = *left;
    if (b.scalar) {
      for (std::int64_t i = 0; i < rows; ++i) out[i] = Op::of(value, *right, flags);
    } else {
      for (std::int64_t i = 0; i < rows; ++i) out[i] = Op::of(value, right[i], flags);
    }
  } else if (b.scalar) {
    const T value = *right;
    for (std::int64_t i = 0; i < rows; ++i) out[i] = Op::of(left[i], value, flags);
  } else {
    for (std::int64_t i = 0; i < rows; ++i) out[i] = Op::of(left[i], right[i], flags);
  }
  return flags;
}

std::string reason_of(const char* rule, const std::string& left, const char* symbol, const std::string& right,
                      const DataType& type) {
  if (rule == kDivision) return fmt::format("{} {} {}: division by zero", left, symbol, right);
  return fmt::format("{} {} {} is out of the range of {}", left, symbol, right, type.to_string());
}

template <typename Op, typename T>
Result<ExprVector> binary(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  TIPPLE_TRY(ExprVector result, new_vector(context, call.type()));
  TIPPLE_RETURN_IF_ERROR(take_nulls(context, arguments, &result));
  const ExprVector& a = arguments[0];
  const ExprVector& b = arguments[1];
  if (compute<Op, T>(a, b, context.rows, result.template mutable_values<T>()) >= 0) return result;
  for (std::int64_t row = 0; row < context.rows; ++row) {
    if (!a.is_valid(row) || !b.is_valid(row) || !context.is_active(row)) continue;
    const char* rule = Op::template rule<T>(a.at<T>(row), b.at<T>(row));
    if (rule == nullptr) continue;
    context.fault(
        row, rule,
        reason_of(rule, fmt::format("{}", a.at<T>(row)), Op::kSymbol, fmt::format("{}", b.at<T>(row)), call.type()));
    TIPPLE_RETURN_IF_ERROR(set_null(context, &result, row));
  }
  return result;
}

template <typename Op>
ExprKernel binary_of(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt32:
      return binary<Op, std::int32_t>;
    case TypeKind::kInt64:
      return binary<Op, std::int64_t>;
    case TypeKind::kUint64:
      return binary<Op, std::uint64_t>;
    case TypeKind::kFloat32:
      return binary<Op, float>;
    case TypeKind::kFloat64:
      return binary<Op, double>;
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kDecimal:
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

// f(a, b, out) -> rule or null.
template <typename F>
Result<ExprVector> binary_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments,
                                  const char* symbol, const F& f) {
  const ExprVector& a = arguments[0];
  const ExprVector& b = arguments[1];
  return map_values<Int128>(
      context, call.type(), arguments,
      [&, f, lefts = ExprValues<Int128>(a), rights = ExprValues<Int128>(b)](std::int64_t row, Int128* out) {
        const Int128 left = lefts[row];
        const Int128 right = rights[row];
        const char* rule = f(left, right, out);
        if (rule == nullptr) [[likely]]
          return true;
        context.fault(
            row, rule,
            reason_of(rule, decimal_text(left, a.type.scale), symbol, decimal_text(right, b.type.scale), call.type()));
        *out = 0;
        return false;
      });
}

Result<ExprVector> add_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return binary_decimal(
      context, call, arguments, "+", [precision = call.type().precision](Int128 a, Int128 b, Int128* out) {
        return __builtin_add_overflow(a, b, out) || !fits_precision(*out, precision) ? kOverflow : nullptr;
      });
}
Result<ExprVector> subtract_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return binary_decimal(
      context, call, arguments, "-", [precision = call.type().precision](Int128 a, Int128 b, Int128* out) {
        return __builtin_sub_overflow(a, b, out) || !fits_precision(*out, precision) ? kOverflow : nullptr;
      });
}
Result<ExprVector> multiply_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const int drop = arguments[0].type.scale + arguments[1].type.scale - call.type().scale;
  return binary_decimal(context, call, arguments, "*",
                        [drop, precision = call.type().precision](Int128 a, Int128 b, Int128* out) {
                          return multiply_decimals(a, b, drop, precision, out) ? nullptr : kOverflow;
                        });
}
Result<ExprVector> divide_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const int lift = call.type().scale - arguments[0].type.scale + arguments[1].type.scale;
  return binary_decimal(context, call, arguments, "/",
                        [lift, precision = call.type().precision](Int128 a, Int128 b, Int128* out) {
                          if (b == 0) return kDivision;
                          return divide_decimals(a, b, lift, precision, out) ? nullptr : kOverflow;
                        });
}
Result<ExprVector> modulo_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return binary_decimal(context, call, arguments, "%", [](Int128 a, Int128 b, Int128* out) {
    if (b == 0) return kDivision;
    *out = decimal_rest(a, b);
    return static_cast<const char*>(nullptr);
  });
}

ExprKernel decimal_of(const std::string& name) {
  if (name == "add") return add_decimal;
  if (name == "subtract") return subtract_decimal;
  if (name == "multiply") return multiply_decimal;
  if (name == "divide") return divide_decimal;
  return modulo_decimal;
}

// f(value) -> value, negate and abs; the smallest integer has no positive twin.
template <typename T, bool kAbsolute>
Result<ExprVector> sign_change(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ExprValues<T> values(arguments[0]);
  if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, Int128>) {
    const auto changed = [](T value) {
      if constexpr (kAbsolute && std::is_floating_point_v<T>)
        return std::fabs(value);
      else
        return kAbsolute && value > 0 ? value : static_cast<T>(-value);
    };
    if (!arguments[0].scalar) {
      return map_total<T>(context, call.type(), arguments,
                          [values, changed](std::int64_t row) { return changed(values.in_column(row)); });
    }
    return map_total<T>(context, call.type(), arguments,
                        [values, changed](std::int64_t row) { return changed(values[row]); });
  } else {
    return map_values<T>(context, call.type(), arguments, [&, values](std::int64_t row, T* out) {
      const T value = values[row];
      if (kAbsolute && (value > 0 || value == 0)) {
        *out = value;
        return true;
      }
      if (!__builtin_sub_overflow(T{}, value, out)) return true;
      context.fault(row, kOverflow, fmt::format("-({}) is out of the range of {}", value, call.type().to_string()));
      *out = T{};
      return false;
    });
  }
}

template <bool kAbsolute>
ExprKernel sign_change_of(const DataType& type) {
  if (type.kind == TypeKind::kInt32) return sign_change<std::int32_t, kAbsolute>;
  if (type.kind == TypeKind::kInt64) return sign_change<std::int64_t, kAbsolute>;
  if (type.kind == TypeKind::kUint64) return sign_change<std::uint64_t, kAbsolute>;
  if (type.kind == TypeKind::kFloat32) return sign_change<float, kAbsolute>;
  if (type.kind == TypeKind::kFloat64) return sign_change<double, kAbsolute>;
  return sign_change<Int128, kAbsolute>;
}

}  // namespace

ExprKernel arithmetic_kernel(const TypedExpr& expr) {
  const std::string& name = expr.function;
  if (name == "negate") return sign_change_of<false>(expr.type);
  if (name == "abs") return sign_change_of<true>(expr.type);
  const bool known = name == "add" || name == "subtract" || name == "multiply" || name == "divide" || name == "modulo";
  if (!known) return nullptr;
  if (expr.type.kind == TypeKind::kDecimal) return decimal_of(name);
  if (name == "add") return binary_of<Add>(expr.type);
  if (name == "subtract") return binary_of<Subtract>(expr.type);
  if (name == "multiply") return binary_of<Multiply>(expr.type);
  if (name == "divide") return binary_of<Divide>(expr.type);
  return binary_of<Modulo>(expr.type);
}

}  // namespace tipple
