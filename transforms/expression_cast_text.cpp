// CAST from text: numbers, dates and times as CSV fields are read, with white space around them, and bool in
// PostgreSQL's words.
#include <map>

#include <fmt/format.h>

#include "formats/csv_number.h"
#include "formats/csv_rule.h"
#include "formats/csv_time.h"
#include "transforms/expression_cast.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_order.h"

namespace tipple {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  while (!text.empty() && kSpace.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  while (!text.empty() && kSpace.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

// parse(text, T*) -> CsvVerdict
template <typename T, typename Parse>
Result<ExprVector> read_text(ExprContext& context, const ExprCall& call, ExprArguments arguments, const Parse& parse) {
  return map_values<T>(context, call.type(), arguments, [&](std::int64_t row, T* out) {
    const std::string_view text = arguments[0].text_at(row);
    const CsvVerdict verdict = parse(trimmed(text), out);
    if (verdict.good()) [[likely]]
      return true;
    context.fault(row, "cast", csv_reason(verdict, text.substr(0, 256), call.type()));
    *out = T{};
    return false;
  });
}

template <typename Parser>
Result<ExprVector> read_plain(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  using T = typename Parser::Value;
  return read_text<T>(context, call, arguments, [parser = Parser{}](std::string_view text, T* out) {
    if (text.starts_with('+')) text.remove_prefix(1);
    return parser.parse(text, out);
  });
}

// More digits after the point than the scale are rounded, as in PostgreSQL.
Result<ExprVector> read_decimal(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const DataType& type = call.type();
  const CsvDecimalParser own(type.precision, type.scale);
  return read_text<Int128>(context, call, arguments, [&](std::string_view text, Int128* out) {
    if (text.starts_with('+')) text.remove_prefix(1);
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

Result<ExprVector> read_bool(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return read_text<bool>(context, call, arguments, [](std::string_view text, bool* out) {
    std::string word(text.substr(0, 8));
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    for (const char* yes : {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}) {
      if (word == yes) return *out = true, CsvVerdict{};
    }
    for (const char* no : {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}) {
      if (word == no) return *out = false, CsvVerdict{};
    }
    return CsvVerdict{CsvRule::kType, nullptr};
  });
}

// A date alone is its midnight; a timestamp_tz without a zone is in UTC.
Result<ExprVector> read_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const CsvTimestampParser plain(false);
  const CsvTimestampParser zoned(true);
  return read_text<std::int64_t>(context, call, arguments, [&](std::string_view text, std::int64_t* out) {
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
  std::map<std::string_view, std::uint16_t> positions;
  const std::vector<std::string>& labels = call.type().labels;
  for (std::size_t i = 0; i < labels.size(); ++i) positions.emplace(labels[i], static_cast<std::uint16_t>(i));
  return map_values<std::uint16_t>(context, call.type(), arguments, [&](std::int64_t row, std::uint16_t* out) {
    const std::string_view text = arguments[0].text_at(row);
    const auto found = positions.find(text);
    if (found == positions.end()) {
      context.fault(row, "cast", fmt::format("{} is not one of the enum's labels", printable_text(text)));
      return false;
    }
    *out = found->second;
    return true;
  });
}

Result<ExprVector> label_text(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const std::vector<std::string>& labels = arguments[0].type.labels;
  return map_text(context, call.type(), arguments, context.rows * 8, [&](std::int64_t row, ExprTextBuilder& out) {
    const std::uint16_t position = arguments[0].at<std::uint16_t>(row);
    if (position >= labels.size()) return false;
    if (call.type().kind == TypeKind::kFixedString && labels[position].size() > call.type().width) {
      context.fault(row, "cast", fmt::format("'{}' is longer than {} bytes", labels[position], call.type().width));
      return false;
    }
    out.append(labels[position]);
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
  for (std::int64_t row = 0; row < context.rows; ++row) {
    if (!result.is_valid(row) || !context.is_active(row)) continue;
    const std::string_view text = result.text_at(row);
    if (text.size() <= call.type().width) [[likely]]
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
