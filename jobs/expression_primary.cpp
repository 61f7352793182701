// What stands between operators: literals, columns, CASE, CAST and calls, with the standard's own call forms.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "jobs/expression_parser.h"

namespace tipple {
namespace {

using Kind = ExpressionToken::Kind;

// Words that cannot be columns unless quoted.
constexpr std::array<std::string_view, 18> kReserved = {"and",     "or",   "not",  "is",    "null", "true",
                                                        "false",   "case", "when", "then",  "else", "end",
                                                        "between", "in",   "like", "ilike", "cast", "distinct"};
// TYPE 'text' is a literal of these types.
constexpr std::array<std::string_view, 5> kLiteralTypes = {"date", "time", "timestamp", "timestamptz", "timestamp_tz"};

template <typename Words>
bool among(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

SyntaxNode leaf(SyntaxNode::Kind kind, const ExpressionToken& token) {
  SyntaxNode node;
  node.kind = kind;
  node.offset = token.begin;
  return node;
}

}  // namespace

SyntaxNode ExpressionParser::text_node(std::string text, std::uint32_t offset) const {
  SyntaxNode node;
  node.kind = SyntaxNode::Kind::kText;
  node.text = std::move(text);
  node.offset = offset;
  return node;
}

Result<SyntaxNode> ExpressionParser::parse_primary() {
  const ExpressionToken token = peek();
  switch (token.kind) {
    case Kind::kNumber: {
      ++at_;
      SyntaxNode node = leaf(SyntaxNode::Kind::kNumber, token);
      node.text = token.text;
      return node;
    }
    case Kind::kText:
      ++at_;
      return text_node(token.text, token.begin);
    case Kind::kQuotedName: {
      ++at_;
      SyntaxNode node = leaf(SyntaxNode::Kind::kColumn, token);
      node.name = token.text;
      node.quoted = true;
      return node;
    }
    case Kind::kName:
      return parse_word();
    case Kind::kSymbol:
      if (take_symbol("(")) {
        TIPPLE_TRY(SyntaxNode inner, parse(Precedence::kOr));
        TIPPLE_RETURN_IF_ERROR(expect_symbol(")"));
        return inner;
      }
      break;
    case Kind::kEnd:
      break;
  }
  return unexpected("expected a value");
}

Result<SyntaxNode> ExpressionParser::parse_word() {
  const ExpressionToken token = peek();
  if (token.lower == "case") return parse_case();
  if (token.lower == "cast" && is_symbol("(", 1)) return parse_cast_call();
  if (take_word("null")) return leaf(SyntaxNode::Kind::kNull, token);
  if (take_word("true") || take_word("false")) {
    SyntaxNode node = leaf(SyntaxNode::Kind::kBool, token);
    node.text = token.lower;
    return node;
  }
  if (token.lower == "interval" && peek(1).kind == Kind::kText) {
    SyntaxNode node = leaf(SyntaxNode::Kind::kInterval, token);
    node.text = peek(1).text;
    at_ += 2;
    return node;
  }
  const bool zoned_words = is_word("with", 1) || is_word("without", 1);
  if (among(kLiteralTypes, token.lower) && (peek(1).kind == Kind::kText || zoned_words)) {
    SyntaxNode node = leaf(SyntaxNode::Kind::kCast, token);
    TIPPLE_TRY(node.type_text, take_type());
    if (peek().kind != Kind::kText) return unexpected("expected a text in quotes");
    node.children.push_back(text_node(peek().text, peek().begin));
    ++at_;
    return node;
  }
  if (is_symbol("(", 1)) return parse_call();
  if (among(kReserved, token.lower)) return unexpected("expected a value");
  ++at_;
  SyntaxNode node = leaf(SyntaxNode::Kind::kColumn, token);
  node.name = token.text;
  return node;
}

// CASE WHEN c THEN v ... [ELSE e] END: call "case" of (c, v, ..., e); CASE x WHEN ...: "case_value" of (x, w, v, ...,
// e).
Result<SyntaxNode> ExpressionParser::parse_case() {
  SyntaxNode node = call_node("case", peek().begin, {});
  ++at_;
  if (!is_word("when")) {
    node.name = "case_value";
    TIPPLE_TRY(SyntaxNode operand, parse(Precedence::kOr));
    node.children.push_back(std::move(operand));
  }
  if (!is_word("when")) return unexpected("expected when");
  while (take_word("when")) {
    TIPPLE_TRY(SyntaxNode condition, parse(Precedence::kOr));
    TIPPLE_RETURN_IF_ERROR(expect_word("then"));
    TIPPLE_TRY(SyntaxNode value, parse(Precedence::kOr));
    node.children.push_back(std::move(condition));
    node.children.push_back(std::move(value));
  }
  SyntaxNode otherwise;
  otherwise.offset = peek().begin;
  if (take_word("else")) {
    TIPPLE_TRY(otherwise, parse(Precedence::kOr));
  }
  node.children.push_back(std::move(otherwise));
  TIPPLE_RETURN_IF_ERROR(expect_word("end"));
  return node;
}

Result<SyntaxNode> ExpressionParser::parse_cast_call() {
  const std::uint32_t offset = peek().begin;
  at_ += 2;
  TIPPLE_TRY(SyntaxNode operand, parse(Precedence::kOr));
  TIPPLE_RETURN_IF_ERROR(expect_word("as"));
  TIPPLE_TRY(SyntaxNode node, parse_cast_type(std::move(operand), offset));
  TIPPLE_RETURN_IF_ERROR(expect_symbol(")"));
  return node;
}

Result<SyntaxNode> ExpressionParser::parse_cast_type(SyntaxNode operand, std::uint32_t offset) {
  TIPPLE_TRY(std::string type, take_type());
  SyntaxNode node = call_node({}, offset, {});
  node.kind = SyntaxNode::Kind::kCast;
  node.type_text = std::move(type);
  node.children.push_back(std::move(operand));
  return node;
}

// A type's name as one text: "double precision", "decimal(10,2)", "enum('a b',c)".
Result<std::string> ExpressionParser::take_type() {
  if (peek().kind != Kind::kName) return unexpected("expected a type");
  std::string type = peek().lower;
  ++at_;
  if ((type == "double" && take_word("precision")) || (type == "character" && is_word("varying"))) {
    type = type == "double" ? "float64" : "varchar";
    if (type == "varchar") ++at_;
  }
  if (is_symbol("(")) {
    // As it stands: labels of an enum are not tokens.
    const std::uint32_t begin = peek().begin;
    int open = 0;
    do {
      if (peek().kind == Kind::kEnd) return unexpected("expected ')'");
      open += is_symbol("(") ? 1 : is_symbol(")") ? -1 : 0;
      ++at_;
    } while (open > 0);
    const std::uint32_t end = tokens_[at_ - 1].end;
    type += text_.substr(begin, end - begin);
  }
  const bool with = is_word("with");
  if ((with || is_word("without")) && is_word("time", 1) && is_word("zone", 2)) {
    at_ += 3;
    if (with) type += "tz";
  }
  return type;
}

Result<SyntaxNode> ExpressionParser::parse_call() {
  SyntaxNode node = call_node(peek().lower, peek().begin, {});
  node.is_operator = false;
  at_ += 2;
  TIPPLE_TRY(const bool complete, parse_special_call(&node));
  if (complete) return node;
  if (take_symbol(")")) return node;
  TIPPLE_RETURN_IF_ERROR(parse_list(&node.children));
  return node;
}

// The standard's call forms; true: the call was one and is complete.
Result<bool> ExpressionParser::parse_special_call(SyntaxNode* node) {
  if (node->name == "extract") {
    if (peek().kind != Kind::kName && peek().kind != Kind::kText) return unexpected("expected a field such as year");
    node->children.push_back(text_node(peek().kind == Kind::kName ? peek().lower : peek().text, peek().begin));
    ++at_;
    TIPPLE_RETURN_IF_ERROR(expect_word("from"));
    TIPPLE_RETURN_IF_ERROR(parse_list(&node->children));
    return true;
  }
  if (node->name == "trim") {
    TIPPLE_RETURN_IF_ERROR(parse_trim(node));
    return true;
  }
  if (node->name != "substring" && node->name != "position") return false;
  // The first operand stops short of IN: position(a in b).
  TIPPLE_TRY(SyntaxNode first, parse(node->name == "position" ? Precedence::kOther : Precedence::kOr));
  node->children.push_back(std::move(first));
  if (node->name == "position") {
    TIPPLE_RETURN_IF_ERROR(expect_word("in"));
    TIPPLE_TRY(SyntaxNode text, parse(Precedence::kOr));
    node->children.push_back(std::move(text));
    std::swap(node->children[0], node->children[1]);
    node->name = "strpos";
    TIPPLE_RETURN_IF_ERROR(expect_symbol(")"));
    return true;
  }
  if (take_symbol(")")) return true;
  if (take_symbol(",")) {
    TIPPLE_RETURN_IF_ERROR(parse_list(&node->children));
    return true;
  }
  SyntaxNode start;
  start.kind = SyntaxNode::Kind::kNumber;
  start.text = "1";
  if (take_word("from")) {
    TIPPLE_TRY(start, parse(Precedence::kOr));
  } else if (!is_word("for")) {
    return unexpected("expected ',', from or for");
  }
  node->children.push_back(std::move(start));
  if (take_word("for")) {
    TIPPLE_TRY(SyntaxNode count, parse(Precedence::kOr));
    node->children.push_back(std::move(count));
  }
  TIPPLE_RETURN_IF_ERROR(expect_symbol(")"));
  return true;
}

// trim([leading|trailing|both] [characters] from text), trim(text [, characters])
Status ExpressionParser::parse_trim(SyntaxNode* node) {
  node->name = take_word("leading") ? "ltrim" : take_word("trailing") ? "rtrim" : "btrim";
  take_word("both");
  if (take_word("from")) return parse_list(&node->children);
  TIPPLE_TRY(SyntaxNode first, parse(Precedence::kOr));
  if (take_word("from")) {
    TIPPLE_TRY(SyntaxNode text, parse(Precedence::kOr));
    node->children.push_back(std::move(text));
    node->children.push_back(std::move(first));
    return expect_symbol(")");
  }
  node->children.push_back(std::move(first));
  if (take_symbol(",")) return parse_list(&node->children);
  return expect_symbol(")");
}

}  // namespace tipple
