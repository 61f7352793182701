// StepBatch: the rows of one batch on their way through the steps, and the account of those that left.
//
//   rows + faults + filtered == input rows + added   at any time
//
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "base/result.h"
#include "transforms/table_pipeline.h"

namespace tipple {

class StepBatch {
 public:
  explicit StepBatch(std::shared_ptr<arrow::RecordBatch> rows) : rows_(std::move(rows)) {}

  [[nodiscard]] const arrow::RecordBatch& rows() const { return *rows_; }
  [[nodiscard]] std::int64_t size() const { return rows_->num_rows(); }
  [[nodiscard]] std::shared_ptr<arrow::Array> column(int position) const { return rows_->column(position); }
  // Position in the input batch.
  [[nodiscard]] std::uint32_t origin(std::int64_t row) const {
    return origins_.empty() ? static_cast<std::uint32_t>(row) : origins_[static_cast<std::size_t>(row)];
  }

  // The same rows with other columns.
  void set_columns(const std::shared_ptr<arrow::Schema>& schema, std::vector<std::shared_ptr<arrow::Array>> columns);
  // `kept`: ascending positions in rows(). The others are counted as filtered.
  [[nodiscard]] Status filter(const std::vector<std::uint32_t>& kept, arrow::MemoryPool* pool);
  // Faults by position in rows(), in any order; a row's first one stays. What else came of the same input row leaves
  // with it: a record is loaded whole or not at all.
  [[nodiscard]] Status reject(std::vector<RowFault> faults, arrow::MemoryPool* pool);
  // `sources`: for each new row the one that it repeats, ascending, each at least once.
  [[nodiscard]] Status repeat(const std::vector<std::uint32_t>& sources, arrow::MemoryPool* pool);

  [[nodiscard]] PipelineOutput finish(CheckCounts checks) &&;

 private:
  [[nodiscard]] Status take(const std::vector<std::uint32_t>& rows, arrow::MemoryPool* pool);

  std::shared_ptr<arrow::RecordBatch> rows_;
  std::vector<std::uint32_t> origins_;  // ascending; empty: a row's own position
  std::vector<RowFault> faults_;        // by position in the input batch
  std::uint64_t filtered_ = 0;
  std::uint64_t added_ = 0;
};

// One step, compiled. Immutable.
class TableStep {
 public:
  virtual ~TableStep() = default;
  // `row_keys`: by position in the input batch, see TablePipeline::run.
  [[nodiscard]] virtual Status run(StepBatch& batch, const std::vector<std::uint64_t>& row_keys,
                                   arrow::MemoryPool* pool) const = 0;
};

}  // namespace tipple
