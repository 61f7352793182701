#include "transforms/step_batch.h"

#include <algorithm>

#include <arrow/type.h>

#include "transforms/step_arrays.h"

namespace tipple {

void StepBatch::set_columns(const std::shared_ptr<arrow::Schema>& schema,
                            std::vector<std::shared_ptr<arrow::Array>> columns) {
  rows_ = arrow::RecordBatch::Make(schema, rows_->num_rows(), std::move(columns));
}

Status StepBatch::take(const std::vector<std::uint32_t>& rows, arrow::MemoryPool* pool) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  columns.reserve(static_cast<std::size_t>(rows_->num_columns()));
  for (int i = 0; i < rows_->num_columns(); ++i) {
    TIPPLE_TRY(auto column, gather(*rows_->column(i), rows, pool, /*may_miss=*/false));
    columns.push_back(std::move(column));
  }
  std::vector<std::uint32_t> origins = rows;
  if (!origins_.empty()) {
    for (std::uint32_t& row : origins) row = origins_[row];
  }
  rows_ = arrow::RecordBatch::Make(rows_->schema(), static_cast<std::int64_t>(rows.size()), std::move(columns));
  origins_ = std::move(origins);
  return {};
}

Status StepBatch::filter(const std::vector<std::uint32_t>& kept, arrow::MemoryPool* pool) {
  const std::size_t rows = static_cast<std::size_t>(size());
  if (kept.size() == rows) return {};
  filtered_ += rows - kept.size();
  return take(kept, pool);
}

Status StepBatch::reject(std::vector<RowFault> faults, arrow::MemoryPool* pool) {
  if (faults.empty()) return {};
  std::stable_sort(faults.begin(), faults.end(), [](const RowFault& a, const RowFault& b) { return a.row < b.row; });
  std::vector<std::uint32_t> kept;
  kept.reserve(static_cast<std::size_t>(size()));
  std::size_t next = 0;  // in `faults`
  std::size_t rejected = 0;
  for (std::int64_t row = 0; row < size();) {
    // All rows of one input row stand together.
    const std::uint32_t from = origin(row);
    std::int64_t end = row + 1;
    while (end < size() && origin(end) == from) ++end;
    if (next < faults.size() && faults[next].row < end) {
      faults_.push_back(std::move(faults[next]));
      faults_.back().row = from;
      ++rejected;
      while (next < faults.size() && faults[next].row < end) ++next;
    } else {
      for (std::int64_t good = row; good < end; ++good) kept.push_back(static_cast<std::uint32_t>(good));
    }
    row = end;
  }
  added_ -= static_cast<std::uint64_t>(size()) - kept.size() - rejected;
  return take(kept, pool);
}

Status StepBatch::repeat(const std::vector<std::uint32_t>& sources, arrow::MemoryPool* pool) {
  const std::size_t rows = static_cast<std::size_t>(size());
  if (sources.size() == rows) return {};
  added_ += sources.size() - rows;
  return take(sources, pool);
}

PipelineOutput StepBatch::finish(CheckCounts checks) && {
  std::sort(faults_.begin(), faults_.end(), [](const RowFault& a, const RowFault& b) { return a.row < b.row; });
  PipelineOutput output;
  output.batch = std::move(rows_);
  output.faults = std::move(faults_);
  output.filtered = filtered_;
  output.added = added_;
  output.checks = std::move(checks);
  return output;
}

}  // namespace tipple
