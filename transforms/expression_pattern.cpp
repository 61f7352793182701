// Regular expressions (RE2: linear time, whatever the pattern). LIKE is in expression_like.cpp.
#include <re2/re2.h>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/csv_rule.h"
#include "transforms/expression_utf8.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

constexpr std::size_t kPatternBytesMax = 4096;

struct Regex : ExprPrepared {
  std::unique_ptr<RE2> regex;
  bool global = false;
};

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// Flags: i ignores case, g replaces each match (if `with_global`).
Result<std::shared_ptr<const Regex>> make_regex(std::string_view pattern, std::string_view flags, bool with_global) {
  auto made = std::make_shared<Regex>();
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(limits::kPatternMemoryBytesMax);
  for (const char flag : flags) {
    if (flag == 'i')
      options.set_case_sensitive(false);
    else if (flag == 'g' && with_global)
      made->global = true;
    else if (flag != 'c')
      return usage_error(fmt::format("unknown flag '{}' of a regular expression", flag), {}, "flags are i and g");
  }
  if (pattern.size() > kPatternBytesMax) {
    return usage_error(fmt::format("a regular expression of {} bytes, more than {}", pattern.size(), kPatternBytesMax));
  }
  made->regex = std::make_unique<RE2>(piece(pattern), options);
  if (!made->regex->ok()) {
    return usage_error(fmt::format("{} is not a regular expression: {}", printable_text(pattern), made->regex->error()),
                       {}, "the syntax is RE2's: no look-around, no back references");
  }
  return std::shared_ptr<const Regex>(std::move(made));
}

// Where the flags stand among the arguments.
std::size_t flags_position(const TypedExpr& expr) { return expr.function == "regexp_replace" ? 3 : 2; }

// The prepared one, or the row's own; a pattern that stays the same from row to row is compiled once.
class RowRegex {
 public:
  RowRegex(ExprContext& context, const ExprCall& call, ExprArguments arguments)
      : context_(context), call_(call), arguments_(arguments), regex_(static_cast<const Regex*>(call.prepared)) {}
  // Null: a fault, which is noted.
  const Regex* of(std::int64_t row) {
    if (call_.prepared != nullptr) return regex_;
    const std::string_view pattern = arguments_[1].text_at(row);
    const std::size_t position = flags_position(*call_.expr);
    const std::string_view flags = arguments_.size() > position ? arguments_[position].text_at(row) : "";
    if (own_ != nullptr && pattern == pattern_ && flags == flags_) return own_.get();
    auto made = make_regex(pattern, flags, position == 3);
    if (!made.ok()) {
      context_.fault(row, "domain", made.error().what);
      return nullptr;
    }
    own_ = *made;
    pattern_ = pattern;
    flags_ = flags;
    return own_.get();
  }

 private:
  ExprContext& context_;
  const ExprCall& call_;
  ExprArguments arguments_;
  const Regex* regex_;
  std::shared_ptr<const Regex> own_;
  std::string pattern_;
  std::string flags_;
};

Result<ExprVector> regexp_like(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  RowRegex regexes(context, call, arguments);
  return map_values<bool>(context, call.type(), arguments, [&](std::int64_t row, bool* out) {
    const Regex* regex = regexes.of(row);
    if (regex == nullptr) return false;
    const std::string_view text = arguments[0].text_at(row);
    *out = regex->regex->Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
    return true;
  });
}

Result<ExprVector> regexp_substr(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  RowRegex regexes(context, call, arguments);
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextWriter& out) {
    const Regex* regex = regexes.of(row);
    if (regex == nullptr) return false;
    const std::string_view text = arguments[0].text_at(row);
    re2::StringPiece match;
    if (!regex->regex->Match(piece(text), 0, text.size(), RE2::UNANCHORED, &match, 1)) return false;
    out.append({match.data(), match.size()});
    return true;
  });
}

constexpr int kGroupsMax = 9;

// \1 to \9 are groups, \& the match, \\ a backslash.
void append_replacement(std::string_view replacement, const re2::StringPiece* groups, int group_count,
                        ExprTextWriter& out) {
  for (std::size_t at = 0; at < replacement.size();) {
    const std::size_t plain = std::min(replacement.find('\\', at), replacement.size());
    out.append(replacement.substr(at, plain - at));
    at = plain;
    if (at + 1 >= replacement.size()) {
      out.append(replacement.substr(at));
      return;
    }
    const char c = replacement[at + 1];
    const int group = c == '&' ? 0 : c >= '1' && c <= '9' ? c - '0' : -1;
    if (group >= 0 && group <= group_count)
      out.append({groups[group].data() == nullptr ? "" : groups[group].data(), groups[group].size()});
    else if (group < 0)
      out.append(replacement.substr(c == '\\' ? at + 1 : at, c == '\\' ? 1 : 2));
    at += 2;
  }
}

Result<ExprVector> regexp_replace(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  RowRegex regexes(context, call, arguments);
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextWriter& out) {
    const Regex* regex = regexes.of(row);
    if (regex == nullptr) return false;
    const std::string_view text = arguments[0].text_at(row);
    const std::string_view replacement = arguments[2].text_at(row);
    const int groups = std::min(regex->regex->NumberOfCapturingGroups(), kGroupsMax);
    re2::StringPiece matches[kGroupsMax + 1];
    std::size_t copied = 0;
    std::size_t at = 0;
    while (at <= text.size() && out.row_bytes() <= limits::kFieldBytesMax &&
           regex->regex->Match(piece(text), at, text.size(), RE2::UNANCHORED, matches, groups + 1)) {
      const auto begin = static_cast<std::size_t>(matches[0].data() - text.data());
      out.append(text.substr(copied, begin - copied));
      append_replacement(replacement, matches, groups, out);
      copied = begin + matches[0].size();
      // An empty match: the next one begins a character later.
      at = matches[0].empty() ? (copied < text.size() ? copied + character_bytes(text, copied) : text.size() + 1)
                              : copied;
      if (!regex->global) break;
    }
    out.append(text.substr(copied));
    return true;
  });
}

}  // namespace

ExprKernel pattern_kernel(const TypedExpr& expr) {
  if (expr.function == "regexp_like") return regexp_like;
  if (expr.function == "regexp_substr") return regexp_substr;
  return expr.function == "regexp_replace" ? regexp_replace : like_kernel(expr);
}

Result<std::shared_ptr<const ExprPrepared>> prepare_pattern(const TypedExpr& expr,
                                                            std::span<const ExprVector* const> constants) {
  if (!expr.function.starts_with("regexp_")) return std::shared_ptr<const ExprPrepared>();
  const std::size_t position = flags_position(expr);
  const bool with_flags = constants.size() > position;
  const bool constant = constants[1] != nullptr && (!with_flags || constants[position] != nullptr);
  if (!constant || !constants[1]->is_valid(0) || (with_flags && !constants[position]->is_valid(0))) {
    return std::shared_ptr<const ExprPrepared>();
  }
  TIPPLE_TRY(auto regex,
             make_regex(constants[1]->text_at(0), with_flags ? constants[position]->text_at(0) : "", position == 3));
  return std::shared_ptr<const ExprPrepared>(std::move(regex));
}

}  // namespace tipple
