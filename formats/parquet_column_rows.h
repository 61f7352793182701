// One column of a row group as one sequence of rows, whatever slices the rows came in.
//
// Borrows the row group. Immutable; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include "formats/part_encoder.h"

namespace tipple {

class ParquetColumnRows {
 public:
  ParquetColumnRows(const RowGroup& group, std::uint32_t column);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  // Precondition: rows() > 0.
  [[nodiscard]] const arrow::DataType& type() const { return *pieces_.front()->type; }
  // Nulls among the rows [first, first + count).
  [[nodiscard]] std::size_t nulls(std::size_t first, std::size_t count) const;
  // Their validity, from bit 0 on; zeros up to a whole byte.
  void copy_validity(std::size_t first, std::size_t count, std::uint8_t* bitmap) const;

  // visit(data, first, count) for each stretch of the rows [first, first + count), in order: rows of `data`, counted
  // from data.offset.
  template <typename Visit>
  void for_each_piece(std::size_t first, std::size_t count, Visit visit) const {
    auto at = static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), first) - begins_.begin() - 1);
    for (; count > 0; ++at) {
      const arrow::ArrayData& data = *pieces_[at];
      const std::size_t skipped = first - begins_[at];
      const std::size_t taken = std::min(count, static_cast<std::size_t>(data.length) - skipped);
      visit(data, skipped, taken);
      first += taken;
      count -= taken;
    }
  }

 private:
  std::vector<const arrow::ArrayData*> pieces_;
  std::vector<std::size_t> begins_;  // of the pieces; ascending
  std::size_t rows_ = 0;
};

// The validity bits of `data`; nullptr where no row is null.
[[nodiscard]] inline const std::uint8_t* validity_bits(const arrow::ArrayData& data) {
  return data.GetNullCount() != 0 ? data.buffers[0]->data() : nullptr;
}

}  // namespace tipple
