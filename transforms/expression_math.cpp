// Functions of numbers. What has no value (the logarithm of 0, the root of -1) is a fault "domain", as PostgreSQL
// raises an error.
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "formats/csv_number.h"  // the powers of ten
#include "transforms/expression_decimal.h"
#include "transforms/expression_rows.h"

namespace tipple {
namespace {

struct Outcome {
  double value = 0;
  const char* rule = nullptr;
};

Outcome good(double value) { return {value, nullptr}; }
Outcome domain() { return {0, "domain"}; }
// Infinite out of finite arguments.
Outcome checked(double value, double x) {
  if (std::isinf(value) && !std::isinf(x)) return {0, "overflow"};
  return {value, nullptr};
}

using OfOne = Outcome (*)(double);
using OfTwo = Outcome (*)(double, double);

Outcome sqrt_of(double x) { return x < 0 ? domain() : good(std::sqrt(x)); }
Outcome cbrt_of(double x) {
  // The library's answer may be one bit off: a step of Newton's makes it exact for cubes.
  const double root = std::cbrt(x);
  const double better = root - (root * root * root - x) / (3 * root * root);
  return good(std::isfinite(better) ? better : root);
}
Outcome exp_of(double x) {
  const double value = std::exp(x);
  if (value == 0 && !std::isinf(x)) return {0, "overflow"};
  return checked(value, x);
}
Outcome ln_of(double x) { return x <= 0 ? domain() : good(std::log(x)); }
Outcome log10_of(double x) { return x <= 0 ? domain() : good(std::log10(x)); }
Outcome sin_of(double x) { return std::isinf(x) ? domain() : good(std::sin(x)); }
Outcome cos_of(double x) { return std::isinf(x) ? domain() : good(std::cos(x)); }
Outcome tan_of(double x) { return std::isinf(x) ? domain() : good(std::tan(x)); }
Outcome asin_of(double x) { return x < -1 || x > 1 ? domain() : good(std::asin(x)); }
Outcome acos_of(double x) { return x < -1 || x > 1 ? domain() : good(std::acos(x)); }
Outcome atan_of(double x) { return good(std::atan(x)); }
Outcome degrees_of(double x) { return checked(x / (std::numbers::pi / 180), x); }
Outcome radians_of(double x) { return good(x * (std::numbers::pi / 180)); }
Outcome ceil_of(double x) { return good(std::ceil(x)); }
Outcome floor_of(double x) { return good(std::floor(x)); }
Outcome round_of(double x) { return good(std::nearbyint(x)); }
Outcome trunc_of(double x) { return good(std::trunc(x)); }
Outcome sign_of(double x) { return good(std::isnan(x) ? x : static_cast<double>((x > 0) - (x < 0))); }

Outcome atan2_of(double y, double x) { return good(std::atan2(y, x)); }
Outcome power_of(double x, double y) {
  if (x == 0 && y < 0) return domain();
  if (x < 0 && std::isfinite(x) && std::isfinite(y) && std::floor(y) != y) return domain();
  const double value = std::pow(x, y);
  const bool finite = std::isfinite(x) && std::isfinite(y);
  if (finite && (std::isinf(value) || (value == 0 && x != 0))) return {0, "overflow"};
  return good(value);
}
Outcome log_of(double base, double x) {
  if (base <= 0 || x <= 0 || base == 1) return domain();
  return good(std::log(x) / std::log(base));
}
// PostgreSQL rounds decimals only; of a float64 the digits that its shortest text has are rounded, halves away from
// zero.
Outcome scaled(double x, double digits, double (*whole)(double)) {
  if (!std::isfinite(x) || digits > 308) return good(x);
  if (digits < -308) return good(0);
  const double places = std::fabs(digits);
  const double power = places <= 22 && places == std::floor(places) ? kExactPowersOfTen[static_cast<int>(places)]
                                                                    : std::pow(10.0, places);
  const double moved = digits < 0 ? x / power : x * power;
  if (!std::isfinite(moved) || std::fabs(moved) >= 9007199254740992.0) return good(x);
  // 2.675 * 100 is 267.49999999999994: within the last bits of a half or a whole it is meant to be one.
  const double snapped = std::fabs(moved * 2 - std::nearbyint(moved * 2)) <= std::fabs(moved) * 4e-16
                             ? std::nearbyint(moved * 2) / 2
                             : moved;
  const double result = whole(snapped);
  return good(digits < 0 ? result * power : result / power);
}
Outcome round_digits(double x, double digits) {
  return scaled(x, digits, [](double v) { return std::round(v); });
}
Outcome trunc_digits(double x, double digits) {
  return scaled(x, digits, [](double v) { return std::trunc(v); });
}

std::string fault_text(const char* rule, const std::string& call) {
  return rule == std::string_view("overflow") ? call + " is out of the range of float64" : call + " has no value";
}

template <OfOne kFunction>
Result<ExprVector> of_one(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<double>(
      context, call.type(), arguments, [&, values = ExprValues<double>(arguments[0])](std::int64_t row, double* out) {
        const double x = values[row];
        const Outcome outcome = kFunction(x);
        *out = outcome.value;
        if (outcome.rule == nullptr) [[likely]]
          return true;
        context.fault(row, outcome.rule, fault_text(outcome.rule, fmt::format("{}({})", call.expr->function, x)));
        return false;
      });
}

template <OfTwo kFunction, typename Second = double>
Result<ExprVector> of_two(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<double>(
      context, call.type(), arguments,
      [&, xs = ExprValues<double>(arguments[0]), ys = ExprValues<Second>(arguments[1])](std::int64_t row, double* out) {
        const double x = xs[row];
        const auto y = ys[row];
        const Outcome outcome = kFunction(x, static_cast<double>(y));
        *out = outcome.value;
        if (outcome.rule == nullptr) [[likely]]
          return true;
        context.fault(row, outcome.rule,
                      fault_text(outcome.rule, fmt::format("{}({}, {})", call.expr->function, x, y)));
        return false;
      });
}

Result<ExprVector> pi(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<double>(context, call.type(), arguments, [](std::int64_t, double* out) {
    *out = std::numbers::pi;
    return true;
  });
}

constexpr int kDigitsMax = 38;

enum class Towards { kNearest, kZero, kAbove, kBelow };

Int128 whole_part(Int128 value, Int128 unit, Towards towards) {
  if (towards == Towards::kNearest) return divide_rounding(value, unit);
  const Divided divided = divide_magnitudes(magnitude(value), static_cast<UInt128>(unit));
  const auto sign = static_cast<UInt128>(value >> 127);
  const bool rest = divided.rest != 0;
  const bool away = rest & (towards == Towards::kAbove ? value > 0 : (towards == Towards::kBelow) & (value < 0));
  return static_cast<Int128>(((divided.quotient + UInt128{away}) ^ sign) - sign);
}

// To `digits` after the point, then to the result's scale.
template <Towards kTowards>
Result<ExprVector> round_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const int scale = arguments[0].type.scale;
  const int result_scale = call.type().scale;
  return map_values<Int128>(
      context, call.type(), arguments,
      [&, scale, result_scale, with_digits = arguments.size() == 2, values = ExprValues<Int128>(arguments[0]),
       places = ExprValues<std::int64_t>(arguments.back())](std::int64_t row, Int128* out) {
        const Int128 value = values[row];
        const std::int64_t wanted = with_digits ? places[row] : 0;
        const std::int64_t digits = std::min<std::int64_t>(wanted, scale);
        *out = 0;
        if (scale - digits > kDigitsMax) return true;  // nothing is left of it
        const Int128 unit = power_of_ten(static_cast<int>(scale - digits));
        Int128 rounded = 0;
        if (multiply_overflows(whole_part(value, unit, kTowards), unit, &rounded) ||
            !rescale_decimal(rounded, scale, result_scale, call.type().precision, out)) {
          context.fault(
              row, "overflow",
              fmt::format("{} rounded is out of the range of {}", decimal_text(value, scale), call.type().to_string()));
          return false;
        }
        return true;
      });
}

Result<ExprVector> sign_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_total<Int128>(context, call.type(), arguments,
                           [values = ExprValues<Int128>(arguments[0])](std::int64_t row) {
                             const Int128 value = values[row];
                             return Int128{(value > 0) - (value < 0)};
                           });
}

struct Named {
  std::string_view name;
  ExprKernel floats;
  ExprKernel floats_two = nullptr;
  ExprKernel decimals = nullptr;
};

constexpr Named kFunctions[] = {
    {"sqrt", of_one<sqrt_of>},
    {"cbrt", of_one<cbrt_of>},
    {"exp", of_one<exp_of>},
    {"ln", of_one<ln_of>},
    {"log", of_one<log10_of>, of_two<log_of>},
    {"sin", of_one<sin_of>},
    {"cos", of_one<cos_of>},
    {"tan", of_one<tan_of>},
    {"asin", of_one<asin_of>},
    {"acos", of_one<acos_of>},
    {"atan", of_one<atan_of>},
    {"atan2", nullptr, of_two<atan2_of>},
    {"degrees", of_one<degrees_of>},
    {"radians", of_one<radians_of>},
    {"power", nullptr, of_two<power_of>},
    {"ceil", of_one<ceil_of>, nullptr, round_decimal<Towards::kAbove>},
    {"floor", of_one<floor_of>, nullptr, round_decimal<Towards::kBelow>},
    {"round", of_one<round_of>, of_two<round_digits, std::int64_t>, round_decimal<Towards::kNearest>},
    {"trunc", of_one<trunc_of>, of_two<trunc_digits, std::int64_t>, round_decimal<Towards::kZero>},
    {"sign", of_one<sign_of>, nullptr, sign_decimal},
    {"pi", pi},
};

}  // namespace

ExprKernel math_kernel(const TypedExpr& expr) {
  for (const Named& function : kFunctions) {
    if (expr.function != function.name) continue;
    if (expr.type.kind == TypeKind::kDecimal) return function.decimals;
    return expr.arguments.size() == 2 ? function.floats_two : function.floats;
  }
  return nullptr;
}

}  // namespace tipple
