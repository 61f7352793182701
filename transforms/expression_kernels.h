// ExpressionProgram: a typed expression (jobs/expression.h) compiled to kernels over batches.
//
// Each node is evaluated over a whole batch; loops run without a branch for faults and look for the row only when one
// was flagged. What stands in an arm of CASE, COALESCE, AND or OR that a row does not take cannot fault that row.
// docs/expressions.md has the semantics.
//
// Thread rule: immutable after make(); run() may be called on many threads at once. ExprFaults belongs to one caller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"
#include "jobs/expression.h"

namespace tipple {

struct ExprFault {
  std::uint32_t row = 0;  // position in the batch
  std::string rule;       // "overflow", "division_by_zero", "cast", "domain", "length", "json"
  std::string reason;     // one sentence
};

// The rows of one batch that an expression could not be computed for: the first fault of each row. One may be handed to
// several expressions over the same batch.
class ExprFaults {
 public:
  // Nothing happens if the row has a fault already.
  void add(std::uint32_t row, std::string_view rule, std::string reason);
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] bool is_bad(std::uint32_t row) const {
    return row / 64 < bad_.size() && (bad_[row / 64] >> (row % 64) & 1) != 0;
  }
  // In no order of rows.
  [[nodiscard]] const std::vector<ExprFault>& faults() const { return faults_; }
  // Ascending by row; leaves this empty.
  [[nodiscard]] std::vector<ExprFault> take();

 private:
  std::vector<std::uint64_t> bad_;  // one bit a row
  std::vector<ExprFault> faults_;
};

class ExpressionProgram {
 public:
  // `input`: the schema that the expression was compiled against; batches have its columns in its order
  // (formats/arrow_types.h). Constant parts are evaluated here, once. Error kUsage: a pattern, a format or a name in a
  // constant argument is not one.
  [[nodiscard]] static Result<ExpressionProgram> make(const TypedExpr& expression, const Schema& input);

  // Of run()'s arrays, as arrow_type() has it.
  [[nodiscard]] const DataType& type() const;

  // One value a row: batch.num_rows() of them. Rows with a fault, old ones in `faults` included, are null.
  // Errors: out of memory; kUsage if the text of one batch would pass limits on size.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> run(const arrow::RecordBatch& batch, ExprFaults& faults,
                                                          arrow::MemoryPool* pool) const;

 private:
  struct Impl;
  explicit ExpressionProgram(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;  // shared: programs are copied with the steps that hold them
};

}  // namespace tipple
