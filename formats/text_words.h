// The first bytes of each text of an Arrow string column as words, for loops over whole blocks of rows without a branch
// on lengths.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <arrow/array/data.h>
#include <arrow/buffer.h>

namespace tipple {

// The rows [first, first + rows) of a string column.
struct TextRows {
  const std::int32_t* offsets;
  const char* bytes;
  std::int64_t readable;  // bytes of the column's buffer

  TextRows(const arrow::ArrayData& data, std::size_t first)
      : offsets(data.GetValues<std::int32_t>(1) + first),
        bytes(data.buffers[2] ? data.GetValues<char>(2, 0) : ""),
        readable(data.buffers[2] ? data.buffers[2]->size() : 0) {}
  [[nodiscard]] std::size_t size(std::size_t row) const {
    return static_cast<std::size_t>(offsets[row + 1] - offsets[row]);
  }
};

// put(i, p) for each row: the 16 bytes at p begin with the text's first 16 (or all it has); what is behind a text may
// be anything.
template <typename Put>
void for_each_16_bytes(const TextRows& text, std::size_t rows, Put put) {
  // Offsets ascend: only the last rows of a buffer are too near its end to be read 16 bytes at a time.
  std::size_t near_end = rows;
  while (near_end > 0 && text.offsets[near_end - 1] + std::int64_t{16} > text.readable) --near_end;
  for (std::size_t i = 0; i < near_end; ++i) put(i, text.bytes + text.offsets[i]);
  for (std::size_t i = near_end; i < rows; ++i) {
    char padded[16] = {};
    std::memcpy(padded, text.bytes + text.offsets[i], text.size(i) < 16 ? text.size(i) : 16);
    put(i, padded);
  }
}

}  // namespace tipple
