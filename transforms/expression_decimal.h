// Decimals as 128-bit integers, value * 10^scale. What does not fit 38 digits is told, never wrapped.
#pragma once

#include <cstdint>
#include <string>

namespace tipple {

using Int128 = __int128;
using UInt128 = unsigned __int128;

namespace decimal_detail {
struct Powers {
  Int128 of[39];
};
inline constexpr Powers kPowers = [] {
  Powers powers{};
  powers.of[0] = 1;
  for (int i = 1; i < 39; ++i) powers.of[i] = powers.of[i - 1] * 10;
  return powers;
}();
}  // namespace decimal_detail

// 10^n, 0 <= n <= 38.
[[nodiscard]] constexpr Int128 power_of_ten(int n) { return decimal_detail::kPowers.of[n]; }

// |value| < 10^precision
[[nodiscard]] inline bool fits_precision(Int128 value, int precision) {
  const Int128 limit = power_of_ten(precision);
  return value < limit && value > -limit;
}

[[nodiscard]] inline UInt128 magnitude(Int128 value) {
  const auto sign = static_cast<UInt128>(value >> 127);
  return (static_cast<UInt128>(value) ^ sign) - sign;
}
[[nodiscard]] inline bool is_word(Int128 value) { return value == static_cast<std::int64_t>(value); }
[[nodiscard]] inline bool is_word(UInt128 value) { return value == static_cast<std::uint64_t>(value); }

// a * b. True: it has more than 128 bits. Most decimals have 64: their product is one instruction.
[[nodiscard]] inline bool multiply_overflows(Int128 a, Int128 b, Int128* out) {
  if (!is_word(a) || !is_word(b)) [[unlikely]]
    return __builtin_mul_overflow(a, b, out);
  *out = Int128{static_cast<std::int64_t>(a)} * static_cast<std::int64_t>(b);
  return false;
}

struct Divided {
  UInt128 quotient;
  UInt128 rest;
};
// Precondition: divisor != 0.
[[nodiscard]] inline Divided divide_magnitudes(UInt128 value, UInt128 divisor) {
  if (is_word(value) && is_word(divisor)) [[likely]] {
    const auto small = static_cast<std::uint64_t>(value);
    const auto by = static_cast<std::uint64_t>(divisor);
    return {small / by, small % by};
  }
#if defined(__x86_64__)
  // The compiler's own division is a call that divides twice for the quotient, and again for the rest.
  if (is_word(divisor)) {
    const auto by = static_cast<std::uint64_t>(divisor);
    auto high = static_cast<std::uint64_t>(value >> 64);
    const std::uint64_t quotient_high = high < by ? 0 : high / by;
    high -= quotient_high * by;
    std::uint64_t quotient_low;
    std::uint64_t rest;
    asm("divq %4" : "=a"(quotient_low), "=d"(rest) : "a"(static_cast<std::uint64_t>(value)), "d"(high), "r"(by) : "cc");
    return {UInt128{quotient_high} << 64 | quotient_low, rest};
  }
#endif
  const UInt128 quotient = value / divisor;
  return {quotient, value - quotient * divisor};
}

// value / divisor, halves away from zero. Precondition: divisor > 0.
[[nodiscard]] inline Int128 divide_rounding(Int128 value, Int128 divisor) {
  if (is_word(value) && is_word(divisor)) [[likely]] {
    // No branch on the sign nor on the rest: values come in no order.
    const auto small = static_cast<std::int64_t>(value);
    const auto sign = static_cast<std::uint64_t>(small >> 63);
    const std::uint64_t size = (static_cast<std::uint64_t>(small) ^ sign) - sign;
    const auto by = static_cast<std::uint64_t>(divisor);
    const std::uint64_t whole = size / by;
    const std::uint64_t rest = size - whole * by;
    const std::uint64_t rounded = whole + std::uint64_t{rest >= by - rest};
    return static_cast<std::int64_t>((rounded ^ sign) - sign);
  }
  const auto by = static_cast<UInt128>(divisor);
  const Divided divided = divide_magnitudes(magnitude(value), by);
  const UInt128 size = divided.quotient + UInt128{divided.rest >= by - divided.rest};
  const UInt128 sign = value < 0 ? ~UInt128{0} : 0;
  return static_cast<Int128>((size ^ sign) - sign);
}

// a * b / 10^drop, and a * 10^lift / b, halves away from zero. False: more than `precision` digits. Precondition: b !=
// 0 for the latter.
[[nodiscard]] bool multiply_decimals(Int128 a, Int128 b, int drop, int precision, Int128* out);
[[nodiscard]] bool divide_decimals(Int128 a, Int128 b, int lift, int precision, Int128* out);
// a % b with the sign of a. Precondition: b != 0.
[[nodiscard]] inline Int128 decimal_rest(Int128 a, Int128 b) {
  const auto rest = static_cast<Int128>(divide_magnitudes(magnitude(a), magnitude(b)).rest);
  return a < 0 ? -rest : rest;
}
// From one scale to another. False: too many digits.
[[nodiscard]] inline bool rescale_decimal(Int128 value, int from, int to, int precision, Int128* out) {
  if (to < from)
    *out = divide_rounding(value, power_of_ten(from - to));
  else if (multiply_overflows(value, power_of_ten(to - from), out))
    return false;
  return fits_precision(*out, precision);
}

// At most 48 bytes at `out`, and 8 more that do not count; one behind the last.
char* print_decimal(Int128 value, int scale, char* out);
[[nodiscard]] std::string decimal_text(Int128 value, int scale);
[[nodiscard]] double decimal_double(Int128 value, int scale);
// Halves away from zero. False: NaN, infinite, or too many digits.
[[nodiscard]] bool decimal_of_double(double value, int scale, int precision, Int128* out);

}  // namespace tipple
