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

// `width` digits, zeros in front. Precondition: value < 10^width. One behind the last.
inline char* put_padded(std::uint64_t value, int width, char* out) {
  char* end = out + width;
  for (char* at = end - 2; at >= out; at -= 2) {
    put_pair(static_cast<std::uint32_t>(value % 100), at);
    value /= 100;
  }
  if (width % 2 != 0) *out = static_cast<char>('0' + value);
  return end;
}

// How many digits `value` has; 0 has one.
[[nodiscard]] inline int digit_count(std::uint64_t value) {
  const int guess = (64 - std::countl_zero(value | 1)) * 1233 >> 12;  // log10(2) is 1233 / 4096
  return guess + (value >= kPowersOfTen[guess] ? 1 : 0) + (value == 0 ? 1 : 0);
}

inline char* put_number(std::uint64_t value, char* out) { return put_padded(value, digit_count(value), out); }
inline char* put_signed(std::int64_t value, char* out) {
  *out = '-';
  const std::uint64_t minus = value < 0 ? 1 : 0;
  return put_number((static_cast<std::uint64_t>(value) ^ (0 - minus)) + minus, out + minus);
}

// Of a float from 1e-22 to 1e22: n, where 10^n <= value < 10^(n + 1), or one less or more near a power of ten below 1.
[[nodiscard]] inline int decimal_exponent(double value) {
  const int binary = static_cast<int>(std::bit_cast<std::uint64_t>(value) >> 52 & 0x7FF) - 1023;
  const int guess = (binary * 1233) >> 12;  // rounded down; at most one too low
  if (guess + 1 < 0) return value * kExactPowersOfTen[-(guess + 1)] >= 1 ? guess + 1 : guess;
  return value >= kExactPowersOfTen[guess + 1] ? guess + 1 : guess;
}

}  // namespace tipple
