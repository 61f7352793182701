#include "formats/parquet_part_sample.h"

#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "formats/parquet_part_types.h"
#include "formats/text_words.h"

namespace tipple {
namespace {

constexpr std::size_t kSampleRows = 4096;
// Of the sampled values, those that differ: above it a dictionary will not pay. 20,000 values, evenly spread, come to
// 0.90; 40,000 to 0.95, which still pays where a value takes 8 bytes or more.
constexpr double kDistinctShareMax = 0.95;
constexpr double kDistinctShareMaxNarrow = 0.9;

// Hashes that differ. Open addressing, at most half full.
class HashSet {
 public:
  void add(std::uint64_t hash) {
    const std::uint64_t wanted = hash == 0 ? 1 : hash;  // 0 is an empty slot
    std::size_t at = wanted % slots_.size();
    while (slots_[at] != 0 && slots_[at] != wanted) at = (at + 1) % slots_.size();
    if (slots_[at] == 0) ++size_;
    slots_[at] = wanted;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<std::uint64_t, 2 * kSampleRows> slots_{};
  std::size_t size_ = 0;
};

// Hash of the value of a row that is not null.
std::uint64_t hash_at(const arrow::ArrayData& data, std::size_t row) {
  if (data.type->id() == arrow::Type::STRING) {
    const TextRows text(data, row);
    return XXH3_64bits(text.bytes + text.offsets[0], text.size(0));
  }
  const auto width = static_cast<std::size_t>(data.type->byte_width());
  return XXH3_64bits(data.buffers[1]->data() + (static_cast<std::size_t>(data.offset) + row) * width, width);
}

// Values of at most 4 bytes in the file.
bool is_narrow(const arrow::DataType& stored, const DataType& type) {
  if (type.kind == TypeKind::kDecimal) return type.precision <= kParquetInt32Precision;
  return stored.id() != arrow::Type::STRING && stored.byte_width() <= 4;
}

}  // namespace

bool wants_dictionary(const ParquetColumnRows& rows, const DataType& type) {
  if (type.kind == TypeKind::kBool) return false;
  if (type.kind == TypeKind::kEnum) return true;
  const std::size_t samples = std::min(kSampleRows, rows.rows());
  HashSet hashes;
  std::size_t sample = 0;
  std::size_t values = 0;
  std::size_t begin = 0;
  double share_max = kDistinctShareMax;
  rows.for_each_piece(0, rows.rows(), [&](const arrow::ArrayData& data, std::size_t from, std::size_t count) {
    if (begin == 0 && is_narrow(*data.type, type)) share_max = kDistinctShareMaxNarrow;
    const std::uint8_t* const valid = validity_bits(data);
    for (; sample < samples && sample * rows.rows() / samples < begin + count; ++sample) {
      const std::size_t row = from + sample * rows.rows() / samples - begin;
      if (valid != nullptr && !arrow::bit_util::GetBit(valid, data.offset + static_cast<std::int64_t>(row))) continue;
      hashes.add(hash_at(data, row));
      ++values;
    }
    begin += count;
  });
  return static_cast<double>(hashes.size()) <= share_max * static_cast<double>(values);
}

}  // namespace tipple
