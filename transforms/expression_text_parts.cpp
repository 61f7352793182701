// Text functions that take texts apart, fill them and replace in them. Positions and counts are characters.
#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "transforms/expression_text.h"
#include "transforms/expression_utf8.h"

namespace tipple {
namespace {

constexpr std::size_t kTextBytesMax = limits::kFieldBytesMax;

Result<ExprVector> substr(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::string_view text = arguments[0].text_at(row);
    const std::int64_t start = arguments[1].at<std::int64_t>(row);
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
    if (arguments.size() == 3) {
      const std::int64_t count = arguments[2].at<std::int64_t>(row);
      if (count < 0) {
        context.fault(row, "domain", fmt::format("substr of {} characters", count));
        return false;
      }
      if (__builtin_add_overflow(start, count, &end)) end = std::numeric_limits<std::int64_t>::max();
    }
    const std::int64_t begin = std::max<std::int64_t>(start, 1);
    if (end <= begin) return true;
    const std::string_view rest = text.substr(character_offset(text, begin - 1));
    out.append(rest.substr(0, character_offset(rest, end - begin)));
    return true;
  });
}

// The first `count` characters; negative: all but the last so many.
std::size_t left_bytes(std::string_view text, std::int64_t count) {
  if (count >= 0) return character_offset(text, count);
  const std::int64_t characters = character_count(text);
  return count <= -characters ? 0 : character_offset(text, characters + count);
}

Result<ExprVector> left(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::string_view text = arguments[0].text_at(row);
    out.append(text.substr(0, left_bytes(text, arguments[1].at<std::int64_t>(row))));
    return true;
  });
}

Result<ExprVector> right(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::string_view text = arguments[0].text_at(row);
    const std::int64_t count = arguments[1].at<std::int64_t>(row);
    // Its complement: the last n are what is behind all but the last n.
    const std::size_t cut =
        count >= 0 ? (count == 0 ? text.size()
                                 : left_bytes(text, count > character_count(text) ? -character_count(text) : -count))
                   : character_offset(text, count == std::numeric_limits<std::int64_t>::min() ? -(count + 1) : -count);
    out.append(text.substr(cut));
    return true;
  });
}

// Characters of a set, ASCII by a table.
class CharacterSet {
 public:
  explicit CharacterSet(std::string_view characters) {
    for (std::size_t at = 0; at < characters.size();) {
      const std::size_t bytes = character_bytes(characters, at);
      members_.push_back(characters.substr(at, bytes));
      at += bytes;
    }
  }
  [[nodiscard]] bool has(std::string_view character) const {
    return std::find(members_.begin(), members_.end(), character) != members_.end();
  }

 private:
  std::vector<std::string_view> members_;
};

template <bool kFront, bool kBack>
Result<ExprVector> trim(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const bool constant = arguments.size() == 1 || arguments[1].scalar;
  CharacterSet characters(arguments.size() == 1                  ? " "
                          : constant && arguments[1].is_valid(0) ? arguments[1].text_at(0)
                                                                 : "");
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    std::string_view text = arguments[0].text_at(row);
    if (!constant) characters = CharacterSet(arguments[1].text_at(row));
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
    out.append(text);
    return true;
  });
}

template <bool kLeft>
Result<ExprVector> pad(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::string_view text = arguments[0].text_at(row);
    const std::int64_t wanted = std::max<std::int64_t>(arguments[1].at<std::int64_t>(row), 0);
    const std::string_view fill = arguments.size() == 3 ? arguments[2].text_at(row) : " ";
    const std::int64_t missing = wanted - character_count(text);
    if (missing <= 0 || fill.empty()) {
      out.append(text.substr(0, character_offset(text, wanted)));
      return true;
    }
    if (!kLeft) out.append(text);
    std::size_t at = 0;
    for (std::int64_t i = 0; i < missing && out.row_bytes() <= kTextBytesMax; ++i) {
      if (at == fill.size()) at = 0;
      const std::size_t bytes = character_bytes(fill, at);
      out.append(fill.substr(at, bytes));
      at += bytes;
    }
    if (kLeft) out.append(text);
    return true;
  });
}

Result<ExprVector> repeat(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::string_view text = arguments[0].text_at(row);
    const std::int64_t count = text.empty() ? 0 : arguments[1].at<std::int64_t>(row);
    for (std::int64_t i = 0; i < count && out.row_bytes() <= kTextBytesMax; ++i) out.append(text);
    return true;
  });
}

Result<ExprVector> replace(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    std::string_view text = arguments[0].text_at(row);
    const std::string_view part = arguments[1].text_at(row);
    const std::string_view by = arguments[2].text_at(row);
    while (!part.empty() && out.row_bytes() <= kTextBytesMax) {
      const std::size_t at = text.find(part);
      if (at == std::string_view::npos) break;
      out.append(text.substr(0, at));
      out.append(by);
      text.remove_prefix(at + part.size());
    }
    out.append(text);
    return true;
  });
}

Result<ExprVector> translate(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  std::map<std::string_view, std::string_view> table;
  const bool constant = arguments[1].scalar && arguments[2].scalar;
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
  if (constant && arguments[1].is_valid(0) && arguments[2].is_valid(0)) fill(0);
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
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

Result<ExprVector> split_part(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::int64_t n = arguments[2].at<std::int64_t>(row);
    if (n == 0) {
      context.fault(row, "domain", "split_part counts parts from 1, not 0");
      return false;
    }
    out.append(part_of(arguments[0].text_at(row), arguments[1].text_at(row), n));
    return true;
  });
}

Result<ExprVector> strpos(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    const std::string_view text = arguments[0].text_at(row);
    const std::size_t at = text.find(arguments[1].text_at(row));
    *out = at == std::string_view::npos ? 0 : static_cast<std::int32_t>(character_count(text.substr(0, at)) + 1);
    return true;
  });
}

Result<ExprVector> starts_with(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<bool>(context, call.type(), arguments, [&](std::int64_t row, bool* out) {
    *out = arguments[0].text_at(row).starts_with(arguments[1].text_at(row));
    return true;
  });
}

}  // namespace

ExprKernel text_part_kernel(const TypedExpr& expr) {
  const std::pair<std::string_view, ExprKernel> kKernels[] = {
      {"substr", substr},
      {"left", left},
      {"right", right},
      {"btrim", trim<true, true>},
      {"ltrim", trim<true, false>},
      {"rtrim", trim<false, true>},
      {"lpad", pad<true>},
      {"rpad", pad<false>},
      {"repeat", repeat},
      {"replace", replace},
      {"translate", translate},
      {"split_part", split_part},
      {"strpos", strpos},
      {"starts_with", starts_with},
  };
  for (const auto& [name, kernel] : kKernels) {
    if (expr.function == name) return kernel;
  }
  return nullptr;
}

}  // namespace tipple
