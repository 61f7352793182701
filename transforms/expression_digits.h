// Numbers as digits, two at a time. Private to transforms/expression_*.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "formats/csv_number.h"  // the powers of ten

namespace tipple {

inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// `pair` < 100.
inline char* put_pair(std::uint32_t pair, char* out) {
  std::memcpy(out, kDigitPairs.data() + 2 * pair, 2);
  return out + 2;
}

// Eight digits of `value` < 10^8, the first one in the lowest byte, as numbers 0 to 9.
// Technique: halves, then quarters, then digits of all of them at once (Khuong, "How to print integers really fast",
// 2017).
[[nodiscard]] inline std::uint64_t eight_digits(std::uint32_t value) {
  const std::uint64_t fours = value / 10'000 | std::uint64_t{value % 10'000} << 32;
  const std::uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000007F0000007F;
  const std::uint64_t pairs = ((fours - 100 * hundreds) << 16) + hundreds;
  const std::uint64_t tens = (pairs * 103 >> 10) & 0x000F000F000F000F;
  return tens + ((pairs - 10 * tens) << 8);
}

// These write up to 8 bytes behind what counts.

// `width` <= 8 digits, zeros in front. Precondition: value < 10^width. One behind the last.
inline char* put_padded_8(std::uint32_t value, int width, char* out) {
  const int shift = 32 - 4 * width;  // in two halves: a shift by 64 is not defined
  const std::uint64_t digits = (eight_digits(value) | kZeroDigits) >> shift >> shift;
  std::memcpy(out, &digits, 8);
  return out + width;
}
// The same for any width.
inline char* put_padded(std::uint64_t value, int width, char* out) {
  if (width > 8) {
    out = put_padded(value / 100'000'000, width - 8, out);
    value %= 100'000'000;
    width = 8;
  }
  return put_padded_8(static_cast<std::uint32_t>(value), width, out);
}

// No zeros in front.
inline char* put_number_8(std::uint32_t value, char* out) {
  const std::uint64_t digits = eight_digits(value);
  const int zeros = std::countr_zero(digits | std::uint64_t{1} << 56) / 8;  // 0 has one digit
  const std::uint64_t text = (digits | kZeroDigits) >> (8 * zeros);
  std::memcpy(out, &text, 8);
  return out + (8 - zeros);
}
inline char* put_number(std::uint64_t value, char* out) {
  constexpr std::uint64_t kEightDigits = 100'000'000;
  if (value < kEightDigits) [[likely]]
    return put_number_8(static_cast<std::uint32_t>(value), out);
  out = put_number(value / kEightDigits, out);
  return put_padded_8(static_cast<std::uint32_t>(value % kEightDigits), 8, out);
}
inline char* put_signed(std::int64_t value, char* out) {
  *out = '-';
  const std::uint64_t minus = static_cast<std::uint64_t>(value) >> 63;
  return put_number((static_cast<std::uint64_t>(value) ^ (0 - minus)) + minus, out + minus);
}

// How many digits `value` has; 0 has one.
[[nodiscard]] inline int digit_count(std::uint64_t value) {
  const int guess = (64 - std::countl_zero(value | 1)) * 1233 >> 12;  // log10(2) is 1233 / 4096
  return guess + (value >= kPowersOfTen[guess] ? 1 : 0) + (value == 0 ? 1 : 0);
}

// Of a float from 1e-22 to 1e22: n, where 10^n <= value < 10^(n + 1), or one less or more near a power of ten below 1.
[[nodiscard]] inline int decimal_exponent(double value) {
  const int binary = static_cast<int>(std::bit_cast<std::uint64_t>(value) >> 52 & 0x7FF) - 1023;
  const int guess = (binary * 1233) >> 12;  // rounded down; at most one too low
  if (guess + 1 < 0) return value * kExactPowersOfTen[-(guess + 1)] >= 1 ? guess + 1 : guess;
  return value >= kExactPowersOfTen[guess + 1] ? guess + 1 : guess;
}

}  // namespace tipple
