// CAST from text: numbers, dates and times as CSV fields are read, with white space around them, and bool in
// PostgreSQL's words.
#include <fmt/format.h>

#include "formats/csv_label.h"
#include "formats/csv_number.h"
#include "formats/csv_rule.h"
#include "formats/csv_time.h"
#include "transforms/expression_cast.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

bool is_cast_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_cast_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_cast_space(text.back())) text.remove_suffix(1);
  return text;
}

// What fast() of a parser (formats/csv_number.h) may read.
constexpr std::ptrdiff_t kParserBytes = 32;

// fast(text, T*) -> bool knows plain values, behind which kParserBytes can be read; parse(text, T*) -> CsvVerdict all.
template <typename T, typename Fast, typename Parse>
Result<ExprVector> read_text(ExprContext& context, const ExprCall& call, ExprArguments arguments, const Fast& fast,
                             const Parse& parse) {
  return map_values<T>(context, call.type(), arguments,
                       [&, fast, texts = ExprTexts(arguments[0])](std::int64_t row, T* out) {
                         const std::string_view text = texts[row];
                         const std::string_view inside = trimmed(text);
                         if (texts.readable_end() - inside.data() >= kParserBytes && fast(inside, out)) [[likely]]
                           return true;
                         T value{};
                         const CsvVerdict verdict = parse(inside, &value);
                         *out = value;
                         if (verdict.good()) return true;
                         context.fault(row, "cast", csv_reason(verdict, text.substr(0, 256), call.type()));
                         *out = T{};
                         return false;
                       });
}

template <typename Parser, typename T>
bool parses_fast(const Parser& parser, std::string_view text, T* out) {
  return parser.fast(text.data(), static_cast<std::uint32_t>(text.size()), out);
}

std::string_view without_plus(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return text;
}

template <typename Parser>
Result<ExprVector> read_plain(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  using T = typename Parser::Value;
  const Parser parser{};
  return read_text<T>(
      context, call, arguments, [parser](std::string_view text, T* out) { return parses_fast(parser, text, out); },
      [parser](std::string_view text, T* out) { return parser.parse(without_plus(text), out); });
}

// More digits after the point than the scale are rounded, as in PostgreSQL.
Result<ExprVector> read_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const DataType& type = call.type();
  const CsvDecimalParser own(type.precision, type.scale);
  const auto fast = [&own](std::string_view text, Int128* out) { return parses_fast(own, text, out); };
  return read_text<Int128>(context, call, arguments, fast, [&](std::string_view text, Int128* out) {
    text = without_plus(text);
    const std::size_t dot = text.find('.');
    const std::size_t fraction = dot == std::string_view::npos ? 0 : text.size() - dot - 1;
    if (fraction <= type.scale) return own.parse(text, out);
    constexpr std::size_t kDigitsMax = 38;
    const std::size_t kept = std::min(fraction, std::size_t{type.scale} + 1);  // one digit decides, the rest cannot
    const std::string_view tail = text.substr(dot + 1 + kept);
    if (tail.find_first_not_of("0123456789") != std::string_view::npos) return CsvVerdict{CsvRule::kType, nullptr};
    const auto scale = static_cast<std::uint8_t>(std::min(kept, kDigitsMax));
    Int128 value = 0;
    const CsvVerdict verdict = CsvDecimalParser(38, scale).parse(text.substr(0, dot + 1 + scale), &value);
    if (!verdict.good()) return verdict;
    if (!rescale_decimal(value, scale, type.scale, type.precision, out)) return CsvVerdict{CsvRule::kRange, nullptr};
    return CsvVerdict{};
  });
}

// Of at most 8 bytes, in small letters, as a number; 0 of longer ones.
constexpr std::uint64_t word_of(std::string_view text) {
  std::uint64_t word = 0;
  if (text.size() > 8) return 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    word |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * i);
  }
  return word;
}

Result<ExprVector> read_bool(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const auto fast = [](std::string_view text, bool* out) {
    // No branch on which it is: values come in no order.
    constexpr std::uint64_t kLetters = 0x2020202020202020;
    const std::uint64_t word =
        keep_first_bytes(load_8_bytes(text.data()) | kLetters, static_cast<std::uint32_t>(text.size()));
    *out = word == word_of("true");
    return ((text.size() == 4) & *out) | ((text.size() == 5) & (word == word_of("false")));
  };
  return read_text<bool>(context, call, arguments, fast, [](std::string_view text, bool* out) {
    const std::uint64_t word = word_of(text);
    for (const char* yes : {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}) {
      if (word == word_of(yes)) return *out = true, CsvVerdict{};
    }
    for (const char* no : {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}) {
      if (word == word_of(no)) return *out = false, CsvVerdict{};
    }
    return CsvVerdict{CsvRule::kType, nullptr};
  });
}

// A date alone is its midnight; a timestamp_tz without a zone is in UTC.
Result<ExprVector> read_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const CsvTimestampParser plain(false);
  const CsvTimestampParser zoned(true);
  // A text that the second one takes is none that the first one would.
  const auto fast = [plain, zoned, with_zone = call.type().zoned](std::string_view text, std::int64_t* out) {
    return parses_fast(plain, text, out) || (with_zone && parses_fast(zoned, text, out));
  };
  return read_text<std::int64_t>(context, call, arguments, fast, [&](std::string_view text, std::int64_t* out) {
    constexpr std::size_t kDateBytes = 10;
    if (text.size() == kDateBytes) {
      std::int32_t days = 0;
      const CsvVerdict verdict = CsvDateParser().parse(text, &days);
      *out = days * kSecondsPerDay * kMicrosPerSecond;
      return verdict;
    }
    const CsvVerdict verdict = plain.parse(text, out);
    return verdict.good() || !call.type().zoned ? verdict : zoned.parse(text, out);
  });
}

Result<ExprVector> read_label(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const CsvEnumParser labels(call.type().labels);
  return map_values<std::uint16_t>(
      context, call.type(), arguments, [&, texts = ExprTexts(arguments[0])](std::int64_t row, std::uint16_t* out) {
        const std::string_view text = texts[row];
        if (texts.readable_end() - text.data() >= kParserBytes && parses_fast(labels, text, out)) [[likely]]
          return true;
        if (labels.parse(text, out).good()) return true;
        context.fault(row, "cast", fmt::format("{} is not one of the enum's labels", printable_text(text)));
        return false;
      });
}

Result<ExprVector> label_text(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  // One text behind the other, with bytes behind the last that may be read with it.
  std::string joined;
  for (const std::string& label : arguments[0].type.labels) joined += label;
  joined.resize(joined.size() + kShortTextBytes);
  std::vector<std::string_view> labels;
  std::size_t at = 0;
  for (const std::string& label : arguments[0].type.labels) {
    labels.emplace_back(joined.data() + at, label.size());
    at += label.size();
  }
  const std::size_t width =
      call.type().kind == TypeKind::kFixedString ? std::size_t{call.type().width} : limits::kFieldBytesMax;
  return map_text(context, call.type(), arguments, context.rows * 8,
                  [&, positions = ExprValues<std::uint16_t>(arguments[0]), end = joined.data() + joined.size()](
                      std::int64_t row, ExprTextWriter& out) {
                    const std::uint16_t position = positions[row];
                    if (position >= labels.size()) return false;
                    if (labels[position].size() > width) {
                      context.fault(row, "cast", fmt::format("'{}' is longer than {} bytes", labels[position], width));
                      return false;
                    }
                    out.append(labels[position], end);
                    return true;
                  });
}

// By way of the label's text.
Result<ExprVector> label_as_other(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  TypedExpr text;
  text.type.kind = TypeKind::kString;
  TIPPLE_TRY(const ExprVector label, label_text(context, ExprCall{&text, nullptr}, arguments));
  return text_cast_kernel(text.type, call.type())(context, call, {&label, 1});
}

}  // namespace

Result<ExprVector> text_as_text(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  ExprVector result = arguments[0];
  const bool narrower = call.type().kind == TypeKind::kFixedString &&
                        (result.type.kind != TypeKind::kFixedString || result.type.width > call.type().width);
  result.type = call.type();
  if (!narrower) return result;
  if (result.scalar) {
    TIPPLE_TRY(result, select_rows(context, call.type(), arguments.first(1),
                                   std::vector<std::uint16_t>(static_cast<std::size_t>(context.rows), 0)));
  }
  const ExprTexts texts(result);
  for (std::int64_t row = 0; row < context.rows; ++row) {
    const std::string_view text = texts[row];
    if (text.size() <= call.type().width || !result.is_valid(row) || !context.is_active(row)) [[likely]]
      continue;
    context.fault(
        row, "cast",
        fmt::format("{} has {} bytes, more than {}", printable_text(text), text.size(), call.type().to_string()));
    result.array = nullptr;
    TIPPLE_RETURN_IF_ERROR(set_null(context, &result, row));
  }
  return result;
}

ExprKernel text_cast_kernel(const DataType& from, const DataType& to) {
  const bool to_text = to.kind == TypeKind::kString || to.kind == TypeKind::kFixedString;
  if (from.kind == TypeKind::kEnum) return to_text ? label_text : label_as_other;
  switch (to.kind) {
    case TypeKind::kInt8:
      return read_plain<CsvIntParser<std::int8_t>>;
    case TypeKind::kInt16:
      return read_plain<CsvIntParser<std::int16_t>>;
    case TypeKind::kInt32:
      return read_plain<CsvIntParser<std::int32_t>>;
    case TypeKind::kInt64:
      return read_plain<CsvIntParser<std::int64_t>>;
    case TypeKind::kUint8:
      return read_plain<CsvIntParser<std::uint8_t>>;
    case TypeKind::kUint16:
      return read_plain<CsvIntParser<std::uint16_t>>;
    case TypeKind::kUint32:
      return read_plain<CsvIntParser<std::uint32_t>>;
    case TypeKind::kUint64:
      return read_plain<CsvIntParser<std::uint64_t>>;
    case TypeKind::kFloat32:
      return read_plain<CsvFloatParser<float>>;
    case TypeKind::kFloat64:
      return read_plain<CsvFloatParser<double>>;
    case TypeKind::kDecimal:
      return read_decimal;
    case TypeKind::kBool:
      return read_bool;
    case TypeKind::kDate:
      return read_plain<CsvDateParser>;
    case TypeKind::kTime:
      return read_plain<CsvTimeParser>;
    case TypeKind::kTimestamp:
      return read_timestamp;
    case TypeKind::kEnum:
      return read_label;
    case TypeKind::kString:
    case TypeKind::kFixedString:
      break;
  }
  return text_as_text;
}

}  // namespace tipple
