// Plain decimals on x86 with AVX2: one shuffle drops the dot and right-aligns up to 16 digits, three multiply-adds give
// their value. The same answers as read_plain_decimal() of csv_number.h, for which this stands in. Without AVX2 there
// is nothing here. Technique: Mula, "Parsing series of integers with SIMD" (2018).
#pragma once

#if defined(__x86_64__)
#define TIPPLE_CSV_AVX2 1

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "formats/csv_number.h"

// For functions that call read_plain_avx2; to be entered only if __builtin_cpu_supports("avx2") and ("bmi").
#define TIPPLE_TARGET_AVX2 gnu::target("avx2,bmi")

namespace tipple {

// Shuffle controls by length and position of the dot (the length itself if there is none).
struct CsvDigitShuffles {
  static constexpr std::size_t kLengths = 17;
  alignas(16) std::uint8_t control[kLengths][kLengths][16] = {};

  constexpr CsvDigitShuffles() {
    for (std::size_t length = 0; length < kLengths; ++length) {
      for (std::size_t dot = 0; dot <= length; ++dot) {
        const std::size_t digits = length - (dot < length ? 1 : 0);
        for (std::size_t i = 0; i < 16; ++i) {
          const std::size_t digit = i + digits - 16;  // among the digits; wraps for the zeros before them
          control[length][dot][i] = i + digits < 16 ? 0x80 : static_cast<std::uint8_t>(digit < dot ? digit : digit + 1);
        }
      }
    }
  }
};
constexpr CsvDigitShuffles kCsvDigitShuffles;

// False: not that plain. 32 bytes at `p` must be readable. Without kDot a dot is no part of a number.
template <bool kDot>
[[nodiscard, TIPPLE_TARGET_AVX2, gnu::always_inline]] inline bool read_plain_avx2(const char* p, std::uint32_t length,
                                                                                  CsvPlainDecimal* out) {
  const std::uint32_t sign = minus_at(p);
  p += sign;
  length -= sign;
  if (length - 1 >= 16) [[unlikely]]
    return false;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  std::uint32_t dot = length;
  if constexpr (kDot) {
    const int dots = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')));
    dot = static_cast<std::uint32_t>(__builtin_ctz(static_cast<std::uint32_t>(dots) | (1U << length)));
  }
  const __m128i shuffle = _mm_load_si128(reinterpret_cast<const __m128i*>(kCsvDigitShuffles.control[length][dot]));
  const __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), shuffle);
  const __m128i good = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  const auto halves = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  out->mantissa = (halves & 0xFFFFFFFF) * 100'000'000 + (halves >> 32);
  out->fraction = dot < length ? length - dot - 1 : 0;
  out->negative = sign != 0;
  const bool has_digit = !kDot || length > 1 || dot == length;
  return _mm_movemask_epi8(good) == 0xFFFF && has_digit;
}

}  // namespace tipple

#endif
