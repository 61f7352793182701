// ExpressionParser: recursive descent with precedence climbing; private to expression_syntax.cpp (operators) and
// expression_primary.cpp (everything that is not an operator). One object parses one text.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs/expression_lexer.h"
#include "jobs/expression_syntax.h"

namespace tipple {

// Lowest first.
enum class Precedence : std::uint8_t {
  kOr,
  kAnd,
  kNot,
  kIs,
  kCompare,
  kRange,
  kOther,
  kAdd,
  kMultiply,
  kPower,
  kUnary,
  kCast,
  kPrimary,
};

[[nodiscard]] SyntaxNode call_node(std::string_view name, std::uint32_t offset, std::vector<SyntaxNode> children);

class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, std::vector<ExpressionToken> tokens)
      : text_(text), tokens_(std::move(tokens)) {}
  [[nodiscard]] Result<SyntaxNode> parse_all();

 private:
  // Operators of precedence `lowest` and higher.
  Result<SyntaxNode> parse(Precedence lowest);
  Result<SyntaxNode> parse_prefix();
  Result<SyntaxNode> parse_operators(SyntaxNode left, Precedence lowest);
  Result<SyntaxNode> parse_repeated(SyntaxNode left, std::string_view word, std::uint32_t offset, Precedence operand);
  Result<SyntaxNode> parse_binary(SyntaxNode left);
  Result<SyntaxNode> parse_is(SyntaxNode left);
  [[nodiscard]] bool begins_range() const;
  Result<SyntaxNode> parse_range(SyntaxNode left);
  Status parse_list(std::vector<SyntaxNode>* into);
  Status check_depth(SyntaxNode& node) const;

  Result<SyntaxNode> parse_primary();
  Result<SyntaxNode> parse_word();
  Result<SyntaxNode> parse_case();
  Result<SyntaxNode> parse_cast_call();
  Result<SyntaxNode> parse_cast_type(SyntaxNode operand, std::uint32_t offset);
  Result<std::string> take_type();
  Result<SyntaxNode> parse_call();
  Result<bool> parse_special_call(SyntaxNode* node);
  Status parse_trim(SyntaxNode* node);
  [[nodiscard]] SyntaxNode text_node(std::string text, std::uint32_t offset) const;

  [[nodiscard]] const ExpressionToken& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const;
  [[nodiscard]] bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool take_word(std::string_view word);
  bool take_symbol(std::string_view symbol);
  Status expect_word(std::string_view word);
  Status expect_symbol(std::string_view symbol);
  [[nodiscard]] Error error(std::uint32_t offset, const std::string& what, std::string hint = {}) const;
  [[nodiscard]] Error unexpected(const std::string& expected) const;

  std::string_view text_;
  std::vector<ExpressionToken> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace tipple
