#include "jobs/expression_lexer.h"

#include <array>

#include <fmt/format.h>

namespace tipple {
namespace {

using Kind = ExpressionToken::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Letters of every script: bytes of UTF-8 beyond ASCII belong to names.
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return begins_name(c) || is_digit(c) || c == '$'; }

// Longest first.
constexpr std::array<std::string_view, 25> kSymbols = {"->>", "!~*", "::", "||", "<=", ">=", "<>", "!=", "->",
                                                       "~*",  "!~",  "+",  "-",  "*",  "/",  "%",  "^",  "=",
                                                       "<",   ">",   "(",  ")",  ",",  "~",  "."};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<ExpressionToken>> run() {
    while (true) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
      token_ = ExpressionToken{};
      token_.begin = static_cast<std::uint32_t>(at_);
      if (at_ < text_.size()) TIPPLE_RETURN_IF_ERROR(take());
      token_.end = static_cast<std::uint32_t>(at_);
      tokens_.push_back(std::move(token_));
      if (tokens_.back().kind == Kind::kEnd) return std::move(tokens_);
    }
  }

 private:
  char at(std::size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }

  Status take() {
    const char c = text_[at_];
    if ((c == 'e' || c == 'E') && at(at_ + 1) == '\'') return take_escaped_text();
    if (begins_name(c)) return take_name();
    if (is_digit(c) || (c == '.' && is_digit(at(at_ + 1)))) return take_number();
    if (c == '\'') return take_quoted('\'', Kind::kText);
    if (c == '"') return take_quoted('"', Kind::kQuotedName);
    for (const std::string_view symbol : kSymbols) {
      if (text_.substr(at_).starts_with(symbol)) {
        token_.kind = Kind::kSymbol;
        token_.text = symbol;
        at_ += symbol.size();
        return {};
      }
    }
    const bool printable = c > ' ' && c < 0x7F;
    return expression_error(
        text_, token_.begin,
        printable ? fmt::format("'{}' does not belong into an expression", c)
                  : fmt::format("byte 0x{:02x} does not belong into an expression", static_cast<unsigned char>(c)));
  }

  Status take_name() {
    token_.kind = Kind::kName;
    while (at_ < text_.size() && continues_name(text_[at_])) token_.text += text_[at_++];
    for (const char c : token_.text) token_.lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return {};
  }

  Status take_number() {
    token_.kind = Kind::kNumber;
    const std::size_t begin = at_;
    while (is_digit(at(at_))) ++at_;
    if (at(at_) == '.') {
      ++at_;
      while (is_digit(at(at_))) ++at_;
    }
    if (at(at_) == 'e' || at(at_) == 'E') {
      std::size_t digits = at_ + 1;
      if (at(digits) == '+' || at(digits) == '-') ++digits;
      if (is_digit(at(digits))) {
        at_ = digits;
        while (is_digit(at(at_))) ++at_;
      }
    }
    token_.text = text_.substr(begin, at_ - begin);
    if (at_ < text_.size() && continues_name(text_[at_])) {
      return expression_error(text_, token_.begin, fmt::format("a letter follows the number {}", token_.text));
    }
    return {};
  }

  Status take_quoted(char quote, Kind kind) {
    token_.kind = kind;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        if (at(at_) != quote) return check_quoted(kind);
      }
      token_.text += text_[at_];
    }
    return open_quote();
  }

  Status take_escaped_text() {
    token_.kind = Kind::kText;
    for (at_ += 2; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\'') {
        ++at_;
        if (at(at_) != '\'') return check_quoted(Kind::kText);
      } else if (c == '\\') {
        constexpr std::string_view kLetters = "ntrbf\\'";
        constexpr std::string_view kMeanings = "\n\t\r\b\f\\'";
        const std::size_t letter = kLetters.find(at(++at_));
        if (at_ >= text_.size() || letter == std::string_view::npos) {
          return expression_error(text_, static_cast<std::uint32_t>(at_ - 1), "an unknown escape",
                                  R"(E'...' knows \n \t \r \b \f \\ and \')");
        }
        c = kMeanings[letter];
      }
      token_.text += c;
    }
    return open_quote();
  }

  Status check_quoted(Kind kind) const {
    if (kind == Kind::kQuotedName && token_.text.empty()) {
      return expression_error(text_, token_.begin, "an empty name in double quotes");
    }
    if (token_.text.find('\0') != std::string::npos) {
      return expression_error(text_, token_.begin, "a NUL byte in quotes");
    }
    return {};
  }

  Status open_quote() const {
    return expression_error(text_, token_.begin, "the quote that begins here is not closed",
                            "a quote inside quotes is written twice");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  ExpressionToken token_;
  std::vector<ExpressionToken> tokens_;
};

}  // namespace

Error expression_error(std::string_view text, std::uint32_t offset, const std::string& what, std::string hint) {
  std::size_t character = 1;
  for (const char c : text.substr(0, offset)) character += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return usage_error(fmt::format("at character {}: {}", character, what), {}, std::move(hint));
}

Result<std::vector<ExpressionToken>> expression_tokens(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return usage_error(fmt::format("the expression has {} bytes, more than {}", text.size(), kExpressionBytesMax));
  }
  return Lexer(text).run();
}

}  // namespace tipple
