// How each step of a job is compiled. Internal to the folder: table_pipeline.cpp puts them together.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/job_spec.h"
#include "transforms/expression_kernels.h"
#include "transforms/step_batch.h"
#include "transforms/table_pipeline.h"

namespace tipple {

// What a step stands between. `place`: for errors, as "table 'flights', step 3".
struct StepPlace {
  const JobSpec& job;
  const std::vector<LookupTable>& lookups;
  const Schema& input;
  const Schema& output;  // as jobs/table_schema.h says
  std::string place;
};

using MadeStep = Result<std::unique_ptr<TableStep>>;

// A column that an expression over the columns before it gives: in place of the one at `position`, or behind the last.
struct ComputedColumn {
  Column column;  // a null in a column that is not nullable is a fault
  std::string expression;
  int position = -1;
};
[[nodiscard]] MadeStep make_compute_step(Schema input, const std::vector<ComputedColumn>& columns,
                                         const std::string& place);
// Columns by position, under the names of `output`.
[[nodiscard]] std::unique_ptr<TableStep> make_project_step(std::vector<int> positions, const Schema& output);

[[nodiscard]] MadeStep make_step(const WhereStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const DeriveStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const RenameStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const DropStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const CastStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const LookupStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const NormaliseStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const BinStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const ExplodeStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const SplitStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const SampleStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const MaskStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const EncryptStep& step, const StepPlace& at);
[[nodiscard]] MadeStep make_step(const NumberStep& step, const StepPlace& at);

// An expression over `schema`. Errors: kUsage at `place`.
[[nodiscard]] Result<ExpressionProgram> compile_program(const std::string& text, const Schema& schema,
                                                        const std::string& place);

// A column as text (floats and dates as CAST AS string writes them) or as float64, whatever it is.
class ColumnAs {
 public:
  [[nodiscard]] static Result<ColumnAs> text(const Schema& schema, int position, const std::string& place);
  [[nodiscard]] static Result<ColumnAs> float64(const Schema& schema, int position, const std::string& place);
  // Faults of a cast go to `faults`, under the column's name; such rows are null.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> run(const arrow::RecordBatch& rows, std::vector<RowFault>& faults,
                                                          arrow::MemoryPool* pool) const;

 private:
  ColumnAs(std::string name, int position) : name_(std::move(name)), position_(position) {}
  [[nodiscard]] static Result<ColumnAs> make(const Schema& schema, int position, TypeKind kind,
                                             const std::string& place);

  std::string name_;
  int position_;
  std::vector<ExpressionProgram> cast_;  // empty, or one
};

// An expression's faults as rows' ones.
void add_faults(ExprFaults& from, const std::string& column, std::vector<RowFault>& to);
// Rows whose value is null where it may not be.
void add_null_faults(const arrow::Array& values, const std::string& column, std::vector<RowFault>& to);

}  // namespace tipple
