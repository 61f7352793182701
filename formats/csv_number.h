// Numbers out of CSV text: 8 digits at a time in a machine word (SWAR), exact or correctly rounded, with no table but
// powers of ten.
//
// Each parser has two ways in:
//   fast(p, length, out)  plain short values, few branches; false: not that plain, ask parse(). 32 bytes from p on must
//   be readable. from_plain(plain, out)  the second half of fast(), behind whatever read the digits. parse(text, out)
//   every value of the type; the verdict says what is wrong with the others.
// fast() answers true only with what parse() would give.
// Technique: Lemire, "Quickly parsing eight digits" (2018); Clinger, "How to read floating point numbers accurately"
// (1990).
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "formats/csv_field.h"
#include "formats/csv_rule.h"
#include "jobs/data_type.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {

static_assert(std::endian::native == std::endian::little, "the digit tricks below read words in little-endian order");

inline constexpr std::uint64_t kZeroDigits = 0x3030303030303030;

constexpr std::uint64_t kPowersOfTen[20] = {1,
                                            10,
                                            100,
                                            1000,
                                            10000,
                                            100000,
                                            1000000,
                                            10000000,
                                            100000000,
                                            1000000000,
                                            10000000000,
                                            100000000000,
                                            1000000000000,
                                            10000000000000,
                                            100000000000000,
                                            1000000000000000,
                                            10000000000000000,
                                            100000000000000000,
                                            1000000000000000000,
                                            10000000000000000000U};

constexpr double kExactPowersOfTen[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The first `length` (0..8) bytes at `p` as digit values, moved to the word's end behind leading zeros.
[[nodiscard]] inline std::uint64_t load_digits(const char* p, std::uint32_t length) {
  const std::uint32_t shift = 32 - 4 * length;  // in two halves: a shift by 64 is not defined
  return (load_8_bytes(p) ^ kZeroDigits) << shift << shift;
}

// Not zero if one of the bytes is not 0..9.
[[nodiscard]] inline std::uint64_t digit_faults(std::uint64_t digits) {
  return (digits | (digits + 0x7676767676767676)) & 0x8080808080808080;
}

// Eight digit values (most significant first in memory) as a number.
[[nodiscard]] inline std::uint64_t digits_value(std::uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000FF000000FF) * 0x000F424000000064 +
          ((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
         32;
}

// 1 if a minus stands at `p`, else 0, in a way that the compiler does not turn into a branch: signs come in no order.
[[nodiscard, gnu::always_inline]] inline std::uint32_t minus_at(const char* p) {
  std::uint32_t minus = *p == '-' ? 1 : 0;
  asm("" : "+r"(minus));
  return minus;
}

// A plain decimal: sign, at most 8 + 16 digits around an optional dot.
struct CsvPlainDecimal {
  std::uint64_t mantissa = 0;  // the digits without the dot, at most 16
  std::uint32_t fraction = 0;  // how many of them stand behind the dot
  bool negative = false;
};

// Position of the first dot among the 16 bytes at `p`; 16 or more if there is none.
[[nodiscard]] inline std::uint32_t find_dot_in_16(const char* p) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')));
  return static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint32_t>(mask) | 0x10000U));
#else
  std::uint32_t i = 0;
  while (i < 16 && p[i] != '.') ++i;
  return i;
#endif
}

// False: not that plain.
[[nodiscard, gnu::always_inline]] inline bool read_plain_decimal(const char* p, std::uint32_t length,
                                                                 CsvPlainDecimal* out) {
  const std::uint32_t sign = minus_at(p);
  out->negative = sign != 0;
  p += sign;
  length -= sign;
  const std::uint32_t dot = find_dot_in_16(p);
  const std::uint32_t whole = dot < length ? dot : length;
  const std::uint32_t fraction = length - whole - (dot < length ? 1 : 0);
  if (whole > 8 || fraction > 8 || whole + fraction == 0) {
    if (whole > 8 || fraction > 16 || whole + fraction > 16 || whole + fraction == 0) return false;
    const std::uint64_t high = load_digits(p, whole);
    const std::uint64_t middle = load_digits(p + whole + 1, 8);
    const std::uint64_t low = load_digits(p + whole + 9, fraction - 8);
    out->mantissa =
        (digits_value(high) * 100000000 + digits_value(middle)) * kPowersOfTen[fraction - 8] + digits_value(low);
    out->fraction = fraction;
    return (digit_faults(high) | digit_faults(middle) | digit_faults(low)) == 0;
  }
  const std::uint64_t high = load_digits(p, whole);
  const std::uint64_t low = load_digits(p + whole + 1, fraction);
  out->mantissa = digits_value(high) * kPowersOfTen[fraction] + digits_value(low);
  out->fraction = fraction;
  return (digit_faults(high) | digit_faults(low)) == 0;
}

template <typename T>
struct CsvIntParser {
  using Value = T;
  static constexpr bool kDot = false;

  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, T* out) const {
    const std::uint32_t sign = minus_at(p);
    const bool negative = sign != 0;
    p += sign;
    length -= sign;
    std::uint64_t value;
    if (length - 1 < 8) [[likely]] {
      const std::uint64_t digits = load_digits(p, length);
      if (digit_faults(digits) != 0) [[unlikely]]
        return false;
      value = digits_value(digits);
    } else if (length - 1 < 16) {
      const std::uint64_t high = load_digits(p, length - 8);
      const std::uint64_t low = load_digits(p + length - 8, 8);
      if ((digit_faults(high) | digit_faults(low)) != 0) [[unlikely]]
        return false;
      value = digits_value(high) * 100000000 + digits_value(low);
    } else {
      return false;
    }
    return from_plain({value, 0, negative}, out);
  }

  // False: out of range.
  [[nodiscard, gnu::always_inline]] bool from_plain(const CsvPlainDecimal& plain, T* out) const {
    const std::uint64_t sign = plain.negative ? 1 : 0;
    if constexpr (std::is_unsigned_v<T>) {
      if (sign != 0) [[unlikely]]
        return false;
    }
    if (plain.mantissa > static_cast<std::uint64_t>(std::numeric_limits<T>::max()) + sign) [[unlikely]]
      return false;
    const std::uint64_t mask = std::uint64_t{0} - sign;
    *out = static_cast<T>((plain.mantissa ^ mask) + sign);
    return true;
  }

  [[nodiscard]] CsvVerdict parse(std::string_view text, T* out) const;
};

template <typename T>
struct CsvFloatParser {
  using Value = T;
  static constexpr bool kDot = true;

  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, T* out) const {
    CsvPlainDecimal plain;
    return read_plain_decimal(p, length, &plain) && from_plain(plain, out);
  }

  // False: needs more than one exact step.
  [[nodiscard, gnu::always_inline]] bool from_plain(const CsvPlainDecimal& decimal, T* out) const {
    if (decimal.mantissa > (std::uint64_t{1} << 53)) [[unlikely]]
      return false;
    // Both are exact, so that the one division rounds once, correctly.
    const double size =
        static_cast<double>(static_cast<std::int64_t>(decimal.mantissa)) / kExactPowersOfTen[decimal.fraction];
    // No branch on the sign: half of all coordinates are negative, in no order.
    const std::uint64_t sign = std::uint64_t{decimal.negative} << 63;
    const double value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(size) | sign);
    if constexpr (std::is_same_v<T, float>) {
      // Rounding again is safe unless the double stands exactly between two floats: there it may hide which side the
      // text was on.
      if ((std::bit_cast<std::uint64_t>(value) & 0x1FFFFFFF) == 0x10000000) [[unlikely]]
        return false;
    }
    *out = static_cast<T>(value);
    return true;
  }

  // Every finite number that rounds to a finite one, nan, inf and infinity in any case; an underflow is a subnormal or
  // zero.
  [[nodiscard]] CsvVerdict parse(std::string_view text, T* out) const;
};

// decimal(precision, scale) as the integer value * 10^scale.
class CsvDecimalParser {
 public:
  using Value = __int128;
  static constexpr bool kDot = true;

  CsvDecimalParser(std::uint8_t precision, std::uint8_t scale);

  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, Value* out) const {
    CsvPlainDecimal plain;
    return read_plain_decimal(p, length, &plain) && from_plain(plain, out);
  }

  // False: too many digits, or more than the fast way knows.
  [[nodiscard, gnu::always_inline]] bool from_plain(const CsvPlainDecimal& decimal, Value* out) const {
    if (decimal.fraction > fraction_fast_max_) [[unlikely]]
      return false;
    if (decimal.mantissa >= limits_[decimal.fraction]) [[unlikely]]
      return false;
    const Value value = static_cast<Value>(decimal.mantissa) * kPowersOfTen[scale_ - decimal.fraction];
    const Value sign = -static_cast<Value>(decimal.negative);
    *out = (value ^ sign) - sign;
    return true;
  }

  [[nodiscard]] CsvVerdict parse(std::string_view text, Value* out) const;

 private:
  std::uint8_t precision_;
  std::uint8_t scale_;
  std::uint32_t fraction_fast_max_ = 0;
  std::uint64_t limits_[20] = {};  // by fraction digits: mantissas from here on have too many digits
};

}  // namespace tipple
