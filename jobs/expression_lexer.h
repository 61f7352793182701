// Text of an expression to tokens. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tipple {

inline constexpr std::size_t kExpressionBytesMax = 64 * 1024;

struct ExpressionToken {
  enum class Kind : std::uint8_t { kEnd, kName, kQuotedName, kNumber, kText, kSymbol } kind = Kind::kEnd;
  std::string text;         // kName: as written; kText, kQuotedName: without quotes and escapes
  std::string lower;        // kName: in lower case
  std::uint32_t begin = 0;  // offsets in the expression, bytes
  std::uint32_t end = 0;
};

// "at character N: what", N counting UTF-8 characters from 1.
[[nodiscard]] Error expression_error(std::string_view text, std::uint32_t offset, const std::string& what,
                                     std::string hint = {});

// Ends with a kEnd token. Errors: kUsage, for an open quote, a character that begins no token, too much text.
[[nodiscard]] Result<std::vector<ExpressionToken>> expression_tokens(std::string_view text);

}  // namespace tipple
