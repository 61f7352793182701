// Any bytes as an expression: a typed tree or a mistake with its place; what compiles runs over a small batch, with one
// value or fault a row.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <arrow/api.h>

#include "base/check.h"
#include "formats/arrow_types.h"
#include "formats/csv_utf8.h"
#include "jobs/expression.h"
#include "transforms/expression_kernels.h"

namespace {

const tipple::Schema& input() {
  static const tipple::Schema schema = {{"n", *tipple::parse_data_type("int32"), true},
                                        {"s", *tipple::parse_data_type("string"), true}};
  return schema;
}

const arrow::RecordBatch& batch() {
  static const std::shared_ptr<arrow::RecordBatch> rows = [] {
    arrow::Int32Builder numbers;
    arrow::StringBuilder texts;
    const bool built = numbers.AppendValues({0, -1, 2147483647}).ok() && numbers.AppendNull().ok() &&
                       texts.AppendValues({"", "2024-02-29", "[1, {\"a\": 2}]"}).ok() && texts.AppendNull().ok();
    TIPPLE_CHECK(built, "a batch of four rows");
    return arrow::RecordBatch::Make(tipple::arrow_schema(input()), 4, {*numbers.Finish(), *texts.Finish()});
  }();
  return *rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!tipple::is_valid_utf8(text))
    return 0;  // job files are UTF-8 before expressions are looked at (jobs/yaml_tree.cpp)
  const auto expression = tipple::compile_expression(text, input());
  if (!expression.ok()) return 0;
  TIPPLE_CHECK(tipple::expression_columns(text).ok(), "what compiles has columns");
  const auto program = tipple::ExpressionProgram::make(*expression, input());
  if (!program.ok()) return 0;
  tipple::ExprFaults faults;
  const auto values = program->run(batch(), faults, arrow::default_memory_pool());
  if (!values.ok()) return 0;
  TIPPLE_CHECK((*values)->length() == 4 && (*values)->ValidateFull().ok(), "an array of the batch's length");
  for (const tipple::ExprFault& fault : faults.faults())
    TIPPLE_CHECK(fault.row < 4 && (*values)->IsNull(fault.row), "a fault is null");
  return 0;
}
