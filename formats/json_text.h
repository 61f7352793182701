// What stands inside JSON values: escapes, numbers, whitespace between tokens.
//
// Pure; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {

// Appends what the string between the quotes says. Precondition: valid UTF-8 without control characters. False: an
// escape that JSON does not have, or half of a surrogate pair; `out` then holds some of it.
[[nodiscard]] bool append_unescaped(std::string_view string, std::vector<char>& out);
// The same question without the answer.
[[nodiscard]] bool has_good_escapes(std::string_view string);

// Is `text` a number by RFC 8259?
[[nodiscard]] bool is_json_number(const char* text, std::size_t size);

// True only for numbers: those of at most 16 bytes without an exponent, at the cost of two loads. 17 bytes at `text`
// can be read.
[[nodiscard]] inline bool is_plain_json_number(const char* text, std::size_t size) {
#if defined(__SSE2__)
  const std::size_t sign = *text == '-' ? 1 : 0;
  text += sign;
  size -= sign;
  if (size - 1 >= 16) return false;
  const __m128i digits = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)), _mm_set1_epi8('0'));
  const __m128i good = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  // A bit for each byte that is no digit; one more behind the last byte ends the first part where there is no dot.
  const std::uint32_t others = (static_cast<std::uint32_t>(_mm_movemask_epi8(good)) ^ 0xFFFF) & ((1U << size) - 1);
  const auto whole = static_cast<std::size_t>(std::countr_zero(others | 1U << size));
  if (whole == 0 || (*text == '0' && whole > 1)) return false;
  if (whole == size) return true;
  return text[whole] == '.' && (others & (others - 1)) == 0 && whole + 1 < size;
#else
  (void)text;
  (void)size;
  return false;
#endif
}

// Appends the JSON text without the whitespace between its tokens.
void append_minified(std::string_view json, std::vector<char>& out);

}  // namespace tipple
