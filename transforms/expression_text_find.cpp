// Text functions that look for one text in another: replace, translate, strpos, starts_with.
#include <map>

#include "transforms/expression_text.h"

namespace tipple {
namespace {

// Whether `needle` is one constant text to be looked for in a column.
bool finds_in_column(const ExprVector& texts, const ExprVector& needle) {
  return !texts.scalar && needle.scalar && needle.is_valid(0) && !needle.text_at(0).empty();
}

// The same find(from, end) as a TextFinder's, for any rows: needle() is asked for each call.
template <typename Needle>
class RowFinder {
 public:
  explicit RowFinder(Needle needles) : needles_(needles) {}
  void row(std::int64_t row) { needle_ = needles_[row]; }
  [[nodiscard]] const char* find(const char* from, const char* end) const {
    const std::size_t at = std::string_view(from, static_cast<std::size_t>(end - from)).find(needle_);
    return at == std::string_view::npos ? nullptr : from + at;
  }

 private:
  Needle needles_;
  std::string_view needle_;
};

class ColumnFinder : public TextFinder {
 public:
  using TextFinder::TextFinder;
  void row(std::int64_t) {}
};

// f(finder) with the one that fits the arguments.
template <typename F>
Result<ExprVector> with_finder(const ExprVector& texts, const ExprVector& needle, const F& f) {
  if (finds_in_column(texts, needle)) return f(ColumnFinder(texts, needle.text_at(0)));
  return f(RowFinder<ExprTexts>(ExprTexts(needle)));
}

Result<ExprVector> replace(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const std::int64_t guess =
      arguments[0].scalar ? context.rows * 8 : static_cast<std::int64_t>(joined_texts(arguments[0]).size());
  return with_finder(arguments[0], arguments[1], [&](auto finder) {
    return map_text(context, call.type(), arguments, guess,
                    [finder, texts = ExprTexts(arguments[0]), parts = ExprTexts(arguments[1]),
                     replacements = ExprTexts(arguments[2])](std::int64_t row, ExprTextWriter& out) mutable {
                      const std::string_view text = texts[row];
                      const std::string_view part = parts[row];
                      const char* begin = text.data();
                      const char* end = begin + text.size();
                      finder.row(row);
                      while (!part.empty() && out.row_bytes() <= limits::kFieldBytesMax) {
                        const char* at = finder.find(begin, end);
                        if (at == nullptr) break;
                        out.append({begin, static_cast<std::size_t>(at - begin)}, texts.readable_end());
                        out.append(replacements[row], replacements.readable_end());
                        begin = at + part.size();
                      }
                      out.append({begin, static_cast<std::size_t>(end - begin)}, texts.readable_end());
                      return true;
                    });
  });
}

// Which byte becomes which. Bytes that are no ASCII stay: they are parts of characters that no table of these has.
class ByteTable {
 public:
  ByteTable(std::string_view from, std::string_view to) {
    for (int c = 0; c < 256; ++c) {
      to_[c] = static_cast<char>(c);
      kept_[c] = 1;
    }
    for (std::size_t i = from.size(); i-- > 0;) {  // the first of two counts
      const auto c = static_cast<unsigned char>(from[i]);
      kept_[c] = i < to.size() ? 1 : 0;
      if (i < to.size()) to_[c] = to[i];
    }
    keeps_all_ = from.size() <= to.size();
  }
  // What becomes of `text` at `to`; one behind the last.
  char* apply(std::string_view text, char* to) const {
    if (keeps_all_) {
      for (std::size_t i = 0; i < text.size(); ++i) to[i] = to_[static_cast<unsigned char>(text[i])];
      return to + text.size();
    }
    for (const char byte : text) {
      const auto c = static_cast<unsigned char>(byte);
      *to = to_[c];
      to += kept_[c];
    }
    return to;
  }

 private:
  char to_[256];
  std::uint8_t kept_[256];
  bool keeps_all_ = false;
};

Result<ExprVector> translate_bytes(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ByteTable table(arguments[1].text_at(0), arguments[2].text_at(0));
  return map_text(context, call.type(), arguments, static_cast<std::int64_t>(joined_texts(arguments[0]).size()),
                  [&table, texts = ExprTexts(arguments[0])](std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    char* to = out.room(text.size());
                    if (to == nullptr) return false;
                    out.advance_to(table.apply(text, to));
                    return true;
                  });
}

Result<ExprVector> translate(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  std::map<std::string_view, std::string_view> table;
  const bool constant = arguments[1].scalar && arguments[2].scalar;
  const bool known = constant && arguments[1].is_valid(0) && arguments[2].is_valid(0);
  if (known && is_ascii(arguments[1].text_at(0)) && is_ascii(arguments[2].text_at(0)))
    return translate_bytes(context, call, arguments);
  const auto fill = [&](std::int64_t row) {
    table.clear();
    const std::string_view from = arguments[1].text_at(row);
    const std::string_view to = arguments[2].text_at(row);
    std::size_t target = 0;
    for (std::size_t at = 0; at < from.size();) {
      const std::size_t bytes = character_bytes(from, at);
      const std::size_t target_bytes = target < to.size() ? character_bytes(to, target) : 0;
      table.emplace(from.substr(at, bytes),
                    to.substr(std::min(target, to.size()), target_bytes));  // the first of two counts
      at += bytes;
      target += target_bytes;
    }
  };
  if (known) fill(0);
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextWriter& out) {
    if (!constant) fill(row);
    const std::string_view text = arguments[0].text_at(row);
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view character = text.substr(at, character_bytes(text, at));
      const auto found = table.find(character);
      out.append(found == table.end() ? character : found->second);
      at += character.size();
    }
    return true;
  });
}

Result<ExprVector> strpos(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return with_finder(arguments[0], arguments[1], [&](auto finder) {
    return map_values<std::int32_t>(
        context, call.type(), arguments,
        [finder, texts = ExprTexts(arguments[0]), characters = ExprCharacters(arguments[0])](
            std::int64_t row, std::int32_t* out) mutable {
          const std::string_view text = texts[row];
          finder.row(row);
          const char* at = finder.find(text.data(), text.data() + text.size());
          if (at == nullptr)
            *out = 0;
          else
            *out = static_cast<std::int32_t>(
                characters.count({text.data(), static_cast<std::size_t>(at - text.data())}) + 1);
          return true;
        });
  });
}

Result<ExprVector> starts_with(ExprContext& context, const ExprCall&, ExprArguments arguments) {
  const ExprTexts texts(arguments[0]);
  if (arguments[1].scalar) {
    return map_bits(context, arguments, [texts, prefix = ConstantText(arguments[1].text_at(0))](std::int64_t row) {
      const std::string_view text = texts[row];
      return text.size() >= prefix.size() && prefix.stands_at(text.data(), texts.readable_end());
    });
  }
  return map_bits(context, arguments, [texts, prefixes = ExprTexts(arguments[1])](std::int64_t row) {
    return texts[row].starts_with(prefixes[row]);
  });
}

}  // namespace

ExprKernel text_find_kernel(const TypedExpr& expr) {
  if (expr.function == "replace") return replace;
  if (expr.function == "translate") return translate;
  if (expr.function == "strpos") return strpos;
  return expr.function == "starts_with" ? starts_with : nullptr;
}

}  // namespace tipple
