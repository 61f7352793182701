// UTF-8 by characters, for the text functions. Texts are valid UTF-8; of others nothing worse happens than odd
// characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tipple {

[[nodiscard]] inline bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

[[nodiscard]] inline std::int64_t character_count(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text) count += begins_character(c) ? 1 : 0;
  return count;
}

// Bytes of the character at `at`. Precondition: at < text.size().
[[nodiscard]] inline std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && !begins_character(text[end])) ++end;
  return end - at;
}

// Offset of character `n` (from 0), or the text's size.
[[nodiscard]] inline std::size_t character_offset(std::string_view text, std::int64_t n) {
  std::size_t at = 0;
  while (n > 0 && at < text.size()) {
    at += character_bytes(text, at);
    --n;
  }
  return at;
}

[[nodiscard]] inline bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

// The code point at `*at`, which moves behind it; of a byte that begins none, the byte.
[[nodiscard]] std::int32_t take_code_point(std::string_view text, std::size_t* at);
// At most 4 bytes at `out`.
std::size_t put_code_point(std::int32_t code, char* out);

[[nodiscard]] std::int32_t lower_code_point(std::int32_t code);
[[nodiscard]] std::int32_t upper_code_point(std::int32_t code);
[[nodiscard]] bool is_word_character(std::int32_t code);  // a letter or a digit
[[nodiscard]] std::string lower_text(std::string_view text);

}  // namespace tipple
