// Tokens of an expression to a syntax tree: the standard's grammar and PostgreSQL's precedence, no types yet.
//
//   lowest   OR   AND   NOT   IS   = <> < <= > >=   BETWEEN IN LIKE ILIKE   || ->> -> ~   + -   * / %   ^   unary + -
//   ::   highest
//
// Pure; safe from any thread. Trees are at most kExpressionTreeDepthMax deep; AND, OR and || are one node however often
// they are repeated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

inline constexpr int kExpressionDepthMax = 64;       // parentheses, calls and CASE inside one another
inline constexpr int kExpressionTreeDepthMax = 256;  // a + b + c + ... counts each operator

struct SyntaxNode {
  enum class Kind : std::uint8_t {
    kNumber,  // text
    kText,    // text
    kNull,
    kBool,      // text: "true" or "false"
    kInterval,  // text
    kColumn,    // name; quoted
    kCall,      // name (canonical for operators, lower case for functions), children
    kCast,      // type_text, one child
  } kind = Kind::kNull;
  std::string name;
  std::string text;
  bool quoted = false;
  bool is_operator = false;  // kCall: by symbol or key word, not by a name that a user wrote
  std::string type_text;     // kCast: as written
  std::vector<SyntaxNode> children;
  std::uint32_t offset = 0;  // in the expression: where messages point to
  int depth = 0;             // of the tree below, this node included; 0: not known yet
};

// Error kUsage: "at character N: ...".
[[nodiscard]] Result<SyntaxNode> parse_expression(std::string_view text);

}  // namespace tipple
