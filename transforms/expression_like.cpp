// LIKE and ILIKE. A constant pattern is taken apart once, into parts with anything between them.
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

// What stands between two `%`: bytes, some of which may be any.
struct LikePart {
  std::string bytes;
  std::string any;  // 1 where a byte may be any, else 0
  // The longest row of bytes that may not: what is searched for.
  std::size_t known_begin = 0;
  std::size_t known_bytes = 0;

  [[nodiscard]] bool has_any() const { return known_bytes < bytes.size(); }
  [[nodiscard]] std::string_view known() const { return std::string_view(bytes).substr(known_begin, known_bytes); }
  [[nodiscard]] bool stands_at(const char* place) const {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (any[i] == 0 && place[i] != bytes[i]) return false;
    }
    return true;
  }
};

// A text begins with the first part and ends with the last one, the others stand between them in this order. One part
// alone is the whole text.
struct LikeParts {
  std::vector<LikePart> parts;
  bool any_character = false;  // a `_`, which is a byte only where all texts are ASCII
};

void find_known(LikePart* part) {
  for (std::size_t begin = 0; begin < part->bytes.size();) {
    std::size_t end = begin;
    while (end < part->bytes.size() && part->any[end] == 0) ++end;
    if (end - begin > part->known_bytes) {
      part->known_begin = begin;
      part->known_bytes = end - begin;
    }
    begin = end + 1;
  }
}

// Nothing: a part of the pattern begins in the middle of a character, or nothing can match it.
std::optional<LikeParts> parts_of(const std::vector<LikeToken>& pattern) {
  std::vector<LikePart> parts(1);
  LikeParts like;
  for (const LikeToken token : pattern) {
    if (token == kNothing) return std::nullopt;
    if (token == kAnyText) {
      parts.emplace_back();
      continue;
    }
    like.any_character |= token == kAnyCharacter;
    parts.back().bytes += token == kAnyCharacter ? ' ' : static_cast<char>(token);
    parts.back().any += token == kAnyCharacter ? '\1' : '\0';
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    find_known(&parts[i]);
    const bool empty = parts[i].bytes.empty();
    if (!empty && !begins_character(parts[i].bytes.front())) return std::nullopt;
    if (!empty || i == 0 || i + 1 == parts.size()) like.parts.push_back(std::move(parts[i]));
  }
  return like;
}

// One part at a given place of a row's text.
class PlacedPart {
 public:
  explicit PlacedPart(const LikePart& part) : part_(part), text_(part.bytes) {}
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  [[nodiscard]] bool stands_at(const char* place, const char* readable_end) const {
    return part_.has_any() ? part_.stands_at(place) : text_.stands_at(place, readable_end);
  }

 private:
  const LikePart& part_;
  ConstantText text_;
};

// One part somewhere in a row's text, row after row.
class FoundPart {
 public:
  FoundPart(const ExprVector& texts, const LikePart& part) : part_(part) {
    if (part.known_bytes > 0) finder_.emplace(texts, part.known());
  }
  // Behind the first place in [at, end) where it stands; null: none. As TextFinder::find().
  [[nodiscard]] const char* find(const char* at, const char* end) {
    const auto size = static_cast<std::ptrdiff_t>(part_.bytes.size());
    if (end - at < size) return nullptr;
    if (!finder_) return at + size;
    const auto before = static_cast<std::ptrdiff_t>(part_.known_begin);
    const char* known_end = end - (size - before - static_cast<std::ptrdiff_t>(part_.known_bytes));
    for (const char* from = at + before; from < known_end;) {
      const char* known = finder_->find(from, known_end);
      if (known == nullptr) return nullptr;
      if (!part_.has_any() || part_.stands_at(known - before)) return known - before + size;
      from = known + 1;
    }
    return nullptr;
  }

 private:
  const LikePart& part_;
  std::optional<TextFinder> finder_;  // none: every byte may be any
};

// Rows' texts against a pattern. Its rows are asked for in their order.
class ColumnMatcher {
 public:
  // `texts` is no scalar; `like` outlives this.
  ColumnMatcher(const ExprVector& texts, const LikeParts& like)
      : texts_(texts),
        front_(like.parts.front()),
        back_(like.parts.back()),
        whole_(like.parts.size() == 1),
        bytes_min_(whole_ ? front_.size() : front_.size() + back_.size()) {
    for (std::size_t i = 1; i + 1 < like.parts.size(); ++i) inside_.emplace_back(texts, like.parts[i]);
  }
  [[nodiscard]] bool matches(std::int64_t row) {
    const std::string_view text = texts_[row];
    if (text.size() < bytes_min_ || (whole_ && text.size() != bytes_min_)) return false;
    const char* at = text.data() + front_.size();
    const char* end = text.data() + text.size() - back_.size();
    // No branch between the two: rows come in no order.
    const bool outside = front_.stands_at(text.data(), texts_.readable_end()) &
                         (whole_ || back_.size() == 0 || back_.stands_at(end, texts_.readable_end()));
    if (whole_ || inside_.empty()) return outside;
    if (!outside) return false;
    for (FoundPart& part : inside_) {
      at = part.find(at, end);
      if (at == nullptr) return false;
    }
    return true;
  }

 private:
  ExprTexts texts_;
  PlacedPart front_;
  PlacedPart back_;
  bool whole_;
  std::size_t bytes_min_;
  std::vector<FoundPart> inside_;
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
  std::string scratch;
  std::string pattern(arguments[1].text_at(0));
  if (kIgnoreCase) pattern = lower_text(arguments[1].text_at(0), nullptr, &scratch);
  std::vector<LikeToken> tokens;
  read_pattern(pattern, escape, &tokens);
  const auto parts = parts_of(tokens);
  const bool by_bytes = kIgnoreCase && maps_by_bytes(context, arguments[0]);
  ExprVector lowered;
  if (by_bytes) {
    TIPPLE_TRY(lowered, lower_column(context, arguments[0]));
  }
  const ExprVector& source = by_bytes ? lowered : arguments[0];
  const bool as_they_stand = !kIgnoreCase || by_bytes;
  if (parts && as_they_stand && !source.scalar && (!parts->any_character || is_ascii(joined_texts(source)))) {
    ColumnMatcher matcher(source, *parts);
    return map_bits(context, arguments, [&matcher](std::int64_t row) { return matcher.matches(row); });
  }
  if (as_they_stand) {
    return map_bits(context, arguments, [rows = ExprTexts(source), &tokens](std::int64_t row) {
      return matches_tokens(rows[row], tokens);
    });
  }
  return map_bits(context, arguments, [rows = ExprTexts(source), &tokens, &scratch](std::int64_t row) {
    return matches_tokens(lower_text(rows[row], rows.readable_end(), &scratch), tokens);
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
  std::string text_scratch;
  std::string pattern_scratch;
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
      pattern = lower_text(pattern, nullptr, &pattern_scratch);
      text = lower_text(text, nullptr, &text_scratch);
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
