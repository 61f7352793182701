// What stands inside JSON values: escapes, numbers, whitespace between tokens.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tipple {

// Appends what the string between the quotes says. Precondition: valid UTF-8 without control characters. False: an escape that JSON does
// not have, or half of a surrogate pair; `out` then holds some of it.
[[nodiscard]] bool append_unescaped(std::string_view string, std::vector<char>& out);
// The same question without the answer.
[[nodiscard]] bool has_good_escapes(std::string_view string);

// Is `text` a number by RFC 8259?
[[nodiscard]] bool is_json_number(const char* text, std::size_t size);

// Appends the JSON text without the whitespace between its tokens.
void append_minified(std::string_view json, std::vector<char>& out);

}  // namespace tipple
