// Is text valid UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing past U+10FFFF)?
#pragma once

#include <cstddef>
#include <string_view>

namespace tipple {

[[nodiscard]] bool is_valid_utf8(std::string_view text);

// Is the byte, of valid UTF-8, a character's first one?
[[nodiscard]] inline bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// True if no byte of `text` is NUL or beyond ASCII: at about the speed of reading it.
[[nodiscard]] bool is_ascii_without_nul(std::string_view text);

}  // namespace tipple
