#include "transforms/expression_decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <arrow/util/decimal.h>

#include "base/check.h"
#include "transforms/expression_digits.h"

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
  if (!multiply_overflows(a, b, &product)) [[likely]] {
    *out = drop == 0 ? product : divide_rounding(product, power_of_ten(drop));
    return fits_precision(*out, precision);
  }
  const arrow::Decimal256 exact = wide(a) * wide(b);
  return narrow(drop == 0 ? exact : divide_wide(exact, wide_power(drop)), precision, out);
}

bool divide_decimals(Int128 a, Int128 b, int lift, int precision, Int128* out) {
  Int128 lifted;
  if (lift <= 38 && !multiply_overflows(a, power_of_ten(lift), &lifted)) [[likely]] {
    const Int128 sign = b >> 127;
    *out = divide_rounding((lifted ^ sign) - sign, (b ^ sign) - sign);
    return fits_precision(*out, precision);
  }
  if (lift > 76) return false;
  // 38 digits and as many zeros fit 76 digits; beyond, the quotient of 38-digit numbers could not fit either.
  const arrow::Decimal256 numerator = wide(a);
  if (!numerator.FitsInPrecision(76 - lift)) return false;
  return narrow(divide_wide(numerator.IncreaseScaleBy(lift), wide(b)), precision, out);
}

namespace {

constexpr std::uint64_t kNineteenDigits = 10'000'000'000'000'000'000U;
constexpr int kWordDigits = 19;

// All digits of `value`, at least `digits_min` of them.
char* put_wide(UInt128 value, int digits_min, char* out) {
  std::uint64_t parts[3];
  int count = 0;
  for (; count < 2 && value >= kNineteenDigits; ++count) {
    const Divided divided = divide_magnitudes(value, kNineteenDigits);
    parts[count] = static_cast<std::uint64_t>(divided.rest);
    value = divided.quotient;
  }
  const auto top = static_cast<std::uint64_t>(value);
  int zeros = digits_min - count * kWordDigits - digit_count(top);
  while (zeros-- > 0) *out++ = '0';
  out = put_number(top, out);
  while (count-- > 0) out = put_padded(parts[count], kWordDigits, out);
  return out;
}

}  // namespace

char* print_decimal(Int128 value, int scale, char* out) {
  *out = '-';
  out += value < 0 ? 1 : 0;
  const UInt128 size = magnitude(value);
  if (is_word(size) && scale < kWordDigits) {
    const auto unit = static_cast<std::uint64_t>(power_of_ten(scale));
    const auto small = static_cast<std::uint64_t>(size);
    const std::uint64_t whole = small / unit;
    out = put_number(whole, out);
    if (scale == 0) return out;
    *out++ = '.';
    return put_padded(small - whole * unit, scale, out);
  }
  char* end = put_wide(size, scale + 1, out);
  if (scale == 0) return end;
  std::memmove(end - scale + 1, end - scale, static_cast<std::size_t>(scale));
  *(end - scale) = '.';
  return end + 1;
}

std::string decimal_text(Int128 value, int scale) {
  char text[64];
  return std::string(text, print_decimal(value, scale, text));
}

double decimal_double(Int128 value, int scale) {
  constexpr Int128 kExact = Int128{1} << 53;
  if (scale <= 22 && value < kExact && value > -kExact) {
    constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return static_cast<double>(static_cast<std::int64_t>(value)) / kPowers[scale];  // both exact: rounded once
  }
  char text[64];
  double result = 0;
  std::from_chars(text, print_decimal(value, scale, text), result);
  return result;
}

namespace {

// |value| = mantissa * 10^(exponent - 14), to 15 digits.
struct FifteenDigits {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

// False: the product is too near to a half to tell, or the number is out of the range of exact powers.
bool read_quickly(double size, FifteenDigits* out) {
  if (!(size >= 1e-7 && size < 1e15)) return false;
  const int exponent = decimal_exponent(size);
  const double product = size * kExactPowersOfTen[14 - exponent];  // within 1/16: a step is 1/8 there
  if (!(product >= 1e14 && product < 1e15 - 1)) return false;
  const auto whole = static_cast<std::int64_t>(product);
  const double rest = product - static_cast<double>(whole);
  if (rest == 0.5) return false;
  *out = {whole + (rest > 0.5 ? 1 : 0), exponent};
  return true;
}

FifteenDigits read_printed(double size) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, size, std::chars_format::scientific, 14).ptr;
  FifteenDigits digits;
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') digits.mantissa = digits.mantissa * 10 + (*at - '0');
  }
  std::from_chars(at[1] == '+' ? at + 2 : at + 1, end, digits.exponent);
  return digits;
}

}  // namespace

bool decimal_of_double(double value, int scale, int precision, Int128* out) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e38) return false;
  // PostgreSQL takes the 15 digits that a double is sure of, so that 0.1::float8 is 0.1 exactly.
  const bool negative = std::signbit(value);
  FifteenDigits digits;
  if (!read_quickly(std::fabs(value), &digits)) digits = read_printed(std::fabs(value));
  const Int128 mantissa = digits.mantissa;
  const int exponent = digits.exponent;
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
