// Decimals as 128-bit integers, value * 10^scale. What does not fit 38 digits is told, never wrapped.
#pragma once

#include <cstdint>
#include <string>

namespace tipple {

using Int128 = __int128;

// 10^n, 0 <= n <= 38.
[[nodiscard]] constexpr Int128 power_of_ten(int n) {
  Int128 power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}

// |value| < 10^precision
[[nodiscard]] inline bool fits_precision(Int128 value, int precision) {
  static constexpr auto kPowers = [] {
    struct {
      Int128 of[39];
    } table{};
    for (int i = 0; i < 39; ++i) table.of[i] = power_of_ten(i);
    return table;
  }();
  const Int128 limit = kPowers.of[precision];
  return value < limit && value > -limit;
}

// value / divisor, halves away from zero. Precondition: divisor > 0.
[[nodiscard]] inline Int128 divide_rounding(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  const Int128 size = rest < 0 ? -rest : rest;
  return size >= divisor - size ? quotient + (value < 0 ? -1 : 1) : quotient;
}

// a * b / 10^drop, and a * 10^lift / b, halves away from zero. False: more than `precision` digits. Precondition: b !=
// 0 for the latter.
[[nodiscard]] bool multiply_decimals(Int128 a, Int128 b, int drop, int precision, Int128* out);
[[nodiscard]] bool divide_decimals(Int128 a, Int128 b, int lift, int precision, Int128* out);
// From one scale to another. False: too many digits.
[[nodiscard]] bool rescale_decimal(Int128 value, int from, int to, int precision, Int128* out);

[[nodiscard]] std::string decimal_text(Int128 value, int scale);
[[nodiscard]] double decimal_double(Int128 value, int scale);
// Halves away from zero. False: NaN, infinite, or too many digits.
[[nodiscard]] bool decimal_of_double(double value, int scale, int precision, Int128* out);

}  // namespace tipple
