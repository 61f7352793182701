#include "formats/csv_rule.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

constexpr std::size_t kPrintedBytesMax = 64;
constexpr std::size_t kHintLabelsMax = 256;  // beyond that the nearest label costs more than it tells

std::string nearest_label(std::string_view text, const DataType& type) {
  if (type.labels.size() > kHintLabelsMax || text.size() > kPrintedBytesMax) return {};
  return nearest_name(text, type.labels);
}

}  // namespace

std::string_view to_string(CsvRule rule) {
  switch (rule) {
    case CsvRule::kNone:
      return "";
    case CsvRule::kArity:
      return "arity";
    case CsvRule::kQuote:
      return "quote";
    case CsvRule::kType:
      return "type";
    case CsvRule::kRange:
      return "range";
    case CsvRule::kNotNull:
      return "not_null";
    case CsvRule::kLength:
      return "length";
    case CsvRule::kEncoding:
      return "encoding";
    case CsvRule::kEnum:
      return "enum";
    case CsvRule::kRecordBytes:
      return "record_bytes";
    case CsvRule::kFieldBytes:
      return "field_bytes";
    case CsvRule::kNul:
      return "nul";
  }
  TIPPLE_CHECK(false, "unknown CSV rule");
}

std::string printable_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kPrintedBytesMax)) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  out += text.size() > kPrintedBytesMax ? "...\"" : "\"";
  return out;
}

std::string csv_reason(const CsvVerdict& verdict, std::string_view text, const DataType& type) {
  const std::string shown = printable_text(text);
  const std::string note = verdict.note == nullptr ? std::string() : fmt::format(": {}", verdict.note);
  switch (verdict.rule) {
    case CsvRule::kNone:
    case CsvRule::kArity:
    case CsvRule::kRecordBytes:
      break;
    case CsvRule::kQuote:
      return fmt::format("{}{}", shown, note);
    case CsvRule::kType:
      return fmt::format("{} is not a value of type {}{}", shown, type.to_string(), note);
    case CsvRule::kRange:
      return fmt::format("{} is out of range for {}{}", shown, type.to_string(), note);
    case CsvRule::kNotNull:
      return fmt::format("{} means null, and the column is not nullable", shown);
    case CsvRule::kLength:
      return fmt::format("{} has {} bytes, {} holds at most {}", shown, text.size(), type.to_string(), type.width);
    case CsvRule::kEncoding:
      return fmt::format("{} is not valid UTF-8", shown);
    case CsvRule::kNul:
      return fmt::format("{} has a NUL byte", shown);
    case CsvRule::kFieldBytes:
      return fmt::format("{} has {} bytes, a field has at most {}", shown, text.size(), limits::kFieldBytesMax);
    case CsvRule::kEnum: {
      const std::string nearest = nearest_label(text, type);
      if (nearest.empty()) return fmt::format("{} is not one of the {} labels", shown, type.labels.size());
      return fmt::format("{} is not one of the {} labels; the nearest is {}", shown, type.labels.size(),
                         printable_text(nearest));
    }
  }
  TIPPLE_CHECK(false, "a field's fault has a field's rule");
}

}  // namespace tipple
