// Minimum, maximum and null count of each column, over batches in any order.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "jobs/column_stats.h"
#include "jobs/data_type.h"

namespace tipple {

// Not thread-safe; builders of different batches merge (commutative, associative).
class ColumnStatsBuilder {
 public:
  explicit ColumnStatsBuilder(const Schema& schema);
  ~ColumnStatsBuilder();
  ColumnStatsBuilder(ColumnStatsBuilder&&) noexcept;
  ColumnStatsBuilder& operator=(ColumnStatsBuilder&&) noexcept;
  void add(const arrow::RecordBatch& batch);
  void merge(const ColumnStatsBuilder& other);
  [[nodiscard]] std::vector<ColumnStats> finish() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
