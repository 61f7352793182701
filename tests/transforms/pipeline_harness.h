// A table's pipeline over rows that a test writes as texts, and what came out as texts.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

#include "formats/arrow_types.h"
#include "jobs/table_schema.h"
#include "transforms/check_rows.h"
#include "transforms/check_values.h"
#include "transforms/step_arrays.h"
#include "transforms/table_pipeline.h"

namespace tipple::pipeline_test {

using Cell = std::optional<std::string>;
using Rows = std::vector<std::vector<Cell>>;
inline const Cell kNull = std::nullopt;

inline DataType type(const std::string& text) { return parse_data_type(text).value(); }

inline ColumnSpec column(const std::string& name, const std::string& type_text, bool nullable = true) {
  ColumnSpec spec;
  spec.column = {name, type(type_text), nullable};
  spec.from = name;
  return spec;
}

inline ColumnSpec computed(const std::string& name, const std::string& expr) {
  ColumnSpec spec;
  spec.column = {name, type_of_expression(), false};
  spec.expr = expr;
  return spec;
}

inline std::shared_ptr<arrow::Array> array(const std::vector<Cell>& cells, const DataType& data_type) {
  std::vector<std::string> texts;
  std::vector<std::uint32_t> rows;
  for (const Cell& cell : cells) {
    rows.push_back(cell ? static_cast<std::uint32_t>(texts.size()) : kNoRow);
    if (cell) texts.push_back(*cell);
  }
  const auto values = array_of_texts(texts, data_type, "test").value();
  return gather(*values, rows, arrow::default_memory_pool()).value();
}

inline std::shared_ptr<arrow::RecordBatch> batch(const std::vector<ColumnSpec>& columns, const Rows& rows) {
  Schema schema;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::vector<Cell> cells;
    for (const auto& row : rows) cells.push_back(row[i]);
    schema.push_back(columns[i].column);
    arrays.push_back(array(cells, columns[i].column.type));
  }
  return arrow::RecordBatch::Make(arrow_schema(schema), static_cast<std::int64_t>(rows.size()), std::move(arrays));
}

// Rows as "1|x|null"; texts in quotes as messages print them.
inline std::vector<std::string> printed(const arrow::RecordBatch& rows, const Schema& schema) {
  std::vector<std::string> lines;
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    std::string line;
    for (int i = 0; i < rows.num_columns(); ++i) {
      if (i > 0) line += '|';
      line +=
          value_in_words(*rows.column(i), schema[static_cast<std::size_t>(i)].type, static_cast<std::uint32_t>(row));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

inline std::vector<std::string> printed(const std::vector<RowFault>& faults) {
  std::vector<std::string> lines;
  for (const RowFault& fault : faults)
    lines.push_back(std::to_string(fault.row) + " " + fault.column + " " + fault.rule);
  return lines;
}

// One table "t" from the source "s"; the source "small" is for lookups.
struct Harness {
  JobSpec job;
  Rows small_rows;  // in the order of lookup_columns()

  explicit Harness(std::vector<ColumnSpec> columns, std::vector<StepSpec> steps = {},
                   std::vector<CheckSpec> checks = {}) {
    job.sources.resize(2);
    job.sources[0].name = "s";
    job.sources[1].name = "small";
    TableSpec table;
    table.name = "t";
    table.from = {SourceId(0)};
    table.columns = std::move(columns);
    table.steps = std::move(steps);
    table.checks = std::move(checks);
    job.tables.push_back(std::move(table));
    for (const TableSchemaMistake& mistake : resolve_table_schema(job, job.tables[0])) {
      ADD_FAILURE() << mistake.what << " (" << mistake.hint << ")";
    }
  }

  [[nodiscard]] const TableSpec& table() const { return job.tables[0]; }

  [[nodiscard]] Result<std::unique_ptr<TablePipeline>> make() const {
    std::vector<LookupTable> lookups;
    for (const SourceId source : TablePipeline::lookup_sources(table())) {
      lookups.push_back({source, batch(TablePipeline::lookup_columns(job, source), small_rows)});
    }
    return TablePipeline::make(job, table(), SourceId(0), lookups);
  }

  // Checks the account and the schema of every run.
  [[nodiscard]] PipelineOutput run(const Rows& rows, const std::vector<std::uint64_t>& row_keys = {}) const {
    const auto pipeline = make();
    EXPECT_TRUE(pipeline.ok()) << (pipeline.ok() ? "" : pipeline.error().to_string());
    const auto input = batch(TablePipeline::input_columns(job, table(), SourceId(0)), rows);
    auto result = (*pipeline)->run(input, row_keys, arrow::default_memory_pool());
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().to_string());
    PipelineOutput output = std::move(result).value();
    EXPECT_EQ(static_cast<std::uint64_t>(output.batch->num_rows()) + output.faults.size() + output.filtered,
              rows.size() + output.added);
    EXPECT_TRUE(output.batch->schema()->Equals(*arrow_schema(table().schema())));
    const arrow::Status valid = output.batch->ValidateFull();
    EXPECT_TRUE(valid.ok()) << valid.ToString();
    for (std::size_t i = 1; i < output.faults.size(); ++i) EXPECT_LT(output.faults[i - 1].row, output.faults[i].row);
    return output;
  }

  [[nodiscard]] std::vector<std::string> rows_of(const PipelineOutput& output) const {
    return printed(*output.batch, table().schema());
  }
};

}  // namespace tipple::pipeline_test
