// LIKE and ILIKE. A constant pattern is taken apart once: without `_` it is texts in a row with anything between them.
#include <optional>

#include <fmt/format.h>

#include "formats/csv_rule.h"
#include "transforms/expression_text.h"

namespace tipple {
namespace {

// A pattern byte by byte: a byte that stands for itself, or one of these.
using LikeToken = std::uint16_t;
constexpr LikeToken kAnyCharacter = 256;
constexpr LikeToken kAnyText = 257;
constexpr LikeToken kNothing = 258;  // an escape with nothing behind it

// % is any text, _ one character, and the byte behind `escape` is itself.
void read_pattern(std::string_view pattern, std::string_view escape, std::vector<LikeToken>* tokens) {
  tokens->clear();
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const bool escaped = !escape.empty() && pattern.substr(at).starts_with(escape);
    if (escaped) at += escape.size();
    if (at >= pattern.size())
      tokens->push_back(kNothing);
    else if (!escaped && pattern[at] == '%')
      tokens->push_back(kAnyText);
    else if (!escaped && pattern[at] == '_')
      tokens->push_back(kAnyCharacter);
    else
      tokens->push_back(static_cast<unsigned char>(pattern[at]));
  }
}

// Goes back to the last % only, so it takes at most text * pattern steps.
bool matches_tokens(std::string_view text, const std::vector<LikeToken>& pattern) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = kNone;  // behind the last %
  std::size_t star_text = 0;
  while (t < text.size()) {
    const LikeToken token = p < pattern.size() ? pattern[p] : kNothing;
    if (token == static_cast<unsigned char>(text[t])) {
      ++t;
      ++p;
    } else if (token == kAnyText) {
      star = ++p;
      star_text = t;
    } else if (token == kAnyCharacter) {
      t += character_bytes(text, t);
      ++p;
    } else if (star != kNone) {
      star_text += character_bytes(text, star_text);
      t = star_text;
      p = star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == kAnyText) ++p;
  return p == pattern.size();
}

// A pattern without `_`: begins with the first of `texts` and ends with the last one, the others between them in this
// order. One text alone is the whole.
struct LikeTexts {
  std::vector<std::string> texts;
};

// Nothing: the pattern has a `_`, or begins somewhere in the middle of a character.
std::optional<LikeTexts> texts_of(const std::vector<LikeToken>& pattern) {
  LikeTexts like;
  like.texts.emplace_back();
  for (const LikeToken token : pattern) {
    if (token == kAnyText)
      like.texts.emplace_back();
    else if (token >= kAnyCharacter)
      return std::nullopt;
    else
      like.texts.back() += static_cast<char>(token);
  }
  for (const std::string& text : like.texts) {
    if (!text.empty() && !begins_character(text.front())) return std::nullopt;
  }
  const auto inside = [&](const std::string& text) { return &text != &like.texts.front() && &text != &like.texts.back(); };
  std::vector<std::string> kept;
  for (std::string& text : like.texts) {
    if (!text.empty() || !inside(text)) kept.push_back(text);
  }
  like.texts = std::move(kept);
  return like;
}

// Rows' texts against one LikeTexts. Its rows are asked for in their order.
class ColumnMatcher {
 public:
  // `texts` is no scalar; `like` outlives this.
  ColumnMatcher(const ExprVector& texts, const LikeTexts& like)
      : texts_(texts),
        front_(like.texts.front()),
        back_(like.texts.back()),
        whole_(like.texts.size() == 1),
        bytes_min_(whole_ ? front_.size() : front_.size() + back_.size()) {
    for (std::size_t i = 1; i + 1 < like.texts.size(); ++i) finders_.emplace_back(texts, like.texts[i]);
    for (std::size_t i = 1; i + 1 < like.texts.size(); ++i) inside_bytes_.push_back(like.texts[i].size());
  }
  [[nodiscard]] bool matches(std::int64_t row) {
    const std::string_view text = texts_[row];
    if (text.size() < bytes_min_ || (whole_ && text.size() != bytes_min_)) return false;
    if (!front_.stands_at(text.data(), texts_.readable_end())) return false;
    if (whole_) return true;
    const char* at = text.data() + front_.size();
    const char* end = text.data() + text.size() - back_.size();
    if (!back_.stands_at(end, texts_.readable_end())) return false;
    for (std::size_t i = 0; i < finders_.size(); ++i) {
      at = finders_[i].find(at, end);
      if (at == nullptr) return false;
      at += inside_bytes_[i];
    }
    return true;
  }

 private:
  ExprTexts texts_;
  ConstantText front_;
  ConstantText back_;
  bool whole_;
  std::size_t bytes_min_;
  std::vector<TextFinder> finders_;
  std::vector<std::size_t> inside_bytes_;
};

bool ends_with_escape(std::string_view pattern, std::string_view escape) {
  if (escape.empty()) return false;
  for (std::size_t at = pattern.find(escape); at != std::string_view::npos;
       at = pattern.find(escape, at + escape.size() + 1)) {
    if (at + escape.size() == pattern.size()) return true;
  }
  return false;
}

// Nothing: they are good.
std::string pattern_fault(std::string_view pattern, std::string_view escape) {
  if (character_count(escape) > 1) return "an escape of LIKE is one character or none";
  if (ends_with_escape(pattern, escape))
    return fmt::format("the pattern {} ends with its escape", printable_text(pattern));
  return {};
}

// The same texts in small letters. Precondition: maps_by_bytes().
Result<ExprVector> lower_column(const ExprContext& context, const ExprVector& texts) {
  TIPPLE_TRY(ExprVector lowered, new_texts_like(context, texts.type, texts));
  const std::string_view from = joined_texts(texts);
  char* to = reinterpret_cast<char*>(lowered.text_buffer->mutable_data());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = ascii_case<false>(from[i]);
  return lowered;
}

template <bool kIgnoreCase>
Result<ExprVector> like_constant(ExprContext& context, ExprArguments arguments, std::string_view escape) {
  std::string pattern(arguments[1].text_at(0));
  if (kIgnoreCase) lower_text(arguments[1].text_at(0), &pattern);
  std::vector<LikeToken> tokens;
  read_pattern(pattern, escape, &tokens);
  const auto texts = texts_of(tokens);
  const bool by_bytes = kIgnoreCase && maps_by_bytes(context, arguments[0]);
  ExprVector lowered;
  if (by_bytes) {
    TIPPLE_TRY(lowered, lower_column(context, arguments[0]));
  }
  const ExprVector& source = by_bytes ? lowered : arguments[0];
  const bool as_they_stand = !kIgnoreCase || by_bytes;
  if (texts && as_they_stand && !source.scalar) {
    ColumnMatcher matcher(source, *texts);
    return map_bits(context, arguments, [&matcher](std::int64_t row) { return matcher.matches(row); });
  }
  if (as_they_stand) {
    return map_bits(context, arguments,
                    [rows = ExprTexts(source), &tokens](std::int64_t row) { return matches_tokens(rows[row], tokens); });
  }
  std::string scratch;
  return map_bits(context, arguments, [rows = ExprTexts(source), &tokens, &scratch](std::int64_t row) {
    lower_text(rows[row], &scratch);
    return matches_tokens(scratch, tokens);
  });
}

template <bool kIgnoreCase>
Result<ExprVector> like(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const auto constant = [&](std::size_t i) { return arguments[i].scalar && arguments[i].is_valid(0); };
  if (constant(1) && (arguments.size() == 2 || constant(2))) {
    const std::string_view escape = arguments.size() == 3 ? arguments[2].text_at(0) : "\\";
    if (pattern_fault(arguments[1].text_at(0), escape).empty())
      return like_constant<kIgnoreCase>(context, arguments, escape);
  }
  std::vector<LikeToken> tokens;
  std::string lowered_text;
  std::string lowered_pattern;
  return map_values<bool>(context, call.type(), arguments, [&](std::int64_t row, bool* out) {
    std::string_view text = arguments[0].text_at(row);
    std::string_view pattern = arguments[1].text_at(row);
    const std::string_view escape = arguments.size() == 3 ? arguments[2].text_at(row) : "\\";
    std::string fault = pattern_fault(pattern, escape);
    if (!fault.empty()) {
      context.fault(row, "domain", std::move(fault));
      return false;
    }
    if (kIgnoreCase) {
      lower_text(pattern, &lowered_pattern);
      lower_text(text, &lowered_text);
      pattern = lowered_pattern;
      text = lowered_text;
    }
    read_pattern(pattern, escape, &tokens);
    *out = matches_tokens(text, tokens);
    return true;
  });
}

}  // namespace

ExprKernel like_kernel(const TypedExpr& expr) {
  if (expr.function == "like") return like<false>;
  return expr.function == "ilike" ? like<true> : nullptr;
}

}  // namespace tipple
