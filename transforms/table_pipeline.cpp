#include "transforms/table_pipeline.h"

#include <algorithm>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "jobs/table_schema.h"
#include "transforms/check_rows.h"
#include "transforms/lookup_columns.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

class StepPipeline : public TablePipeline {
 public:
  StepPipeline(std::vector<std::unique_ptr<TableStep>> steps, RowChecks checks, std::shared_ptr<arrow::Schema> schema,
               int inputs, bool needs_row_keys)
      : steps_(std::move(steps)),
        checks_(std::move(checks)),
        schema_(std::move(schema)),
        inputs_(inputs),
        needs_row_keys_(needs_row_keys) {}

  Result<PipelineOutput> run(const std::shared_ptr<arrow::RecordBatch>& batch,
                             const std::vector<std::uint64_t>& row_keys, arrow::MemoryPool* pool) const override {
    TIPPLE_CHECK(batch->num_columns() == inputs_, "the batch has the columns of input_columns()");
    TIPPLE_CHECK(!needs_row_keys_ || row_keys.size() == static_cast<std::size_t>(batch->num_rows()),
                 "each row has its key");
    StepBatch rows(batch);
    for (const auto& step : steps_) TIPPLE_RETURN_IF_ERROR(step->run(rows, row_keys, pool));
    TIPPLE_TRY(CheckCounts counts, checks_.run(rows, pool));
    rows.set_columns(schema_, rows.rows().columns());
    return std::move(rows).finish(std::move(counts));
  }

  bool needs_row_keys() const override { return needs_row_keys_; }

 private:
  std::vector<std::unique_ptr<TableStep>> steps_;
  RowChecks checks_;
  std::shared_ptr<arrow::Schema> schema_;
  int inputs_;
  bool needs_row_keys_;
};

bool samples_by_place(const TableSpec& table) {
  return std::any_of(table.steps.begin(), table.steps.end(), [](const StepSpec& step) {
    const auto* sample = std::get_if<SampleStep>(&step);
    return sample != nullptr && sample->by.empty() && sample->fraction < 1.0;
  });
}

// Computed columns, then the table's columns in their order: what its first step sees.
Status add_computed(const TableSpec& table, const std::string& place, std::vector<std::unique_ptr<TableStep>>& steps) {
  Schema schema;
  for (const ColumnSpec& spec : expression_inputs(table)) schema.push_back(spec.column);
  std::vector<TableSchemaMistake> mistakes;
  std::vector<ComputedColumn> computed;
  const Schema inputs = schema;
  for (const std::size_t position : computation_order(table, mistakes)) {
    const ColumnSpec& spec = table.columns[position];
    std::string text = spec.expr;
    const auto expression = compile_expression(text, schema);
    if (expression.ok() && expression->type != spec.column.type)
      text = fmt::format("CAST(({}) AS {})", text, spec.column.type.to_string());
    computed.push_back({spec.column, std::move(text)});
    schema.push_back(spec.column);
  }
  if (!mistakes.empty()) return usage_error(mistakes.front().what, place, mistakes.front().hint);
  if (!computed.empty()) {
    TIPPLE_TRY(auto step, make_compute_step(inputs, computed, place));
    steps.push_back(std::move(step));
  }
  Schema output;
  std::vector<int> positions;
  bool in_order = true;
  for (const ColumnSpec& spec : table.columns) {
    output.push_back(spec.column);
    positions.push_back(find_column(schema, spec.column.name));
    in_order = in_order && positions.back() + 1 == static_cast<int>(positions.size());
  }
  if (!in_order || output.size() != schema.size()) steps.push_back(make_project_step(std::move(positions), output));
  return {};
}

}  // namespace

std::vector<ColumnSpec> TablePipeline::input_columns(const JobSpec&, const TableSpec& table, SourceId source) {
  std::vector<ColumnSpec> columns = expression_inputs(table);
  const auto found = std::find(table.from.begin(), table.from.end(), source);
  const auto position = static_cast<std::size_t>(found - table.from.begin());
  if (position >= table.field_maps.size()) return columns;
  for (ColumnSpec& spec : columns) {
    const auto mapped = table.field_maps[position].find(spec.column.name);
    if (mapped != table.field_maps[position].end()) spec.from = mapped->second;
  }
  return columns;
}

Result<std::unique_ptr<TablePipeline>> TablePipeline::make(const JobSpec& job, const TableSpec& table, SourceId,
                                                           const std::vector<LookupTable>& lookups) {
  const std::string where = fmt::format("table '{}'", table.name);
  std::vector<std::unique_ptr<TableStep>> steps;
  TIPPLE_RETURN_IF_ERROR(add_computed(table, where, steps));
  Schema schema;
  for (const ColumnSpec& spec : table.columns) schema.push_back(spec.column);
  for (std::size_t i = 0; i < table.steps.size(); ++i) {
    const std::string place = fmt::format("{}, step {}", where, i + 1);
    std::vector<StepMistake> mistakes;
    const Schema output = schema_after(table.steps[i], schema, mistakes);
    if (!mistakes.empty()) return usage_error(mistakes.front().what, place, mistakes.front().hint);
    const StepPlace at{job, lookups, schema, output, place};
    TIPPLE_TRY(auto step, std::visit([&](const auto& spec) { return make_step(spec, at); }, table.steps[i]));
    steps.push_back(std::move(step));
    schema = output;
  }
  TIPPLE_TRY(RowChecks checks, RowChecks::make(job, table, schema, lookups, where));
  const int inputs = static_cast<int>(expression_inputs(table).size());
  return std::unique_ptr<TablePipeline>(std::make_unique<StepPipeline>(
      std::move(steps), std::move(checks), arrow_schema(schema), inputs, samples_by_place(table)));
}

}  // namespace tipple
