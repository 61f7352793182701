// Arrow arrays as the steps read and build them: raw loops over buffers, no allocation per row.
//
// Thread rule: values with one owner. Positions are rows of one batch: at most 2^32 - 2 of them, and texts of one array
// at most 2^31 bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include "base/result.h"

namespace tipple {

inline constexpr std::uint32_t kNoRow = 0xFFFFFFFF;

[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> new_buffer(std::int64_t bytes, arrow::MemoryPool* pool);
// All bits zero, or all one.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> new_bits(std::int64_t rows, bool value, arrow::MemoryPool* pool);

// values[rows[i]] for each i. Any type of formats/arrow_types.h. `may_miss`: kNoRow may be among `rows`, and gives
// null.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> gather(const arrow::Array& values,
                                                           const std::vector<std::uint32_t>& rows,
                                                           arrow::MemoryPool* pool, bool may_miss = true);

// A bitmap of `rows` bits, bit(i) for each, written a word at a time. Returns how many are set. `to` has room for whole
// bytes.
template <typename Bit>
std::int64_t write_bits(std::int64_t rows, std::uint8_t* to, const Bit& bit) {
  std::int64_t set = 0;
  for (std::int64_t begin = 0; begin < rows; begin += 8) {
    const std::int64_t end = begin + 8 < rows ? begin + 8 : rows;
    unsigned byte = 0;
    for (std::int64_t i = begin; i < end; ++i) byte |= (bit(i) ? 1U : 0U) << (i - begin);
    to[begin / 8] = static_cast<std::uint8_t>(byte);
    set += __builtin_popcount(byte);
  }
  return set;
}

// A utf8 array, read.
struct TextView {
  explicit TextView(const arrow::Array& array)
      : offsets(static_cast<const arrow::StringArray&>(array).raw_value_offsets()),
        data(reinterpret_cast<const char*>(static_cast<const arrow::StringArray&>(array).raw_data())),
        values(array) {}
  [[nodiscard]] std::string_view operator[](std::int64_t row) const {
    return {data + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  [[nodiscard]] bool is_null(std::int64_t row) const { return values.IsNull(row); }
  [[nodiscard]] std::int64_t size() const { return values.length(); }
  [[nodiscard]] std::int64_t bytes() const { return offsets[values.length()] - offsets[0]; }

  const std::int32_t* offsets;
  const char* data;
  const arrow::Array& values;
};

// A utf8 array, built row by row. Memory grows by doubling; what fails then is said by finish().
class TextBuilder {
 public:
  [[nodiscard]] static Result<TextBuilder> make(std::int64_t rows, std::int64_t bytes_expected,
                                                arrow::MemoryPool* pool);
  // Room for `bytes` more, to be written before the next call; nullptr: out of memory or too much.
  [[nodiscard]] char* room(std::size_t bytes) {
    if (used_ + bytes <= capacity_) [[likely]]
      return data_ + used_;
    return grow(bytes);
  }
  // Ends a row whose `bytes` bytes stand in room().
  void commit(std::size_t bytes) {
    used_ += bytes;
    offsets_[++row_] = static_cast<std::int32_t>(used_);
  }
  void append(std::string_view text) {
    char* to = room(text.size());
    if (to == nullptr) return commit(0);
    std::memcpy(to, text.data(), text.size());
    commit(text.size());
  }
  void append_null();
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> finish();

 private:
  TextBuilder(std::int64_t rows, arrow::MemoryPool* pool) : rows_(rows), pool_(pool) {}
  char* grow(std::size_t bytes);

  std::int64_t rows_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::Buffer> offset_buffer_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  std::shared_ptr<arrow::Buffer> validity_;
  std::int32_t* offsets_ = nullptr;
  char* data_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
  std::int64_t row_ = 0;
  std::int64_t nulls_ = 0;
  Status status_;
};

// The validity of an array as an own bitmap from bit 0 (nullptr: no nulls), for a new array over the same rows.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> copy_validity(const arrow::Array& array, arrow::MemoryPool* pool);

}  // namespace tipple
