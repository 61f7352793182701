#include "formats/parquet_column_rows.h"

#include <arrow/record_batch.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

namespace tipple {

ParquetColumnRows::ParquetColumnRows(const RowGroup& group, std::uint32_t column) {
  for (const auto& slice : group.slices) {
    if (slice->num_rows() == 0) continue;
    pieces_.push_back(slice->column_data(static_cast<int>(column)).get());
    begins_.push_back(rows_);
    rows_ += static_cast<std::size_t>(slice->num_rows());
  }
}

std::size_t ParquetColumnRows::nulls(std::size_t first, std::size_t count) const {
  std::size_t nulls = 0;
  for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    const std::uint8_t* bits = validity_bits(data);
    if (bits == nullptr) return;
    const std::int64_t offset = data.offset + static_cast<std::int64_t>(from);
    nulls +=
        rows - static_cast<std::size_t>(arrow::internal::CountSetBits(bits, offset, static_cast<std::int64_t>(rows)));
  });
  return nulls;
}

void ParquetColumnRows::copy_validity(std::size_t first, std::size_t count, std::uint8_t* bitmap) const {
  std::int64_t at = 0;
  bitmap[(count - 1) / 8] = 0;  // whose last bits belong to no row
  for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    const auto length = static_cast<std::int64_t>(rows);
    if (const std::uint8_t* bits = validity_bits(data); bits != nullptr) {
      arrow::internal::CopyBitmap(bits, data.offset + static_cast<std::int64_t>(from), length, bitmap, at);
    } else {
      arrow::bit_util::SetBitsTo(bitmap, at, length, true);
    }
    at += length;
  });
}

}  // namespace tipple
