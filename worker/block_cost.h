// BlockCost: the memory that a block of a source can come to on its way through the graph: slab, index, JSON's cells,
// batches.
//
// An upper bound for records that are rows, so that blocks which were let in never outgrow the budget. A reject's words
// are charged when they are known: a block of nothing but rejects may pass the bound. Value; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

class BlockCost {
 public:
  BlockCost() = default;
  BlockCost(const SourceSpec& source, const std::vector<const TableSpec*>& tables);

  // Of a slab of `block_bytes` and what any text in it can come to.
  [[nodiscard]] std::uint64_t block_bytes_max(std::uint64_t block_bytes) const;
  // Of the batches of all tables, out of `records` records in `text_bytes` bytes.
  [[nodiscard]] std::uint64_t batch_bytes_max(std::uint64_t records, std::uint64_t text_bytes) const;

 private:
  std::uint64_t record_bytes_min_ = 1;
  std::uint64_t index_factor_ = 0;  // index bytes for each byte of text
  std::uint64_t bits_per_record_ = 0;
  std::uint64_t texts_ = 0;        // how often the text can be copied
  std::uint64_t fixed_bytes_ = 0;  // of an empty batch's buffers
};

}  // namespace tipple
