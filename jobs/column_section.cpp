// The columns of a table: how each is typed and what it is filled from.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_sections.h"
#include "jobs/table_schema.h"

namespace tipple {
namespace {

constexpr std::size_t kExpressionBytesMax = 64 * limits::kKiB;

// Datasets "<column>.valid" and "<column>.length" stand beside some columns in a part.
void check_companions(const std::vector<const YamlEntry*>& entries, Mistakes& mistakes) {
  std::map<std::string_view, const YamlNode*> names;
  for (const YamlEntry* entry : entries) names.emplace(entry->key.text, &entry->key);
  for (const auto& [name, key] : names) {
    for (const std::string_view suffix : {".valid", ".length"}) {
      if (!name.ends_with(suffix)) continue;
      const std::string_view owner = name.substr(0, name.size() - suffix.size());
      if (!names.contains(owner)) continue;
      mistakes.add(*key, fmt::format("the column '{}' clashes with what is stored for the column '{}'", name, owner),
                   "choose another name and say 'from: " + std::string(name) + "'");
    }
  }
}

bool is_cut_off(const YamlNode& type) {
  return type.kind == YamlNode::Kind::kText && type.text.find('(') != std::string::npos &&
         type.text.find(')') == std::string::npos;
}

bool type_is_cut_off(const YamlNode& column) {
  return std::any_of(column.entries.begin(), column.entries.end(),
                     [](const YamlEntry& entry) { return entry.key.text == "type" && is_cut_off(entry.value); });
}

// `format` says how a text is written that becomes a date or a time.
void read_time_format(const SettingsReader& settings, ColumnSpec& spec) {
  auto format = settings.text("format");
  if (!format) return;
  const YamlNode& node = *settings.find("format");
  const TypeKind kind = spec.column.type.kind;
  if (kind != TypeKind::kDate && kind != TypeKind::kTime && kind != TypeKind::kTimestamp) {
    settings.mistakes().add(
        node,
        fmt::format("'{}' does not go with the type {}", settings.place_of("format"), spec.column.type.to_string()),
        "it is for date, time, timestamp and timestamp_tz");
  } else if (format->find('%') == std::string::npos) {
    settings.mistakes().add(node,
                            fmt::format("'{}' must be written with strptime's letters, not {}",
                                        settings.place_of("format"), kind_name(node)),
                            "as '%d.%m.%Y %H:%M:%S'");
  }
  spec.format = std::move(*format);
}

// A column that is computed from others.
void read_computed(const SettingsReader& settings, ColumnSpec& spec) {
  spec.from.clear();
  for (const char* key : {"from", "format"}) {
    if (const YamlNode* node = settings.find(key)) {
      settings.mistakes().add(*node, fmt::format("'{}' does not go with 'expr'", settings.place_of(key)),
                              "a computed column is not read from a field");
    }
  }
  auto expr = settings.text("expr");
  if (!expr) return;
  const YamlNode& node = *settings.find("expr");
  if (expr->empty()) {
    settings.mistakes().add(node, fmt::format("'{}' is empty", settings.place_of("expr")));
  } else if (expr->size() > kExpressionBytesMax) {
    settings.mistakes().add(node, fmt::format("'{}' has {} bytes, more than {}", settings.place_of("expr"),
                                              expr->size(), kExpressionBytesMax));
  }
  spec.expr = std::move(*expr);
}

ColumnSpec read_column(const YamlEntry& entry, const std::string& place, Mistakes& mistakes) {
  ColumnSpec spec;
  spec.column.name = entry.key.text;
  spec.from = spec.column.name;
  check_column_name(entry.key, mistakes);
  if (entry.value.kind != YamlNode::Kind::kMap) {
    if (auto type = read_type(entry.value, place, mistakes)) spec.column.type = std::move(*type);
    return spec;
  }
  if (type_is_cut_off(entry.value)) {
    // The rest of the map is the type's other half; one message says it all.
    for (const YamlEntry& setting : entry.value.entries) {
      if (setting.key.text == "type") (void)read_type(setting.value, place, mistakes);
    }
    return spec;
  }
  const SettingsReader settings(entry.value, place, {"type", "from", "nullable", "format", "expr"}, mistakes);
  const bool computed = settings.find("expr") != nullptr;
  const YamlNode* type_node = computed ? settings.find("type") : settings.require("type", "as int32 or string");
  std::optional<DataType> type;
  if (type_node != nullptr) type = read_type(*type_node, settings.place_of("type"), mistakes);
  if (type) {
    spec.column.type = *type;
  } else if (computed) {
    spec.column.type = type_of_expression();
  }
  spec.column.nullable = settings.boolean("nullable").value_or(false);
  if (computed) {
    read_computed(settings, spec);
    return spec;
  }
  if (auto from = settings.text("from")) {
    if (from->empty()) mistakes.add(*settings.find("from"), fmt::format("'{}' is empty", settings.place_of("from")));
    spec.from = std::move(*from);
  }
  if (type) read_time_format(settings, spec);
  return spec;
}

bool has_field(const SourceSpec& source, const std::string& field) {
  return field.starts_with('$') || source.fields.empty() ||
         std::find(source.fields.begin(), source.fields.end(), field) != source.fields.end();
}

// Sources without a header say in the job file itself which fields there are. In a fan-in a nullable column may be
// absent from some of them.
void check_fields(const YamlEntry& entry, const ColumnSpec& spec, const TableSpec& table,
                  const std::vector<SourceSpec>& sources, Mistakes& mistakes) {
  if (!spec.expr.empty() || spec.from.empty()) return;
  const auto field_in = [&](std::size_t i) -> const std::string& {
    const auto mapped = table.field_maps[i].find(spec.column.name);
    return mapped == table.field_maps[i].end() ? spec.from : mapped->second;
  };
  bool somewhere = false;
  for (std::size_t i = 0; i < table.from.size(); ++i)
    somewhere |= has_field(sources[table.from[i].value()], field_in(i));
  for (std::size_t i = 0; i < table.from.size(); ++i) {
    const SourceSpec& source = sources[table.from[i].value()];
    if (table.field_maps[i].contains(spec.column.name)) continue;  // checked where it stands
    if (spec.column.nullable && somewhere && !has_field(source, field_in(i))) continue;
    check_field(entry.key, spec.from, source, mistakes);
  }
}

}  // namespace

void check_column_name(const YamlNode& key, Mistakes& mistakes) {
  const std::string& name = key.text;
  if (name.empty()) {
    mistakes.add(key, "a column's name is empty");
  } else if (name.size() > kColumnNameBytesMax) {
    mistakes.add(key, fmt::format("a column's name has {} bytes, more than {}", name.size(), kColumnNameBytesMax));
  } else if (name == "." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    mistakes.add(key, fmt::format("'{}' cannot be a column's name", name), "names are without '/' and are not '.'");
  } else if (name.front() == '$') {
    mistakes.add(
        key, fmt::format("'{}' cannot be a column's name", name),
        fmt::format(
            "names that begin with '$' say where a record came from: give the column another name and 'from: {}'",
            name));
  }
}

std::optional<DataType> read_type(const YamlNode& node, const std::string& place, Mistakes& mistakes) {
  if (node.kind != YamlNode::Kind::kText) {
    mistakes.add(node, fmt::format("'{}' must be a type, not {}", place, kind_name(node)), "as int32 or string");
    return std::nullopt;
  }
  // In a flow map an unquoted comma ends the value: {type: decimal(9,2)} has a key "2)".
  if (is_cut_off(node)) {
    mistakes.add(node, fmt::format("the type '{}' of '{}' is cut off at a comma", node.text, place),
                 "inside { } put a type with a comma in quotes: type: \"decimal(9,2)\"");
    return std::nullopt;
  }
  auto type = parse_data_type(node.text);
  if (type.ok()) return std::move(type).value();
  mistakes.add(node, fmt::format("'{}': {}", place, type.error().what), type.error().hint);
  return std::nullopt;
}

void read_columns(const YamlNode& node, const std::string& place, const std::vector<SourceSpec>& sources,
                  TableSpec& table, Mistakes& mistakes) {
  const auto entries = named_entries(node, place, "column", mistakes);
  if (entries.size() > limits::kColumnsMax) {
    mistakes.add(node, fmt::format("{} columns, more than {}", entries.size(), limits::kColumnsMax));
    return;
  }
  for (const YamlEntry* entry : entries) {
    table.columns.push_back(read_column(*entry, place + "." + entry->key.text, mistakes));
    check_fields(*entry, table.columns.back(), table, sources, mistakes);
  }
  check_companions(entries, mistakes);
}

}  // namespace tipple
