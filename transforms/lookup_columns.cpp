#include "transforms/lookup_columns.h"

#include <algorithm>
#include <set>

#include "jobs/table_schema_columns.h"
#include "transforms/table_pipeline.h"

namespace tipple {
namespace {

// Of this table's steps and checks, for one source or for all.
template <typename Visit>
void visit_lookups(const TableSpec& table, const Visit& visit) {
  const std::vector<Schema> schemas = step_schemas(table);
  for (std::size_t i = 0; i < table.steps.size(); ++i) {
    if (const auto* lookup = std::get_if<LookupStep>(&table.steps[i]))
      visit(lookup->source, lookup_fields(*lookup, schemas[i]));
  }
  for (const CheckSpec& check : table.checks) {
    if (check.kind == CheckSpec::Kind::kForeignKey) visit(check.source, lookup_fields(check, schemas.back()));
  }
}

}  // namespace

std::vector<Schema> step_schemas(const TableSpec& table) {
  std::vector<Schema> schemas(1);
  for (const ColumnSpec& spec : table.columns) schemas.front().push_back(spec.column);
  std::vector<StepMistake> mistakes;  // reported by resolve_table_schema
  for (const StepSpec& step : table.steps) schemas.push_back(schema_after(step, schemas.back(), mistakes));
  return schemas;
}

std::vector<LookupField> lookup_fields(const LookupStep& step, const Schema& input) {
  std::vector<LookupField> fields;
  for (std::size_t i = 0; i < step.on.size(); ++i)
    fields.push_back({step.on[i].second, lookup_key_type(step, i, input)});
  for (const auto& [column, field] : step.take) {
    DataType type;
    for (const auto& [typed, given] : step.types) {
      if (typed == field) type = given;
    }
    fields.push_back({field, std::move(type)});
  }
  return fields;
}

std::vector<LookupField> lookup_fields(const CheckSpec& check, const Schema& input) {
  std::vector<LookupField> fields;
  for (std::size_t i = 0; i < check.columns.size() && i < check.foreign_columns.size(); ++i) {
    const int own = find_column(input, check.columns[i]);
    fields.push_back(
        {check.foreign_columns[i], own < 0 ? DataType{} : key_type(input[static_cast<std::size_t>(own)].type)});
  }
  return fields;
}

std::vector<LookupField> lookup_fields(const JobSpec& job, SourceId source) {
  std::vector<LookupField> fields;
  for (const TableSpec& table : job.tables) {
    visit_lookups(table, [&](SourceId id, const std::vector<LookupField>& wanted) {
      if (id != source) return;
      for (const LookupField& field : wanted) {
        if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
      }
    });
  }
  return fields;
}

std::vector<SourceId> TablePipeline::lookup_sources(const TableSpec& table) {
  std::set<SourceId> sources;
  visit_lookups(table, [&](SourceId id, const std::vector<LookupField>&) { sources.insert(id); });
  return {sources.begin(), sources.end()};
}

std::vector<ColumnSpec> TablePipeline::lookup_columns(const JobSpec& job, SourceId source) {
  std::vector<ColumnSpec> columns;
  std::set<std::string> names;
  for (const LookupField& field : lookup_fields(job, source)) {
    ColumnSpec spec;
    // A field that is wanted as two types is read as two columns.
    spec.column = {field.field, field.type, true};
    if (!names.insert(spec.column.name).second) spec.column.name += " as " + field.type.to_string();
    names.insert(spec.column.name);
    spec.from = field.field;
    columns.push_back(std::move(spec));
  }
  return columns;
}

}  // namespace tipple
