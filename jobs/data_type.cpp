#include "jobs/data_type.h"

#include <array>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

constexpr std::uint32_t kDecimalPrecisionMax = 38;
constexpr std::size_t kEnumLabelsMax = 65'535;
constexpr std::size_t kEnumLabelBytesMax = 255;

struct SimpleType {
  std::string_view name;
  TypeKind kind;
  bool zoned = false;
};

constexpr std::array<SimpleType, 16> kSimpleTypes = {{
    {"int8", TypeKind::kInt8},
    {"int16", TypeKind::kInt16},
    {"int32", TypeKind::kInt32},
    {"int64", TypeKind::kInt64},
    {"uint8", TypeKind::kUint8},
    {"uint16", TypeKind::kUint16},
    {"uint32", TypeKind::kUint32},
    {"uint64", TypeKind::kUint64},
    {"float32", TypeKind::kFloat32},
    {"float64", TypeKind::kFloat64},
    {"bool", TypeKind::kBool},
    {"date", TypeKind::kDate},
    {"time", TypeKind::kTime},
    {"timestamp", TypeKind::kTimestamp},
    {"timestamp_tz", TypeKind::kTimestamp, true},
    {"string", TypeKind::kString},
}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  text = trimmed(text);
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error unknown_type(std::string_view text, std::string_view name) {
  std::vector<std::string> known;
  for (const SimpleType& simple : kSimpleTypes) known.emplace_back(simple.name);
  for (const char* other : {"decimal", "enum"}) known.emplace_back(other);
  const std::string nearest = nearest_name(name, known);
  const std::string hint =
      nearest.empty() ? "types are int8 to int64, uint8 to uint64, float32, float64, decimal(p,s), bool, date, "
                        "time, timestamp, timestamp_tz, string, string(n), enum(a,b)"
                      : "did you mean '" + nearest + "'?";
  return usage_error(fmt::format("unknown type '{}'", text), {}, hint);
}

Result<DataType> parse_decimal(std::string_view arguments) {
  const std::size_t comma = arguments.find(',');
  const auto precision = parse_number(arguments.substr(0, comma));
  const auto scale =
      comma == std::string_view::npos ? std::optional<std::uint32_t>(0) : parse_number(arguments.substr(comma + 1));
  if (!precision || !scale || *precision < 1 || *precision > kDecimalPrecisionMax || *scale > *precision) {
    return usage_error(fmt::format("decimal({}) is not a decimal type", arguments), {},
                       "decimal(precision, scale) with 1 <= precision <= 38 and scale <= precision");
  }
  DataType type;
  type.kind = TypeKind::kDecimal;
  type.precision = static_cast<std::uint8_t>(*precision);
  type.scale = static_cast<std::uint8_t>(*scale);
  return type;
}

Result<DataType> parse_fixed_string(std::string_view arguments) {
  const auto width = parse_number(arguments);
  if (!width || *width < 1 || *width > kFixedStringBytesMax) {
    return usage_error(
        fmt::format("string({}) is not a string type", arguments), {},
        fmt::format("string(n) holds 1 to {} bytes; longer texts are plain 'string'", kFixedStringBytesMax));
  }
  DataType type;
  type.kind = TypeKind::kFixedString;
  type.width = *width;
  return type;
}

// The label that begins at `rest`, which is left at the comma behind it or empty. A label in single quotes may hold
// commas and parentheses; a quote in it is doubled. Nothing: broken quotes.
std::optional<std::string> take_label(std::string_view& rest) {
  rest = trimmed(rest);
  std::string label;
  if (!rest.starts_with('\'')) {
    const std::size_t comma = rest.find(',');
    label = trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma);
    return label;
  }
  std::size_t at = 1;
  while (at < rest.size()) {
    if (rest[at] == '\'') {
      if (at + 1 >= rest.size() || rest[at + 1] != '\'') break;
      ++at;
    }
    label += rest[at++];
  }
  if (at >= rest.size()) return std::nullopt;
  rest = trimmed(rest.substr(at + 1));
  if (!rest.empty() && rest.front() != ',') return std::nullopt;
  return label;
}

Result<DataType> parse_enum(std::string_view arguments) {
  DataType type;
  type.kind = TypeKind::kEnum;
  std::set<std::string, std::less<>> seen;
  std::string_view rest = arguments;
  while (true) {
    auto label = take_label(rest);
    if (!label)
      return usage_error("an enum's label has unbalanced quotes", {}, "write a quote inside a quoted label twice");
    if (label->empty()) return usage_error("an enum's label is empty", {}, "write enum(a,b,...)");
    if (label->size() > kEnumLabelBytesMax) {
      return usage_error(fmt::format("an enum's label has {} bytes, more than {}", label->size(), kEnumLabelBytesMax));
    }
    if (!seen.insert(*label).second) return usage_error(fmt::format("the enum has the label '{}' twice", *label));
    type.labels.push_back(std::move(*label));
    if (type.labels.size() > kEnumLabelsMax) {
      return usage_error(fmt::format("the enum has more than {} labels", kEnumLabelsMax), {},
                         "use string or string(n)");
    }
    if (rest.empty()) return type;
    rest.remove_prefix(1);
  }
}

std::string printed_label(const std::string& label) {
  const bool plain = label.find_first_of(",'()") == std::string::npos && trimmed(label).size() == label.size();
  if (plain) return label;
  std::string quoted = "'";
  for (const char c : label) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

std::string DataType::to_string() const {
  for (const SimpleType& simple : kSimpleTypes) {
    if (simple.kind == kind && simple.zoned == zoned) return std::string(simple.name);
  }
  if (kind == TypeKind::kDecimal) return fmt::format("decimal({},{})", precision, scale);
  if (kind == TypeKind::kFixedString) return fmt::format("string({})", width);
  TIPPLE_CHECK(kind == TypeKind::kEnum, "a type without a name");
  std::string text = "enum(";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) text += ',';
    text += printed_label(labels[i]);
  }
  return text + ")";
}

Result<DataType> parse_data_type(std::string_view text) {
  text = trimmed(text);
  for (const SimpleType& simple : kSimpleTypes) {
    if (simple.name == text) {
      DataType type;
      type.kind = simple.kind;
      type.zoned = simple.zoned;
      return type;
    }
  }
  const std::size_t open = text.find('(');
  const std::string_view name = trimmed(text.substr(0, open));
  const bool called = open != std::string_view::npos && text.ends_with(')');
  const std::string_view arguments = called ? text.substr(open + 1, text.size() - open - 2) : std::string_view();
  if (name == "decimal") return parse_decimal(arguments);
  if (name == "string" && called) return parse_fixed_string(arguments);
  if (name == "enum" && called) return parse_enum(arguments);
  if (name == "enum") return usage_error(fmt::format("'{}' has no labels", text), {}, "write enum(a,b,...)");
  return unknown_type(text, name);
}

std::string schema_to_json(const Schema& schema) {
  auto columns = nlohmann::ordered_json::array();
  for (const Column& column : schema) {
    columns.push_back({{"name", column.name}, {"type", column.type.to_string()}, {"nullable", column.nullable}});
  }
  return columns.dump();
}

Result<Schema> schema_from_json(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_array()) return environment_error("the schema is not a JSON list of columns");
  Schema schema;
  for (const auto& item : document) {
    const bool complete = item.is_object() && item.contains("name") && item["name"].is_string() &&
                          item.contains("type") && item["type"].is_string() && item.contains("nullable") &&
                          item["nullable"].is_boolean();
    if (!complete) return environment_error("the schema has a column without name, type and nullable");
    auto type = parse_data_type(item["type"].get_ref<const std::string&>());
    if (!type.ok()) return environment_error("the schema is broken: " + type.error().to_string());
    schema.push_back(Column{item["name"].get<std::string>(), std::move(type).value(), item["nullable"].get<bool>()});
  }
  return schema;
}

}  // namespace tipple
