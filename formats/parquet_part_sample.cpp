#include "formats/parquet_part_sample.h"

#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "formats/parquet_part_types.h"
#include "formats/text_words.h"

namespace tipple {
namespace {

constexpr std::size_t kSampleRows = 2048;
// Of the sampled values, those that differ: above it a dictionary will not pay. 20,000 values, evenly spread, come to
// 0.95; 40,000 to 0.975, which still pays where a value takes 8 bytes or more.
constexpr double kDistinctShareMax = 0.975;
constexpr double kDistinctShareMaxNarrow = 0.95;

// Hashes that differ. Open addressing, at most half full.
class HashSet {
 public:
  void add(std::uint64_t hash) {
    const auto wanted = static_cast<std::uint32_t>(hash >> 32) | 1U;  // 0 is an empty slot
    std::size_t at = hash % slots_.size();
    while (slots_[at] != 0 && slots_[at] != wanted) at = (at + 1) % slots_.size();
    if (slots_[at] == 0) ++size_;
    slots_[at] = wanted;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<std::uint32_t, 2 * kSampleRows> slots_{};
  std::size_t size_ = 0;
};

// Hash of the value of a row that is not null.
std::uint64_t hash_at(const arrow::ArrayData& data, std::size_t width, std::size_t row) {
  if (width == 0) {
    const TextRows text(data, row);
    return XXH3_64bits(text.bytes + text.offsets[0], text.size(0));
  }
  const std::uint8_t* const value = data.buffers[1]->data() + (static_cast<std::size_t>(data.offset) + row) * width;
  if (width > sizeof(std::uint64_t)) return XXH3_64bits(value, width);
  std::uint64_t word = 0;
  std::memcpy(&word, value, width);
  word = (word ^ word >> 32) * 0x9E3779B97F4A7C15U;
  return word ^ word >> 29;
}

// Values of at most 4 bytes in the file. `width`: in memory, 0 of texts.
bool is_narrow(std::size_t width, const DataType& type) {
  if (type.kind == TypeKind::kDecimal) return type.precision <= kParquetInt32Precision;
  return width > 0 && width <= 4;
}

}  // namespace

bool wants_dictionary(const ParquetColumnRows& rows, const DataType& type) {
  if (type.kind == TypeKind::kBool) return false;
  if (type.kind == TypeKind::kEnum) return true;
  const std::size_t samples = std::min(kSampleRows, rows.rows());
  const bool text = rows.type().id() == arrow::Type::STRING;
  const std::size_t width = text ? 0 : static_cast<std::size_t>(rows.type().byte_width());  // of a value in memory
  HashSet hashes;
  std::size_t sample = 0;
  std::size_t values = 0;
  std::size_t begin = 0;
  rows.for_each_piece(0, rows.rows(), [&](const arrow::ArrayData& data, std::size_t from, std::size_t count) {
    const std::uint8_t* const valid = validity_bits(data);
    for (; sample < samples && sample * rows.rows() / samples < begin + count; ++sample) {
      const std::size_t row = from + sample * rows.rows() / samples - begin;
      if (valid != nullptr && !arrow::bit_util::GetBit(valid, data.offset + static_cast<std::int64_t>(row))) continue;
      hashes.add(hash_at(data, width, row));
      ++values;
    }
    begin += count;
  });
  const double share_max = is_narrow(width, type) ? kDistinctShareMaxNarrow : kDistinctShareMax;
  return static_cast<double>(hashes.size()) <= share_max * static_cast<double>(values);
}

}  // namespace tipple
