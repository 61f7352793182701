// UTF-8 by characters, for the text functions. Texts are valid UTF-8; of others nothing worse happens than odd
// characters.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "formats/csv_utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {

// Short texts are looked at all at once, as two registers, whatever their length: that comes in no order either.
inline constexpr std::size_t kShortTextBytes = 32;

// Whether kShortTextBytes can be read from its first byte on. `readable_end`: of the memory around it, or null.
[[nodiscard]] inline bool is_short_text(std::string_view text, const char* readable_end) {
  return text.size() - 1 < kShortTextBytes && readable_end != nullptr &&
         readable_end - text.data() >= std::ptrdiff_t{kShortTextBytes};
}
// A bit for each byte of a short text.
[[nodiscard]] inline std::uint64_t short_bits(std::string_view text) { return (std::uint64_t{1} << text.size()) - 1; }

inline constexpr std::uint64_t kNotAscii = 0x8080808080808080;

// Bytes of a word that begin no character.
[[nodiscard]] inline std::int64_t continuation_bytes(std::uint64_t word) {
  const std::uint64_t lowest = (word >> 7) & ~(word >> 6) & 0x0101010101010101;  // 10xxxxxx
  return static_cast<std::int64_t>(lowest * 0x0101010101010101 >> 56);
}

// A text of less than 8 bytes as a word, zeros behind it.
[[nodiscard]] inline std::uint64_t short_word(const char* text, std::size_t bytes) {
  if (bytes >= 4) {
    std::uint32_t front;
    std::uint32_t back;
    std::memcpy(&front, text, 4);
    std::memcpy(&back, text + bytes - 4, 4);
    return front | std::uint64_t{back} << (8 * (bytes - 4));
  }
  if (bytes == 0) return 0;
  const auto at = [text](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i); };
  return at(0) | at(bytes / 2) | at(bytes - 1);
}

[[nodiscard]] inline std::int64_t character_count(std::string_view text) {
  auto count = static_cast<std::int64_t>(text.size());
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    count -= continuation_bytes(word);
  }
  return count - continuation_bytes(short_word(text.data() + at, text.size() - at));
}

// Bytes of the character at `at`. Precondition: at < text.size().
[[nodiscard]] inline std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && !begins_character(text[end])) ++end;
  return end - at;
}

// Offset of character `n` (from 0), or the text's size.
[[nodiscard]] inline std::size_t character_offset(std::string_view text, std::int64_t n) {
  if (n <= 0 || text.empty()) return 0;
  if (n < 8 && text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    if ((word & kNotAscii) == 0) return static_cast<std::size_t>(n);
  }
  std::size_t at = 1;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    const std::int64_t begun = 8 - continuation_bytes(word);
    if (begun >= n) break;
    n -= begun;
  }
  for (; at < text.size(); ++at) {
    if (begins_character(text[at]) && --n == 0) return at;
  }
  return text.size();
}

#if defined(__SSE2__)
// Which bytes of a short text begin a character, the first one in any case.
[[nodiscard]] inline std::uint64_t short_beginnings(std::string_view text) {
  std::uint32_t inside = 0;
  for (int half = 0; half < 2; ++half) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()) + half);
    inside |= static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmplt_epi8(bytes, _mm_set1_epi8(-64)))) << (16 * half);
  }
  return (~std::uint64_t{inside} & short_bits(text)) | 1;
}
#endif

// The same as character_offset() of texts in memory that ends at `readable_end`.
[[nodiscard]] inline std::size_t character_offset(std::string_view text, std::int64_t n, const char* readable_end) {
#if defined(__SSE2__)
  if (is_short_text(text, readable_end) && n < 16) [[likely]] {
    std::uint64_t beginnings = short_beginnings(text);
    for (; n > 0; --n) beginnings &= beginnings - 1;
    return beginnings == 0 ? text.size() : static_cast<std::size_t>(std::countr_zero(beginnings));
  }
#endif
  return character_offset(text, n);
}

[[nodiscard]] inline bool is_ascii(std::string_view text) {
  std::uint64_t all = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    all |= word;
  }
  return ((all | short_word(text.data() + at, text.size() - at)) & kNotAscii) == 0;
}

// A letter of ASCII in the other case is 32 away.
template <bool kUpper>
[[nodiscard]] inline char ascii_case(char c) {
  const bool letter = static_cast<unsigned char>(c - (kUpper ? 'a' : 'A')) < 26;
  return static_cast<char>(c ^ (letter ? 0x20 : 0));
}
// `text` in the other case at `to`, and up to kShortTextBytes more that do not count. False: it is not ASCII.
// `readable_end`: of the memory around the text, or null.
template <bool kUpper>
[[nodiscard]] inline bool put_ascii_case(std::string_view text, const char* readable_end, char* to) {
#if defined(__SSE2__)
  if (is_short_text(text, readable_end)) [[likely]] {
    int others = 0;
    for (int half = 0; half < 2; ++half) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()) + half);
      const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8((kUpper ? 'a' : 'A') - 1)),
                                            _mm_cmplt_epi8(bytes, _mm_set1_epi8((kUpper ? 'z' : 'Z') + 1)));
      const __m128i changed = _mm_xor_si128(bytes, _mm_and_si128(letters, _mm_set1_epi8(0x20)));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to) + half, changed);
      others |= _mm_movemask_epi8(bytes) << (16 * half);
    }
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(others)) & short_bits(text)) == 0;
  }
#endif
  if (!is_ascii(text)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) to[i] = ascii_case<kUpper>(text[i]);
  return true;
}
[[nodiscard]] inline bool is_ascii_word(char c) {
  return static_cast<unsigned char>((c | 0x20) - 'a') < 26 || static_cast<unsigned char>(c - '0') < 10;
}

// The code point at `*at`, which moves behind it; of a byte that begins none, the byte.
[[nodiscard]] std::int32_t take_code_point(std::string_view text, std::size_t* at);
// At most 4 bytes at `out`.
std::size_t put_code_point(std::int32_t code, char* out);

[[nodiscard]] std::int32_t lower_code_point(std::int32_t code);
[[nodiscard]] std::int32_t upper_code_point(std::int32_t code);
[[nodiscard]] bool is_word_character(std::int32_t code);  // a letter or a digit
// In small letters, in `scratch`, which is overwritten. `readable_end`: of the memory around the text, or null.
[[nodiscard]] std::string_view lower_text(std::string_view text, const char* readable_end, std::string* scratch);

}  // namespace tipple
