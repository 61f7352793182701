#include "jobs/expression_syntax.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "jobs/expression_lexer.h"
#include "jobs/expression_parser.h"

namespace tipple {
namespace {

using Kind = ExpressionToken::Kind;

// Binary operators by symbol.
struct BinaryOperator {
  std::string_view symbol;
  Precedence precedence;
  std::string_view name;
};
constexpr std::array<BinaryOperator, 20> kBinaryOperators = {{
    {"=", Precedence::kCompare, "equal"},
    {"<>", Precedence::kCompare, "not_equal"},
    {"!=", Precedence::kCompare, "not_equal"},
    {"<", Precedence::kCompare, "less"},
    {"<=", Precedence::kCompare, "less_equal"},
    {">", Precedence::kCompare, "greater"},
    {">=", Precedence::kCompare, "greater_equal"},
    {"||", Precedence::kOther, "concatenate"},
    {"->>", Precedence::kOther, "json_text_at"},
    {"->", Precedence::kOther, "json_at"},
    {"~", Precedence::kOther, "regexp_like"},
    {"~*", Precedence::kOther, "regexp_like"},
    {"!~", Precedence::kOther, "regexp_like"},
    {"!~*", Precedence::kOther, "regexp_like"},
    {"+", Precedence::kAdd, "add"},
    {"-", Precedence::kAdd, "subtract"},
    {"*", Precedence::kMultiply, "multiply"},
    {"/", Precedence::kMultiply, "divide"},
    {"%", Precedence::kMultiply, "modulo"},
    {"^", Precedence::kPower, "power"},
}};

const BinaryOperator* binary_operator(const ExpressionToken& token) {
  if (token.kind != Kind::kSymbol) return nullptr;
  for (const BinaryOperator& known : kBinaryOperators) {
    if (known.symbol == token.text) return &known;
  }
  return nullptr;
}

// Looks only at nodes made since the last look.
int measure(SyntaxNode& node) {
  if (node.depth == 0) {
    for (SyntaxNode& child : node.children) node.depth = std::max(node.depth, measure(child));
    ++node.depth;
  }
  return node.depth;
}

Precedence next(Precedence precedence) { return static_cast<Precedence>(static_cast<int>(precedence) + 1); }

}  // namespace

SyntaxNode call_node(std::string_view name, std::uint32_t offset, std::vector<SyntaxNode> children) {
  SyntaxNode node;
  node.kind = SyntaxNode::Kind::kCall;
  node.name = name;
  node.is_operator = true;
  node.offset = offset;
  node.children = std::move(children);
  return node;
}

bool ExpressionParser::is_word(std::string_view word, std::size_t ahead) const {
  const ExpressionToken& token = peek(ahead);
  return token.kind == Kind::kName && token.lower == word;
}
bool ExpressionParser::is_symbol(std::string_view symbol, std::size_t ahead) const {
  const ExpressionToken& token = peek(ahead);
  return token.kind == Kind::kSymbol && token.text == symbol;
}
bool ExpressionParser::take_word(std::string_view word) {
  if (!is_word(word)) return false;
  ++at_;
  return true;
}
bool ExpressionParser::take_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  ++at_;
  return true;
}
Status ExpressionParser::expect_word(std::string_view word) {
  if (take_word(word)) return {};
  return unexpected(fmt::format("expected {}", word));
}
Status ExpressionParser::expect_symbol(std::string_view symbol) {
  if (take_symbol(symbol)) return {};
  return unexpected(fmt::format("expected '{}'", symbol));
}

Error ExpressionParser::error(std::uint32_t offset, const std::string& what, std::string hint) const {
  return expression_error(text_, offset, what, std::move(hint));
}
Error ExpressionParser::unexpected(const std::string& expected) const {
  const ExpressionToken& token = peek();
  const std::string found =
      token.kind == Kind::kEnd
          ? "the expression ends"
          : fmt::format("'{}' stands", text_.substr(token.begin, std::min(token.end - token.begin, 32U)));
  return error(token.begin, fmt::format("{}, but {} here", expected, found));
}

Status ExpressionParser::check_depth(SyntaxNode& node) const {
  if (measure(node) <= kExpressionTreeDepthMax) return {};
  return error(node.offset, fmt::format("more than {} operators inside one another", kExpressionTreeDepthMax),
               "compute a part of it in a step before");
}

Result<SyntaxNode> ExpressionParser::parse_all() {
  TIPPLE_TRY(SyntaxNode tree, parse(Precedence::kOr));
  if (peek().kind != Kind::kEnd) return unexpected("expected an operator or the end");
  return tree;
}

Result<SyntaxNode> ExpressionParser::parse(Precedence lowest) {
  if (++depth_ > kExpressionDepthMax) {
    return error(peek().begin, fmt::format("nested deeper than {} levels", kExpressionDepthMax));
  }
  TIPPLE_TRY(SyntaxNode left, parse_prefix());
  TIPPLE_RETURN_IF_ERROR(check_depth(left));
  TIPPLE_TRY(left, parse_operators(std::move(left), lowest));
  --depth_;
  return left;
}

Result<SyntaxNode> ExpressionParser::parse_prefix() {
  const std::uint32_t offset = peek().begin;
  if (take_word("not")) {
    TIPPLE_TRY(SyntaxNode operand, parse(Precedence::kNot));
    return call_node("not", offset, {std::move(operand)});
  }
  if (is_symbol("-") || is_symbol("+")) {
    const bool minus = take_symbol("-") || !take_symbol("+");
    TIPPLE_TRY(SyntaxNode operand, parse(Precedence::kUnary));
    // Negative numbers are literals: the smallest int64 has no positive twin.
    if (minus && operand.kind == SyntaxNode::Kind::kNumber && !operand.text.starts_with('-')) {
      operand.text.insert(0, 1, '-');
      operand.offset = offset;
      return operand;
    }
    return call_node(minus ? "negate" : "plus", offset, {std::move(operand)});
  }
  return parse_primary();
}

// Left-deep trees grow here, without recursion.
Result<SyntaxNode> ExpressionParser::parse_operators(SyntaxNode left, Precedence lowest) {
  while (true) {
    const std::uint32_t offset = peek().begin;
    if (lowest <= Precedence::kOr && take_word("or")) {
      TIPPLE_TRY(left, parse_repeated(std::move(left), "or", offset, Precedence::kAnd));
    } else if (lowest <= Precedence::kAnd && take_word("and")) {
      TIPPLE_TRY(left, parse_repeated(std::move(left), "and", offset, Precedence::kNot));
    } else if (lowest <= Precedence::kIs && (is_word("is") || is_word("isnull") || is_word("notnull"))) {
      TIPPLE_TRY(left, parse_is(std::move(left)));
    } else if (lowest <= Precedence::kRange && begins_range()) {
      TIPPLE_TRY(left, parse_range(std::move(left)));
    } else if (lowest <= Precedence::kCast && take_symbol("::")) {
      TIPPLE_TRY(left, parse_cast_type(std::move(left), offset));
    } else if (const BinaryOperator* op = binary_operator(peek()); op != nullptr && lowest <= op->precedence) {
      TIPPLE_TRY(left, parse_binary(std::move(left)));
    } else {
      return left;
    }
    TIPPLE_RETURN_IF_ERROR(check_depth(left));
  }
}

Result<SyntaxNode> ExpressionParser::parse_repeated(SyntaxNode left, std::string_view word, std::uint32_t offset,
                                                    Precedence operand) {
  SyntaxNode node = call_node(word, offset, {});
  node.children.push_back(std::move(left));
  do {
    TIPPLE_TRY(SyntaxNode right, parse(operand));
    node.children.push_back(std::move(right));
  } while (word == "||" ? take_symbol(word) : take_word(word));
  return node;
}

Result<SyntaxNode> ExpressionParser::parse_binary(SyntaxNode left) {
  const ExpressionToken token = peek();
  const BinaryOperator& op = *binary_operator(token);
  ++at_;
  if (op.symbol == "||") {
    TIPPLE_TRY(SyntaxNode node, parse_repeated(std::move(left), op.symbol, token.begin, next(op.precedence)));
    node.name = op.name;
    return node;
  }
  TIPPLE_TRY(SyntaxNode right, parse(next(op.precedence)));
  if (op.precedence == Precedence::kCompare) {
    const BinaryOperator* again = binary_operator(peek());
    if (again != nullptr && again->precedence == Precedence::kCompare) {
      return error(peek().begin, "comparisons do not chain", "write a < b AND b < c");
    }
  }
  std::vector<SyntaxNode> operands;
  operands.push_back(std::move(left));
  operands.push_back(std::move(right));
  if (op.name == "regexp_like" && op.symbol.ends_with('*')) {
    SyntaxNode flags;
    flags.kind = SyntaxNode::Kind::kText;
    flags.text = "i";
    flags.offset = token.begin;
    operands.push_back(std::move(flags));
  }
  SyntaxNode node = call_node(op.name, token.begin, std::move(operands));
  if (op.symbol.starts_with("!~")) return call_node("not", token.begin, {std::move(node)});
  return node;
}

Result<SyntaxNode> ExpressionParser::parse_is(SyntaxNode left) {
  const std::uint32_t offset = peek().begin;
  if (take_word("isnull")) return call_node("is_null", offset, {std::move(left)});
  if (take_word("notnull")) return call_node("is_not_null", offset, {std::move(left)});
  TIPPLE_RETURN_IF_ERROR(expect_word("is"));
  const bool negated = take_word("not");
  if (take_word("null")) return call_node(negated ? "is_not_null" : "is_null", offset, {std::move(left)});
  if (take_word("unknown")) return call_node(negated ? "is_not_unknown" : "is_unknown", offset, {std::move(left)});
  if (take_word("true")) return call_node(negated ? "is_not_true" : "is_true", offset, {std::move(left)});
  if (take_word("false")) return call_node(negated ? "is_not_false" : "is_false", offset, {std::move(left)});
  if (!take_word("distinct")) return unexpected("expected NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  TIPPLE_RETURN_IF_ERROR(expect_word("from"));
  TIPPLE_TRY(SyntaxNode right, parse(Precedence::kCompare));
  return call_node(negated ? "is_not_distinct" : "is_distinct", offset, {std::move(left), std::move(right)});
}

bool ExpressionParser::begins_range() const {
  const std::size_t ahead = is_word("not") ? 1 : 0;
  return is_word("between", ahead) || is_word("in", ahead) || is_word("like", ahead) || is_word("ilike", ahead);
}

Result<SyntaxNode> ExpressionParser::parse_range(SyntaxNode left) {
  const bool negated = take_word("not");
  const std::uint32_t offset = peek().begin;
  SyntaxNode node = call_node(peek().lower, offset, {});
  ++at_;
  node.children.push_back(std::move(left));
  if (node.name == "between") {
    TIPPLE_TRY(SyntaxNode low, parse(Precedence::kOther));
    TIPPLE_RETURN_IF_ERROR(expect_word("and"));
    TIPPLE_TRY(SyntaxNode high, parse(Precedence::kOther));
    node.children.push_back(std::move(low));
    node.children.push_back(std::move(high));
  } else if (node.name == "in") {
    TIPPLE_RETURN_IF_ERROR(expect_symbol("("));
    TIPPLE_RETURN_IF_ERROR(parse_list(&node.children));
  } else {
    TIPPLE_TRY(SyntaxNode pattern, parse(Precedence::kOther));
    node.children.push_back(std::move(pattern));
    if (take_word("escape")) {
      TIPPLE_TRY(SyntaxNode escape, parse(Precedence::kOther));
      node.children.push_back(std::move(escape));
    }
  }
  return negated ? call_node("not", offset, {std::move(node)}) : std::move(node);
}

// One or more expressions up to the closing parenthesis.
Status ExpressionParser::parse_list(std::vector<SyntaxNode>* into) {
  do {
    TIPPLE_TRY(SyntaxNode item, parse(Precedence::kOr));
    into->push_back(std::move(item));
  } while (take_symbol(","));
  return expect_symbol(")");
}

Result<SyntaxNode> parse_expression(std::string_view text) {
  TIPPLE_TRY(std::vector<ExpressionToken> tokens, expression_tokens(text));
  if (tokens.size() == 1) return usage_error("at character 1: the expression is empty");
  return ExpressionParser(text, std::move(tokens)).parse_all();
}

}  // namespace tipple
