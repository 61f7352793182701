#include "jobs/load_job.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "jobs/table_schema.h"

namespace tipple {
namespace {

using Json = nlohmann::ordered_json;

Error broken(const std::string& why) { return environment_error("the load's inferred columns are broken: " + why); }

std::string text_of(const Json& item, const char* key) {
  return item.contains(key) && item[key].is_string() ? item[key].get<std::string>() : std::string();
}

Result<ColumnSpec> column_of(const Json& item) {
  if (!item.is_object()) return broken("a column is not an object");
  ColumnSpec spec;
  spec.column.name = text_of(item, "name");
  spec.from = text_of(item, "from");
  spec.format = text_of(item, "format");
  spec.column.nullable = item.contains("nullable") && item["nullable"] == true;
  if (spec.column.name.empty() || spec.from.empty()) return broken("a column has no name");
  TIPPLE_TRY(spec.column.type, parse_data_type(text_of(item, "type")));
  return spec;
}

}  // namespace

JobSpec job_of_tables(JobSpec job, const std::vector<std::string>& tables) {
  if (tables.empty()) return job;
  std::erase_if(job.tables, [&](const TableSpec& table) {
    return std::find(tables.begin(), tables.end(), table.name) == tables.end();
  });
  return job;
}

bool finds_columns(const TableSpec& table) {
  return table.inferred || (table.schema_mode == SchemaMode::kEvolve && !table.raw);
}

std::string columns_to_json(const JobSpec& job) {
  Json document = Json::object();
  for (const TableSpec& table : job.tables) {
    if (!finds_columns(table)) continue;
    Json columns = Json::array();
    for (const ColumnSpec& spec : table.columns) {
      if (!spec.expr.empty()) continue;
      columns.push_back({{"name", spec.column.name},
                         {"type", spec.column.type.to_string()},
                         {"nullable", spec.column.nullable},
                         {"from", spec.from},
                         {"format", spec.format}});
    }
    document[table.name] = std::move(columns);
  }
  return document.empty() ? std::string() : document.dump();
}

Status apply_columns(std::string_view json, JobSpec& job) {
  if (json.empty()) return {};
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return broken("not a JSON object");
  for (TableSpec& table : job.tables) {
    if (!document.contains(table.name)) continue;
    if (table.inferred) table.columns.clear();
    for (const Json& item : document[table.name]) {
      TIPPLE_TRY(ColumnSpec spec, column_of(item));
      const bool known = std::any_of(table.columns.begin(), table.columns.end(),
                                     [&](const ColumnSpec& own) { return own.column.name == spec.column.name; });
      if (!known) table.columns.push_back(std::move(spec));
    }
    table.output.clear();
    const std::vector<TableSchemaMistake> mistakes = resolve_table_schema(job, table);
    if (!mistakes.empty()) return usage_error(mistakes.front().what, "table " + table.name, mistakes.front().hint);
  }
  return {};
}

std::vector<SourceId> feeding_sources(const JobSpec& job) {
  std::set<SourceId> sources;
  for (const TableSpec& table : job.tables) sources.insert(table.from.begin(), table.from.end());
  return {sources.begin(), sources.end()};
}

}  // namespace tipple
