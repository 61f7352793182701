// Expressions over small tables, for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "formats/arrow_types.h"
#include "jobs/expression.h"
#include "transforms/expression_kernels.h"

namespace tipple {

struct ExprTestTable {
  Schema schema;
  std::shared_ptr<arrow::RecordBatch> batch;
};

// A table out of texts: column by column, "" being null; each is cast to the column's type by the expression CAST
// itself.
inline ExprTestTable expr_table(const Schema& schema, const std::vector<std::vector<std::string>>& columns) {
  ExprTestTable table{schema, nullptr};
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    arrow::StringBuilder texts;
    for (const std::string& text : columns[i]) {
      EXPECT_TRUE((text.empty() ? texts.AppendNull() : texts.Append(text)).ok());
    }
    const auto array = texts.Finish().ValueOrDie();
    const auto batch =
        arrow::RecordBatch::Make(arrow::schema({arrow::field("t", arrow::utf8())}), array->length(), {array});
    const Schema text_schema = {Column{"t", DataType{}, true}};
    const auto text = compile_expression("t", text_schema);
    const auto typed = convert_expression(*text, schema[i].type);
    EXPECT_TRUE(typed.ok()) << (typed.ok() ? "" : typed.error().to_string());
    const auto program = ExpressionProgram::make(*typed, text_schema);
    ExprFaults faults;
    arrays.push_back(*program->run(*batch, faults, arrow::default_memory_pool()));
    EXPECT_TRUE(faults.empty()) << faults.faults().front().reason;
  }
  table.batch = arrow::RecordBatch::Make(arrow_schema(schema), arrays.front()->length(), arrays);
  return table;
}

struct ExprTestResult {
  std::vector<std::string> rows;  // as PostgreSQL prints them; "NULL", and for a fault "!rule"
  std::vector<ExprFault> faults;
  DataType type;
};

// The value of `text` in each row, printed by a cast to string.
inline Result<ExprTestResult> evaluate_expression(const std::string& text, const ExprTestTable& table) {
  TIPPLE_TRY(const TypedExpr typed, compile_expression(text, table.schema));
  TIPPLE_TRY(const TypedExpr printed, convert_expression(typed, DataType{}));
  TIPPLE_TRY(const ExpressionProgram program, ExpressionProgram::make(printed, table.schema));
  ExprFaults faults;
  TIPPLE_TRY(const auto array, program.run(*table.batch, faults, arrow::default_memory_pool()));
  EXPECT_TRUE(array->ValidateFull().ok()) << text;
  // Without the cast, the array is what the type says, and has the same nulls.
  TIPPLE_TRY(const ExpressionProgram bare, ExpressionProgram::make(typed, table.schema));
  ExprFaults bare_faults;
  TIPPLE_TRY(const auto values, bare.run(*table.batch, bare_faults, arrow::default_memory_pool()));
  EXPECT_TRUE(values->ValidateFull().ok()) << text;
  EXPECT_TRUE(values->type()->Equals(*arrow_type(typed.type))) << text << ": " << values->type()->ToString();
  EXPECT_EQ(values->length(), table.batch->num_rows()) << text;
  ExprTestResult result;
  result.type = typed.type;
  const auto& strings = static_cast<const arrow::StringArray&>(*array);
  for (std::int64_t row = 0; row < array->length(); ++row) {
    EXPECT_EQ(values->IsNull(row), array->IsNull(row)) << text;
    EXPECT_TRUE(!array->IsNull(row) || typed.nullable || faults.is_bad(static_cast<std::uint32_t>(row)))
        << text << " is not nullable";
    result.rows.push_back(array->IsNull(row) ? "NULL" : strings.GetString(row));
  }
  result.faults = faults.take();
  for (const ExprFault& fault : result.faults) result.rows[fault.row] = "!" + fault.rule;
  return result;
}

// Of a constant expression.
inline std::string evaluate_constant(const std::string& text) {
  static const ExprTestTable kOneRow = [] {
    DataType type;
    type.kind = TypeKind::kInt32;
    return expr_table({Column{"one", type, false}}, {{"1"}});
  }();
  const auto result = evaluate_expression(text, kOneRow);
  return result.ok() ? result->rows.front() : "error: " + result.error().to_string();
}

}  // namespace tipple
