// Where the tokens of JSON lines stand: simdjson's first stage, 64 bytes at a time by masks (Langdale & Lemire,
// "Parsing gigabytes of JSON per second", 2019), chosen at run time by Highway.
//
// Written here and not taken from simdjson: libparquet of the pyarrow wheel exports a simdjson of another version, and
// which of the two a program gets is decided by the order of its libraries.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tipple {

inline constexpr std::size_t kJsonTokenSlack = 64;

enum class JsonTextFault : std::uint8_t {
  kNone,
  kOpenString,      // the text ends inside a string
  kControlInString  // a byte below 0x20 between quotes: a line end, too
};

struct JsonTokens {
  JsonTextFault fault = JsonTextFault::kNone;
  std::size_t count = 0;
  bool escapes = false;    // there are backslashes
  bool non_ascii = false;  // there are bytes beyond ASCII: nobody has looked whether they are UTF-8
};

// Writes the positions of brackets, colons, commas, opening quotes and the first bytes of other values outside strings
// to `out`, ascending, and text.size() behind them. `out` has room for text.size() + kJsonTokenSlack. text.size() <
// 2^32.
[[nodiscard]] JsonTokens find_json_tokens(std::string_view text, std::uint32_t* out);

}  // namespace tipple
