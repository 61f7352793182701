// The steps that are expressions, and those that only choose and name columns.
#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "jobs/expression.h"
#include "jobs/table_schema.h"
#include "transforms/step_arrays.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

class ComputeStep : public TableStep {
 public:
  struct Part {
    ExpressionProgram program;
    Column column;
    int position;
    std::shared_ptr<arrow::Schema> schema;  // behind it
  };
  explicit ComputeStep(std::vector<Part> parts) : parts_(std::move(parts)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    std::vector<RowFault> faults;
    for (const Part& part : parts_) {
      // A row that an earlier part faulted holds null here; its first fault is the one that stays.
      ExprFaults found;
      TIPPLE_TRY(auto values, part.program.run(batch.rows(), found, pool));
      add_faults(found, part.column.name, faults);
      if (!part.column.nullable) add_null_faults(*values, part.column.name, faults);
      auto columns = batch.rows().columns();
      if (part.position < 0) {
        columns.push_back(std::move(values));
      } else {
        columns[static_cast<std::size_t>(part.position)] = std::move(values);
      }
      batch.set_columns(part.schema, std::move(columns));
    }
    return batch.reject(std::move(faults), pool);
  }

 private:
  std::vector<Part> parts_;
};

class ProjectStep : public TableStep {
 public:
  ProjectStep(std::vector<int> positions, std::shared_ptr<arrow::Schema> schema)
      : positions_(std::move(positions)), schema_(std::move(schema)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool*) const override {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    columns.reserve(positions_.size());
    for (const int position : positions_) columns.push_back(batch.column(position));
    batch.set_columns(schema_, std::move(columns));
    return {};
  }

 private:
  std::vector<int> positions_;
  std::shared_ptr<arrow::Schema> schema_;
};

class FilterStep : public TableStep {
 public:
  explicit FilterStep(ExpressionProgram condition) : condition_(std::move(condition)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    ExprFaults found;
    TIPPLE_TRY(const auto values, condition_.run(batch.rows(), found, pool));
    const auto& condition = static_cast<const arrow::BooleanArray&>(*values);
    std::vector<RowFault> faults;
    add_faults(found, "", faults);
    if (faults.empty()) {
      if (condition.true_count() == condition.length()) return {};
      return batch.filter(true_rows(condition), pool);
    }
    return filter_around(batch, condition, std::move(faults), pool);
  }

 private:
  static std::vector<std::uint32_t> true_rows(const arrow::BooleanArray& condition) {
    std::vector<std::uint32_t> rows(static_cast<std::size_t>(condition.length()) + 1);
    std::size_t count = 0;
    const bool nulls = condition.null_count() > 0;
    for (std::int64_t row = 0; row < condition.length(); ++row) {
      rows[count] = static_cast<std::uint32_t>(row);
      count += condition.Value(row) && (!nulls || condition.IsValid(row)) ? 1 : 0;
    }
    rows.resize(count);
    return rows;
  }

  // Faulty rows are kept by the filter, so that they are counted as what they are, and leave behind it.
  static Status filter_around(StepBatch& batch, const arrow::BooleanArray& condition, std::vector<RowFault> faults,
                              arrow::MemoryPool* pool) {
    std::vector<bool> faulty(static_cast<std::size_t>(condition.length()));
    for (const RowFault& fault : faults) faulty[fault.row] = true;
    std::vector<std::uint32_t> kept;
    std::vector<std::uint32_t> new_position(faulty.size());
    for (std::int64_t row = 0; row < condition.length(); ++row) {
      const auto at = static_cast<std::size_t>(row);
      if (!faulty[at] && !(condition.IsValid(row) && condition.Value(row))) continue;
      new_position[at] = static_cast<std::uint32_t>(kept.size());
      kept.push_back(static_cast<std::uint32_t>(row));
    }
    TIPPLE_RETURN_IF_ERROR(batch.filter(kept, pool));
    for (RowFault& fault : faults) fault.row = new_position[fault.row];
    return batch.reject(std::move(faults), pool);
  }

  ExpressionProgram condition_;
};

// Zeros, where the publisher writes the numbers (formats/part_numbers.h).
class UnnumberedStep : public TableStep {
 public:
  explicit UnnumberedStep(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    const std::int64_t bytes = batch.size() * static_cast<std::int64_t>(sizeof(std::int64_t));
    TIPPLE_TRY(std::shared_ptr<arrow::Buffer> zeros, new_buffer(bytes, pool));
    if (bytes > 0) std::memset(zeros->mutable_data(), 0, static_cast<std::size_t>(bytes));
    auto columns = batch.rows().columns();
    columns.push_back(
        arrow::MakeArray(arrow::ArrayData::Make(arrow::int64(), batch.size(), {nullptr, std::move(zeros)}, 0)));
    batch.set_columns(schema_, std::move(columns));
    return {};
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
};

MadeStep project(const Schema& input, const Schema& output) {
  std::vector<int> positions;
  for (const Column& column : output) positions.push_back(find_column(input, column.name));
  return make_project_step(std::move(positions), output);
}

}  // namespace

void add_faults(ExprFaults& from, const std::string& column, std::vector<RowFault>& to) {
  if (from.empty()) return;
  for (ExprFault& fault : from.take())
    to.push_back({fault.row, column, std::move(fault.rule), std::move(fault.reason)});
}

void add_null_faults(const arrow::Array& values, const std::string& column, std::vector<RowFault>& to) {
  if (values.null_count() == 0) return;
  for (std::int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row))
      to.push_back(
          {static_cast<std::uint32_t>(row), column, "not_null", "the value is null and the column may not be"});
  }
}

Result<ExpressionProgram> compile_program(const std::string& text, const Schema& schema, const std::string& place) {
  auto expression = compile_expression(text, schema);
  if (!expression.ok()) {
    Error error = std::move(expression).error();
    error.where = place;
    return error;
  }
  auto program = ExpressionProgram::make(*expression, schema);
  if (program.ok()) return program;
  Error error = std::move(program).error();
  error.where = place;
  return error;
}

Result<ColumnAs> ColumnAs::make(const Schema& schema, int position, TypeKind kind, const std::string& place) {
  const Column& column = schema[static_cast<std::size_t>(position)];
  ColumnAs as(column.name, position);
  const bool plain =
      column.type.kind == kind || (kind == TypeKind::kString && column.type.kind == TypeKind::kFixedString);
  if (plain) return as;
  DataType type;
  type.kind = kind;
  TIPPLE_TRY(auto program,
             compile_program(fmt::format("CAST({} AS {})", quoted_name(column.name), type.to_string()), schema, place));
  as.cast_.push_back(std::move(program));
  return as;
}

Result<ColumnAs> ColumnAs::text(const Schema& schema, int position, const std::string& place) {
  return make(schema, position, TypeKind::kString, place);
}

Result<ColumnAs> ColumnAs::float64(const Schema& schema, int position, const std::string& place) {
  return make(schema, position, TypeKind::kFloat64, place);
}

Result<std::shared_ptr<arrow::Array>> ColumnAs::run(const arrow::RecordBatch& rows, std::vector<RowFault>& faults,
                                                    arrow::MemoryPool* pool) const {
  if (cast_.empty()) return rows.column(position_);
  ExprFaults found;
  TIPPLE_TRY(auto values, cast_.front().run(rows, found, pool));
  add_faults(found, name_, faults);
  return values;
}

MadeStep make_compute_step(Schema input, const std::vector<ComputedColumn>& columns, const std::string& place) {
  std::vector<ComputeStep::Part> parts;
  for (const ComputedColumn& computed : columns) {
    TIPPLE_TRY(auto program, compile_program(computed.expression, input, place));
    // The column's own type is part of the schema that the next one sees.
    if (computed.position < 0) {
      input.push_back(computed.column);
    } else {
      input[static_cast<std::size_t>(computed.position)] = computed.column;
    }
    parts.push_back({std::move(program), computed.column, computed.position, arrow_schema(input)});
  }
  return std::unique_ptr<TableStep>(std::make_unique<ComputeStep>(std::move(parts)));
}

std::unique_ptr<TableStep> make_project_step(std::vector<int> positions, const Schema& output) {
  return std::make_unique<ProjectStep>(std::move(positions), arrow_schema(output));
}

MadeStep make_step(const WhereStep& step, const StepPlace& at) {
  TIPPLE_TRY(auto condition, compile_program(step.condition, at.input, at.place));
  return std::unique_ptr<TableStep>(std::make_unique<FilterStep>(std::move(condition)));
}

MadeStep make_step(const DeriveStep& step, const StepPlace& at) {
  std::vector<ComputedColumn> columns;
  for (std::size_t i = 0; i < step.columns.size(); ++i) {
    columns.push_back({at.output[at.input.size() + i], step.columns[i].second});
  }
  return make_compute_step(at.input, columns, at.place);
}

MadeStep make_step(const CastStep& step, const StepPlace& at) {
  std::vector<ComputedColumn> columns;
  for (const auto& [name, type] : step.columns) {
    const int position = find_column(at.input, name);
    columns.push_back({at.output[static_cast<std::size_t>(position)],
                       fmt::format("CAST({} AS {})", quoted_name(name), type.to_string()), position});
  }
  return make_compute_step(at.input, columns, at.place);
}

MadeStep make_step(const RenameStep&, const StepPlace& at) {
  std::vector<int> positions;
  for (std::size_t i = 0; i < at.input.size(); ++i) positions.push_back(static_cast<int>(i));
  return make_project_step(std::move(positions), at.output);
}

MadeStep make_step(const DropStep&, const StepPlace& at) { return project(at.input, at.output); }

MadeStep make_step(const NumberStep&, const StepPlace& at) {
  return std::unique_ptr<TableStep>(std::make_unique<UnnumberedStep>(arrow_schema(at.output)));
}

}  // namespace tipple
