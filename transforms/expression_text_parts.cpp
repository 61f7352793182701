// Text functions that take texts apart and fill them. Positions and counts are characters.
#include <algorithm>
#include <bit>
#include <limits>

#include <fmt/format.h>

#include "transforms/expression_text.h"

namespace tipple {
namespace {

constexpr std::size_t kTextBytesMax = limits::kFieldBytesMax;

Result<ExprVector> substr(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const ExprCharacters characters(arguments[0]);
  const bool counted = arguments.size() == 3;
  return map_parts(
      context, call.type(), arguments, arguments[0],
      [&context, characters, counted, texts = ExprTexts(arguments[0]), starts = ExprValues<std::int64_t>(arguments[1]),
       counts = ExprValues<std::int64_t>(arguments.back())](std::int64_t row, std::string_view* part) {
        const std::int64_t start = starts[row];
        std::int64_t end = std::numeric_limits<std::int64_t>::max();
        if (counted) {
          const std::int64_t count = counts[row];
          if (count < 0) {
            context.fault(row, "domain", fmt::format("substr of {} characters", count));
            return false;
          }
          if (__builtin_add_overflow(start, count, &end)) end = std::numeric_limits<std::int64_t>::max();
        }
        const std::int64_t begin = std::max<std::int64_t>(start, 1);
        if (end <= begin) return true;
        const std::string_view text = texts[row];
        const std::string_view rest = text.substr(characters.offset(text, begin - 1));
        *part = rest.substr(0, characters.offset(rest, end - begin));
        return true;
      });
}

// The first `count` characters; negative: all but the last so many.
std::size_t left_bytes(const ExprCharacters& in, std::string_view text, std::int64_t count) {
  if (count >= 0) return in.offset(text, count);
  const std::int64_t characters = in.count(text);
  return count <= -characters ? 0 : in.offset(text, characters + count);
}

// The complement: the last n are what is behind all but the last n.
std::size_t right_begin(const ExprCharacters& in, std::string_view text, std::int64_t count) {
  if (count < 0) return in.offset(text, count == std::numeric_limits<std::int64_t>::min() ? -(count + 1) : -count);
  return count == 0 ? text.size() : left_bytes(in, text, -std::min(count, in.count(text)));
}

template <bool kLeft>
Result<ExprVector> cut(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_parts(context, call.type(), arguments, arguments[0],
                   [characters = ExprCharacters(arguments[0]), texts = ExprTexts(arguments[0]),
                    counts = ExprValues<std::int64_t>(arguments[1])](std::int64_t row, std::string_view* part) {
                     const std::string_view text = texts[row];
                     *part = kLeft ? text.substr(0, left_bytes(characters, text, counts[row]))
                                   : text.substr(right_begin(characters, text, counts[row]));
                     return true;
                   });
}

// Characters of a set, ASCII by a table.
class CharacterSet {
 public:
  void assign(std::string_view characters) {
    std::fill(std::begin(ascii_), std::end(ascii_), false);
    others_.clear();
    for (std::size_t at = 0; at < characters.size();) {
      const std::size_t bytes = character_bytes(characters, at);
      if (bytes == 1)
        ascii_[static_cast<unsigned char>(characters[at])] = true;
      else
        others_.push_back(characters.substr(at, bytes));
      at += bytes;
    }
  }
  [[nodiscard]] bool is_ascii() const { return others_.empty(); }
  [[nodiscard]] bool has(std::string_view character) const {
    if (character.size() == 1) return has_byte(character.front());
    return std::find(others_.begin(), others_.end(), character) != others_.end();
  }
  [[nodiscard]] bool has_byte(char c) const { return ascii_[static_cast<unsigned char>(c)]; }

 private:
  bool ascii_[256] = {};
  std::vector<std::string_view> others_;
};

template <bool kFront, bool kBack>
std::string_view trimmed_of(std::string_view text, const CharacterSet& characters) {
  if (characters.is_ascii()) {  // its bytes are no part of another character
    while (kFront && !text.empty() && characters.has_byte(text.front())) text.remove_prefix(1);
    while (kBack && !text.empty() && characters.has_byte(text.back())) text.remove_suffix(1);
    return text;
  }
  while (kFront && !text.empty()) {
    const std::size_t bytes = character_bytes(text, 0);
    if (!characters.has(text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (kBack && !text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && !begins_character(text[begin])) --begin;
    if (!characters.has(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

// Of a single byte, eight at a time: whether a text begins or ends with it comes in no order, so there is no branch.
class ByteTrimmer {
 public:
  ByteTrimmer(const ExprTexts& texts, char c)
      : begin_(texts.readable_begin()),
        end_(texts.readable_end()),
        eight_(static_cast<unsigned char>(c) * 0x0101010101010101) {}
  // How many stand in front of `text`, and at its end.
  [[nodiscard]] std::size_t front(std::string_view text) const {
    std::size_t at = 0;
    while (at < text.size()) {
      const std::uint64_t others = word_at(text.data() + at, text.size() - at) ^ eight_;
      if (others != 0) return std::min(at + static_cast<std::size_t>(std::countr_zero(others)) / 8, text.size());
      at += 8;
    }
    return text.size();
  }
  [[nodiscard]] std::size_t back(std::string_view text) const {
    std::size_t left = text.size();
    while (left > 0) {
      const char* end = text.data() + left;
      if (end - begin_ < 8) [[unlikely]]
        return text.size() - left + last_bytes(text.substr(0, left));
      std::uint64_t word;
      std::memcpy(&word, end - 8, 8);
      const std::uint64_t others = word ^ eight_;
      if (others != 0) {
        const auto count = text.size() - left + static_cast<std::size_t>(std::countl_zero(others)) / 8;
        return std::min(count, text.size());
      }
      left -= std::min<std::size_t>(left, 8);
    }
    return text.size();
  }

 private:
  [[nodiscard]] std::uint64_t word_at(const char* place, std::size_t bytes) const {
    std::uint64_t word;
    if (end_ - place < 8) [[unlikely]]
      return short_word(place, std::min<std::size_t>(bytes, 7));
    std::memcpy(&word, place, 8);
    return word;
  }
  [[nodiscard]] std::size_t last_bytes(std::string_view text) const {
    std::size_t count = 0;
    while (count < text.size() && text[text.size() - 1 - count] == static_cast<char>(eight_ & 0xFF)) ++count;
    return count;
  }

  const char* begin_;
  const char* end_;
  std::uint64_t eight_;
};

template <bool kFront, bool kBack>
Result<ExprVector> trim_byte(ExprContext& context, const ExprCall& call, ExprArguments arguments, char c) {
  const ExprTexts texts(arguments[0]);
  return map_parts(context, call.type(), arguments, arguments[0],
                   [texts, trimmer = ByteTrimmer(texts, c)](std::int64_t row, std::string_view* part) {
                     std::string_view text = texts[row];
                     if (kFront) text.remove_prefix(trimmer.front(text));
                     if (kBack) text.remove_suffix(trimmer.back(text));
                     *part = text;
                     return true;
                   });
}

template <bool kFront, bool kBack>
Result<ExprVector> trim(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const bool constant = arguments.size() == 1 || (arguments[1].scalar && arguments[1].is_valid(0));
  const std::string_view known = arguments.size() == 1 ? " " : constant ? arguments[1].text_at(0) : "";
  if (constant && known.size() == 1 && is_ascii(known))
    return trim_byte<kFront, kBack>(context, call, arguments, known.front());
  CharacterSet characters;
  characters.assign(known);
  return map_parts(context, call.type(), arguments, arguments[0],
                   [&characters, constant, texts = ExprTexts(arguments[0]), sets = ExprTexts(arguments.back())](
                       std::int64_t row, std::string_view* part) {
                     if (!constant) characters.assign(sets[row]);
                     *part = trimmed_of<kFront, kBack>(texts[row], characters);
                     return true;
                   });
}

// `fill` again and again, `missing` characters of it.
void append_fill(std::string_view fill, bool ascii, std::int64_t missing, ExprTextWriter& out) {
  if (ascii) {
    // More than a text may have is a fault, however much more.
    auto left = static_cast<std::size_t>(std::min<std::int64_t>(missing, kTextBytesMax + 1));
    for (; left > 0; left -= std::min(left, fill.size())) out.append(fill.substr(0, left), fill.data() + fill.size());
    return;
  }
  std::size_t at = 0;
  for (std::int64_t i = 0; i < missing && out.row_bytes() <= kTextBytesMax; ++i) {
    if (at == fill.size()) at = 0;
    const std::size_t bytes = character_bytes(fill, at);
    out.append(fill.substr(at, bytes));
    at += bytes;
  }
}

template <bool kLeft>
Result<ExprVector> pad(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  // A constant one is repeated, so that most paddings are one copy.
  std::string fill = arguments.size() == 2 ? " " : "";
  const bool constant = arguments.size() == 2 || (arguments[2].scalar && arguments[2].is_valid(0));
  if (arguments.size() == 3 && constant) fill = arguments[2].text_at(0);
  const std::string once = fill;
  while (!fill.empty() && fill.size() < 2 * kShortTextBytes) fill += once;
  const bool ascii = is_ascii(fill);
  return map_text(context, call.type(), arguments, context.rows * 16,
                  [characters = ExprCharacters(arguments[0]), texts = ExprTexts(arguments[0]),
                   widths = ExprValues<std::int64_t>(arguments[1]), fills = ExprTexts(arguments.back()), constant,
                   constant_fill = std::string_view(fill), ascii](std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    const std::int64_t wanted = std::max<std::int64_t>(widths[row], 0);
                    const std::string_view filling = constant ? constant_fill : fills[row];
                    const std::int64_t missing = wanted - characters.count(text);
                    if (missing <= 0 || filling.empty()) {
                      out.append(text.substr(0, characters.offset(text, wanted)), texts.readable_end());
                      return true;
                    }
                    if (!kLeft) out.append(text, texts.readable_end());
                    append_fill(filling, constant && ascii, missing, out);
                    if (kLeft) out.append(text, texts.readable_end());
                    return true;
                  });
}

Result<ExprVector> repeat(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8,
                  [texts = ExprTexts(arguments[0]), counts = ExprValues<std::int64_t>(arguments[1])](
                      std::int64_t row, ExprTextWriter& out) {
                    const std::string_view text = texts[row];
                    const std::int64_t count = text.empty() ? 0 : counts[row];
                    for (std::int64_t i = 0; i < count && out.row_bytes() <= kTextBytesMax; ++i)
                      out.append(text, texts.readable_end());
                    return true;
                  });
}

// The n-th part (from 1), from the end for a negative n; empty if there are fewer.
std::string_view part_of(std::string_view text, std::string_view separator, std::int64_t n) {
  if (separator.empty()) return n == 1 || n == -1 ? text : std::string_view();
  if (n < 0) {
    std::int64_t parts = 1;
    for (std::size_t at = text.find(separator); at != std::string_view::npos;
         at = text.find(separator, at + separator.size()))
      ++parts;
    if (n < -parts) return {};
    n += parts + 1;
  }
  for (; n > 1; --n) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + separator.size());
  }
  return text.substr(0, text.find(separator));
}

// Of a column by a constant separator, from the front.
Result<ExprVector> split_column(ExprContext& context, const ExprCall& call, ExprArguments arguments, std::int64_t n) {
  const auto separator_bytes = static_cast<std::ptrdiff_t>(arguments[1].text_at(0).size());
  return map_parts(
      context, call.type(), arguments, arguments[0],
      [n, separator_bytes, texts = ExprTexts(arguments[0]), finder = TextFinder(arguments[0], arguments[1].text_at(0))](
          std::int64_t row, std::string_view* part) mutable {
        const std::string_view text = texts[row];
        const char* begin = text.data();
        const char* end = text.data() + text.size();
        for (std::int64_t i = 1; i < n; ++i) {
          const char* at = finder.find(begin, end);
          if (at == nullptr) return true;
          begin = at + separator_bytes;
        }
        const char* at = finder.find(begin, end);
        *part = {begin, static_cast<std::size_t>((at == nullptr ? end : at) - begin)};
        return true;
      });
}

Result<ExprVector> split_part(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const auto constant = [&](std::size_t i) { return arguments[i].scalar && arguments[i].is_valid(0); };
  if (!arguments[0].scalar && constant(1) && constant(2) && !arguments[1].text_at(0).empty() &&
      arguments[2].at<std::int64_t>(0) > 0) {
    return split_column(context, call, arguments, arguments[2].at<std::int64_t>(0));
  }
  return map_parts(context, call.type(), arguments, arguments[0],
                   [&context, texts = ExprTexts(arguments[0]), separators = ExprTexts(arguments[1]),
                    numbers = ExprValues<std::int64_t>(arguments[2])](std::int64_t row, std::string_view* part) {
                     const std::int64_t n = numbers[row];
                     if (n == 0) {
                       context.fault(row, "domain", "split_part counts parts from 1, not 0");
                       return false;
                     }
                     *part = part_of(texts[row], separators[row], n);
                     return true;
                   });
}

}  // namespace

ExprKernel text_part_kernel(const TypedExpr& expr) {
  const std::pair<std::string_view, ExprKernel> kKernels[] = {
      {"substr", substr},           {"left", cut<true>},          {"right", cut<false>}, {"btrim", trim<true, true>},
      {"ltrim", trim<true, false>}, {"rtrim", trim<false, true>}, {"lpad", pad<true>},   {"rpad", pad<false>},
      {"repeat", repeat},           {"split_part", split_part},
  };
  for (const auto& [name, kernel] : kKernels) {
    if (expr.function == name) return kernel;
  }
  return nullptr;
}

}  // namespace tipple
