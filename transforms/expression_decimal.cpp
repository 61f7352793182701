#include "transforms/expression_decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <arrow/util/decimal.h>

#include "base/check.h"

namespace tipple {
namespace {

arrow::Decimal256 wide(Int128 value) {
  return arrow::Decimal256(
      arrow::Decimal128(static_cast<std::int64_t>(value >> 64), static_cast<std::uint64_t>(value)));
}

bool narrow(const arrow::Decimal256& value, int precision, Int128* out) {
  if (!value.FitsInPrecision(precision)) return false;
  const auto& words = value.little_endian_array();
  *out = static_cast<Int128>(static_cast<unsigned __int128>(words[1]) << 64 | words[0]);
  return true;
}

// Numbers of 256 bits, for what 128 cannot hold on the way.
arrow::Decimal256 divide_wide(const arrow::Decimal256& value, const arrow::Decimal256& divisor) {
  const auto divided = value.Divide(divisor);
  TIPPLE_CHECK(divided.ok(), "a divisor of zero");
  const auto& [quotient, rest] = *divided;
  const arrow::Decimal256 twice = arrow::Decimal256::Abs(rest) * arrow::Decimal256(2);
  if (twice < arrow::Decimal256::Abs(divisor)) return quotient;
  const bool negative = value.IsNegative() != divisor.IsNegative();
  return quotient + arrow::Decimal256(negative ? -1 : 1);
}

arrow::Decimal256 wide_power(int n) { return arrow::Decimal256(1).IncreaseScaleBy(n); }

}  // namespace

bool multiply_decimals(Int128 a, Int128 b, int drop, int precision, Int128* out) {
  Int128 product;
  if (!__builtin_mul_overflow(a, b, &product)) {
    *out = drop == 0 ? product : divide_rounding(product, power_of_ten(drop));
    return fits_precision(*out, precision);
  }
  const arrow::Decimal256 exact = wide(a) * wide(b);
  return narrow(drop == 0 ? exact : divide_wide(exact, wide_power(drop)), precision, out);
}

bool divide_decimals(Int128 a, Int128 b, int lift, int precision, Int128* out) {
  Int128 lifted;
  if (lift <= 38 && !__builtin_mul_overflow(a, power_of_ten(lift), &lifted)) {
    const bool negative = b < 0;
    *out = divide_rounding(negative ? -lifted : lifted, negative ? -b : b);
    return fits_precision(*out, precision);
  }
  if (lift > 76) return false;
  // 38 digits and as many zeros fit 76 digits; beyond, the quotient of 38-digit numbers could not fit either.
  const arrow::Decimal256 numerator = wide(a);
  if (!numerator.FitsInPrecision(76 - lift)) return false;
  return narrow(divide_wide(numerator.IncreaseScaleBy(lift), wide(b)), precision, out);
}

bool rescale_decimal(Int128 value, int from, int to, int precision, Int128* out) {
  if (to < from) {
    *out = divide_rounding(value, power_of_ten(from - to));
  } else if (__builtin_mul_overflow(value, power_of_ten(to - from), out)) {
    return false;
  }
  return fits_precision(*out, precision);
}

std::string decimal_text(Int128 value, int scale) {
  const bool negative = value < 0;
  unsigned __int128 size = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string text;
  for (int digit = 0; size != 0 || digit <= scale; ++digit) {
    if (digit == scale && scale > 0) text += '.';
    text += static_cast<char>('0' + static_cast<int>(size % 10));
    size /= 10;
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

double decimal_double(Int128 value, int scale) {
  constexpr Int128 kExact = Int128{1} << 53;
  if (scale <= 22 && value < kExact && value > -kExact) {
    constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return static_cast<double>(static_cast<std::int64_t>(value)) / kPowers[scale];  // both exact: rounded once
  }
  const std::string text = decimal_text(value, scale);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

bool decimal_of_double(double value, int scale, int precision, Int128* out) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e38) return false;
  // PostgreSQL takes the 15 digits that a double is sure of, so that 0.1::float8 is 0.1 exactly.
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 14).ptr;
  Int128 mantissa = 0;
  const char* at = text;
  const bool negative = *at == '-';
  if (negative) ++at;
  for (; *at != 'e'; ++at) {
    if (*at != '.') mantissa = mantissa * 10 + (*at - '0');
  }
  int exponent = 0;
  std::from_chars(at[1] == '+' ? at + 2 : at + 1, end, exponent);
  const int power = exponent - 14 + scale;  // value * 10^scale = mantissa * 10^power
  if (power < -37) {
    *out = 0;
    return true;
  }
  Int128 scaled = mantissa;
  if (power < 0)
    scaled = divide_rounding(mantissa, power_of_ten(-power));
  else if (power > 38 || __builtin_mul_overflow(mantissa, power_of_ten(power), &scaled))
    return mantissa == 0 && (*out = 0, true);
  *out = negative ? -scaled : scaled;
  return fits_precision(*out, precision);
}

}  // namespace tipple
