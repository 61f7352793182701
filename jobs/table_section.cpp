#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_sections.h"

namespace tipple {
namespace {

constexpr std::size_t kColumnNameBytesMax = 255;
constexpr std::size_t kTableNameBytesMax = 64;

bool is_table_name(std::string_view name) {
  // A leading '_' is the warehouse's own: _loads, _lock.
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return !name.empty() && name.size() <= kTableNameBytesMax && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

void check_column_name(const YamlNode& key, Mistakes& mistakes) {
  const std::string& name = key.text;
  if (name.empty()) {
    mistakes.add(key, "a column's name is empty");
  } else if (name.size() > kColumnNameBytesMax) {
    mistakes.add(key, fmt::format("a column's name has {} bytes, more than {}", name.size(), kColumnNameBytesMax));
  } else if (name == "." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    mistakes.add(key, fmt::format("'{}' cannot be a column's name", name), "names are without '/' and are not '.'");
  }
}

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

std::optional<DataType> read_type(const YamlNode& node, const std::string& place, Mistakes& mistakes) {
  if (node.kind != YamlNode::Kind::kText) {
    mistakes.add(node, fmt::format("'{}' must be a type, not {}", place, kind_name(node)), "as int32 or string");
    return std::nullopt;
  }
  // In a flow map an unquoted comma ends the value: {type: decimal(9,2)} has a key "2)".
  if (node.text.find('(') != std::string::npos && node.text.find(')') == std::string::npos) {
    mistakes.add(node, fmt::format("the type '{}' of '{}' is cut off at a comma", node.text, place),
                 "inside { } put a type with a comma in quotes: type: \"decimal(9,2)\"");
    return std::nullopt;
  }
  auto type = parse_data_type(node.text);
  if (type.ok()) return std::move(type).value();
  mistakes.add(node, fmt::format("'{}': {}", place, type.error().what), type.error().hint);
  return std::nullopt;
}

bool type_is_cut_off(const YamlNode& node) {
  for (const YamlEntry& entry : node.entries) {
    if (entry.key.text == "type" && entry.value.kind == YamlNode::Kind::kText && entry.value.text.find('(') != std::string::npos &&
        entry.value.text.find(')') == std::string::npos) {
      return true;
    }
  }
  return false;
}

ColumnSpec read_column(const YamlEntry& entry, const std::string& table_place, Mistakes& mistakes) {
  ColumnSpec spec;
  spec.column.name = entry.key.text;
  spec.from = spec.column.name;
  check_column_name(entry.key, mistakes);
  const std::string place = table_place + ".columns." + spec.column.name;
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
  const SettingsReader settings(entry.value, place, {"type", "from", "nullable"}, mistakes);
  if (const YamlNode* type_node = settings.require("type", "as int32 or string")) {
    if (auto type = read_type(*type_node, settings.place_of("type"), mistakes)) spec.column.type = std::move(*type);
  }
  if (auto from = settings.text("from")) {
    if (from->empty()) mistakes.add(*settings.find("from"), fmt::format("'{}' is empty", settings.place_of("from")));
    spec.from = std::move(*from);
  }
  spec.column.nullable = settings.boolean("nullable").value_or(false);
  return spec;
}

// Sources without a header say in the job file itself which fields there are.
void check_fields(const YamlEntry& entry, const ColumnSpec& spec, const TableSpec& table, const std::vector<SourceSpec>& sources,
                  Mistakes& mistakes) {
  for (const SourceId id : table.from) {
    const SourceSpec& source = sources[id.value()];
    if (source.csv.header || source.fields.empty()) continue;
    if (std::find(source.fields.begin(), source.fields.end(), spec.from) != source.fields.end()) continue;
    mistakes.add(entry.key, fmt::format("the source '{}' has no field '{}'", source.name, spec.from),
                 nearest_hint(spec.from, source.fields, "its fields are"));
  }
}

void read_from(const SettingsReader& settings, const std::vector<SourceSpec>& sources, TableSpec& table) {
  if (settings.require("from", "the name of a source, or a list of them") == nullptr) return;
  std::vector<std::string> known;
  for (const SourceSpec& source : sources) known.push_back(source.name);
  for (const YamlNode* name : settings.texts("from")) {
    const auto found = std::find(known.begin(), known.end(), name->text);
    if (found == known.end()) {
      settings.mistakes().add(*name, fmt::format("there is no source '{}'", name->text), nearest_hint(name->text, known, "sources are"));
      continue;
    }
    const SourceId id(static_cast<std::uint32_t>(found - known.begin()));
    if (std::find(table.from.begin(), table.from.end(), id) != table.from.end()) {
      settings.mistakes().add(*name, fmt::format("the source '{}' is named twice", name->text));
      continue;
    }
    table.from.push_back(id);
  }
}

void read_columns(const SettingsReader& settings, const std::vector<SourceSpec>& sources, TableSpec& table) {
  const YamlNode* node = settings.require("columns", "a map from each column's name to its type");
  if (node == nullptr) return;
  const std::string place = "tables." + table.name;
  const auto entries = named_entries(*node, settings.place_of("columns"), "column", settings.mistakes());
  if (entries.size() > limits::kColumnsMax) {
    settings.mistakes().add(*node, fmt::format("{} columns, more than {}", entries.size(), limits::kColumnsMax));
    return;
  }
  for (const YamlEntry* entry : entries) {
    table.columns.push_back(read_column(*entry, place, settings.mistakes()));
    check_fields(*entry, table.columns.back(), table, sources, settings.mistakes());
  }
  check_companions(entries, settings.mistakes());
}

RejectLimits read_rejects(const YamlNode& node, const std::string& place, Mistakes& mistakes) {
  RejectLimits limits;
  const SettingsReader settings(node, place, {"max_rows", "max_percent", "keep_raw"}, mistakes);
  limits.max_rows = settings.count("max_rows", std::numeric_limits<std::uint64_t>::max()).value_or(0);
  limits.max_percent = settings.percent("max_percent").value_or(0.0);
  limits.keep_raw = settings.boolean("keep_raw").value_or(false);
  return limits;
}

}  // namespace

std::vector<TableSpec> read_tables(const YamlNode& node, const std::vector<SourceSpec>& sources, Mistakes& mistakes) {
  std::vector<TableSpec> tables;
  for (const YamlEntry* entry : named_entries(node, "tables", "table", mistakes)) {
    TableSpec table;
    table.name = entry->key.text;
    if (!is_table_name(table.name)) {
      mistakes.add(entry->key, fmt::format("'{}' cannot be a table's name", table.name),
                   "a letter, then up to 63 letters, digits and '_'");
    }
    const SettingsReader settings(entry->value, "tables." + table.name, {"from", "columns", "rejects", "codec"}, mistakes);
    if (settings.is_map()) {
      read_from(settings, sources, table);
      read_columns(settings, sources, table);
      if (const YamlNode* rejects = settings.find("rejects")) {
        table.rejects = read_rejects(*rejects, settings.place_of("rejects"), mistakes);
      }
      constexpr std::array<Codec, 4> kCodecs = {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone};
      std::vector<std::string> names;
      for (const Codec codec : kCodecs) names.emplace_back(to_string(codec));
      if (const auto chosen = settings.choice("codec", names)) table.codec = kCodecs[*chosen];
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace tipple
