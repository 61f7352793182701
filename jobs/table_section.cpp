// The section `tables`, but for the columns (column_section.cpp), the steps and the checks.
#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/job_sections.h"
#include "jobs/rescued_column.h"
#include "jobs/table_schema.h"

namespace tipple {
namespace {

const std::vector<std::string> kTableKeys = {"from",   "columns", "raw",     "schema", "steps",
                                             "checks", "expect",  "rejects", "format", "codec"};

// One source of a fan-in: its name, or its name and which of its fields fill which columns.
void read_one_source(const YamlNode& node, const std::string& place, const std::vector<SourceSpec>& sources,
                     TableSpec& table, std::vector<const YamlNode*>& map_nodes, Mistakes& mistakes) {
  const YamlNode* name = &node;
  const YamlNode* map_node = nullptr;
  if (node.kind == YamlNode::Kind::kMap) {
    const SettingsReader settings(node, place, {"source", "columns"}, mistakes);
    name = settings.require("source", "the name of a source");
    map_node = settings.find("columns");
    if (name == nullptr) return;
  }
  if (name->kind != YamlNode::Kind::kText && !(name->kind == YamlNode::Kind::kNull && !name->text.empty())) {
    mistakes.add(*name, fmt::format("'{}' must be a source's name or a list of them, not {}", place, kind_name(*name)),
                 "as trips, or {source: trips, columns: {fare: total}} where fields have other names than the columns");
    return;
  }
  const auto found =
      std::find_if(sources.begin(), sources.end(), [&](const SourceSpec& source) { return source.name == name->text; });
  if (found == sources.end()) {
    std::vector<std::string> known;
    for (const SourceSpec& source : sources) known.push_back(source.name);
    mistakes.add(*name, fmt::format("there is no source '{}'", name->text),
                 nearest_hint(name->text, known, "sources are"));
    return;
  }
  const SourceId id(static_cast<std::uint32_t>(found - sources.begin()));
  if (std::find(table.from.begin(), table.from.end(), id) != table.from.end()) {
    mistakes.add(*name, fmt::format("the source '{}' is named twice", name->text));
    return;
  }
  table.from.push_back(id);
  table.field_maps.emplace_back();
  map_nodes.push_back(map_node);
}

void read_field_map(const YamlNode& node, const std::string& place, const SourceSpec& source, FieldMap& fields,
                    Mistakes& mistakes) {
  for (const YamlEntry* entry : named_entries(node, place, "column", mistakes)) {
    const YamlNode& field = entry->value;
    if (field.kind != YamlNode::Kind::kText || field.text.empty()) {
      mistakes.add(field,
                   fmt::format("'{}.{}' must be a field's name, not {}", place, entry->key.text, kind_name(field)));
      continue;
    }
    if (field.text == kLineField) {
      // Whether lines must be counted is asked of a table's columns.
      mistakes.add(field, fmt::format("'{}.{}' cannot be '{}'", place, entry->key.text, kLineField),
                   fmt::format("say 'from: {}' in the table's columns", kLineField));
      continue;
    }
    check_field(field, field.text, source, mistakes);
    fields.emplace(entry->key.text, field.text);
  }
}

// Returns the nodes of the field maps, nullptr where a source has none.
std::vector<const YamlNode*> read_from(const SettingsReader& settings, const std::vector<SourceSpec>& sources,
                                       TableSpec& table) {
  std::vector<const YamlNode*> map_nodes;
  const YamlNode* node = settings.require("from", "the name of a source, or a list of them");
  if (node == nullptr) return map_nodes;
  Mistakes& mistakes = settings.mistakes();
  const std::string place = settings.place_of("from");
  if (node->kind != YamlNode::Kind::kList) {
    read_one_source(*node, place, sources, table, map_nodes, mistakes);
  } else if (node->items.empty()) {
    mistakes.add(*node, fmt::format("'{}' is an empty list", place), "the name of a source, or a list of them");
  } else {
    for (const YamlNode& item : node->items) read_one_source(item, place, sources, table, map_nodes, mistakes);
  }
  for (std::size_t i = 0; i < map_nodes.size(); ++i) {
    if (map_nodes[i] == nullptr) continue;
    read_field_map(*map_nodes[i], place + ".columns", sources[table.from[i].value()], table.field_maps[i], mistakes);
  }
  return map_nodes;
}

// A field map names columns that are read, and fields that only expressions name.
void check_field_maps(const std::vector<const YamlNode*>& nodes, const std::string& place, const TableSpec& table,
                      Mistakes& mistakes) {
  std::vector<std::string> read;
  std::map<std::string, bool> computed;
  for (const ColumnSpec& column : table.columns) {
    if (!column.expr.empty()) computed.emplace(column.column.name, true);
  }
  for (const ColumnSpec& column : expression_inputs(table)) {
    computed.emplace(column.column.name, false);
    read.push_back(column.column.name);
  }
  for (const YamlNode* node : nodes) {
    if (node == nullptr || node->kind != YamlNode::Kind::kMap) continue;
    for (const YamlEntry& entry : node->entries) {
      const auto column = computed.find(entry.key.text);
      if (column == computed.end()) {
        mistakes.add(entry.key, fmt::format("'{}' has no column '{}'", place, entry.key.text),
                     nearest_hint(entry.key.text, read, "its columns are"));
      } else if (column->second) {
        mistakes.add(entry.key, fmt::format("the column '{}' is computed, not read", entry.key.text), "remove it here");
      }
    }
  }
}

RejectLimits read_rejects(const YamlNode& node, const std::string& place, Mistakes& mistakes) {
  RejectLimits limits;
  const SettingsReader settings(node, place, {"max_rows", "max_percent", "keep_raw"}, mistakes);
  limits.max_rows = settings.count("max_rows", std::numeric_limits<std::uint64_t>::max()).value_or(0);
  limits.max_percent = settings.percent("max_percent").value_or(0.0);
  limits.keep_raw = settings.boolean("keep_raw").value_or(false);
  return limits;
}

// A raw table holds records as they came and where they came from.
void read_raw(const SettingsReader& settings, const std::vector<SourceSpec>& sources, TableSpec& table) {
  for (const char* key : {"columns", "schema"}) {
    if (const YamlNode* node = settings.find(key)) {
      settings.mistakes().add(
          *node, fmt::format("'{}' does not go with 'raw: true'", settings.place_of(key)),
          "a raw table has the columns file, offset and record; let another table read it and give them types");
    }
  }
  for (const SourceId id : table.from) {
    const SourceSpec& source = sources[id.value()];
    if (source.format != SourceFormat::kParquet && source.format != SourceFormat::kHdf5 &&
        source.format != SourceFormat::kTable)
      continue;
    settings.mistakes().add(*settings.find("raw"),
                            fmt::format("the records of the source '{}' have no text", source.name),
                            "a raw table is for csv, tsv, jsonl, fixed and log");
  }
  DataType offset;
  offset.kind = TypeKind::kInt64;
  table.columns = {{{"file", DataType{}, false}, std::string(kFileField), "", ""},
                   {{"offset", offset, false}, std::string(kOffsetField), "", ""},
                   {{"record", DataType{}, false}, std::string(kRecordField), "", ""}};
}

void read_storage(const SettingsReader& settings, TableSpec& table) {
  constexpr std::array<PartFormat, 2> kPartFormats = {PartFormat::kHdf5, PartFormat::kParquet};
  constexpr std::array<Codec, 4> kCodecs = {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone};
  std::vector<std::string> names;
  for (const PartFormat format : kPartFormats) names.emplace_back(to_string(format));
  if (const auto chosen = settings.choice("format", names)) table.part_format = kPartFormats[*chosen];
  if (table.part_format == PartFormat::kParquet) table.codec = Codec::kZstd;
  names.clear();
  for (const Codec codec : kCodecs) names.emplace_back(to_string(codec));
  if (const auto chosen = settings.choice("codec", names)) table.codec = kCodecs[*chosen];
}

void read_rules(const SettingsReader& settings, const std::vector<SourceSpec>& sources, TableSpec& table) {
  Mistakes& mistakes = settings.mistakes();
  const auto place = [&](const char* key) { return settings.place_of(key); };
  if (const YamlNode* node = settings.find("steps")) table.steps = read_steps(*node, place("steps"), sources, mistakes);
  if (const YamlNode* node = settings.find("checks"))
    table.checks = read_checks(*node, place("checks"), sources, mistakes);
  if (const YamlNode* node = settings.find("expect"))
    table.expectations = read_expectations(*node, place("expect"), mistakes);
}

// `schema: rescue`: one more column, behind those of the job file.
void add_rescued_column(const SettingsReader& settings, TableSpec& table) {
  const YamlNode& mode = *settings.find("schema");
  if (table.inferred) {
    settings.mistakes().add(mode, "'schema: rescue' needs 'columns'",
                            "columns that are found in the input hold all of it: there is nothing to rescue");
    return;
  }
  for (const YamlEntry& entry : settings.find("columns")->entries) {
    if (entry.key.text != kRescuedColumn && !entry.key.text.starts_with(std::string(kRescuedColumn) + ".")) continue;
    settings.mistakes().add(entry.key,
                            fmt::format("'{}' cannot be a column's name with 'schema: rescue'", entry.key.text),
                            fmt::format("the column {} is made by it; name yours otherwise and say 'from: {}'",
                                        kRescuedColumn, entry.key.text));
  }
  if (table.columns.size() >= limits::kColumnsMax) {
    settings.mistakes().add(mode, fmt::format("'schema: rescue' makes one column more than {}", limits::kColumnsMax));
  }
  table.columns.push_back(rescued_column());
}

void read_table(const SettingsReader& settings, const std::vector<SourceSpec>& sources, TableSpec& table) {
  Mistakes& mistakes = settings.mistakes();
  const std::vector<const YamlNode*> map_nodes = read_from(settings, sources, table);
  constexpr std::array<SchemaMode, 4> kModes = {SchemaMode::kDeclared, SchemaMode::kFreeze, SchemaMode::kEvolve,
                                                SchemaMode::kRescue};
  std::vector<std::string> names;
  for (const SchemaMode mode : kModes) names.emplace_back(to_string(mode));
  if (const auto chosen = settings.choice("schema", names)) table.schema_mode = kModes[*chosen];
  table.raw = settings.boolean("raw").value_or(false);
  const YamlNode* columns = settings.find("columns");
  table.inferred = columns == nullptr && !table.raw;
  if (table.raw) {
    read_raw(settings, sources, table);
  } else if (columns != nullptr) {
    read_columns(*columns, settings.place_of("columns"), sources, table, mistakes);
  }
  if (!table.columns.empty()) check_field_maps(map_nodes, "tables." + table.name, table, mistakes);
  if (table.schema_mode == SchemaMode::kRescue && !table.raw) add_rescued_column(settings, table);
  read_rules(settings, sources, table);
  if (const YamlNode* rejects = settings.find("rejects"))
    table.rejects = read_rejects(*rejects, settings.place_of("rejects"), mistakes);
  read_storage(settings, table);
}

}  // namespace

std::vector<TableSection> read_tables(const YamlNode& node, const std::vector<SourceSpec>& sources,
                                      Mistakes& mistakes) {
  std::vector<TableSection> sections;
  for (const YamlEntry* entry : named_entries(node, "tables", "table", mistakes)) {
    const std::size_t before = mistakes.count();
    TableSpec table;
    table.name = entry->key.text;
    if (!is_table_name(table.name)) {
      mistakes.add(entry->key, fmt::format("'{}' cannot be a table's name", table.name),
                   "a letter, then up to 63 letters, digits and '_'");
    }
    const SettingsReader settings(entry->value, "tables." + table.name, kTableKeys, mistakes);
    if (settings.is_map()) read_table(settings, sources, table);
    sections.push_back({entry, std::move(table), mistakes.count() == before});
  }
  return sections;
}

}  // namespace tipple
