#include "formats/parquet_part_sample.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

namespace tipple {
namespace {

constexpr std::uint64_t kSampleRows = 4096;
// Of the sampled values, those that differ: above it a dictionary is not worth its hash table. 8,192 values, evenly
// spread, come to 0.79.
constexpr double kDistinctShareMax = 0.8;

// Hash of the value of a row that is not null.
std::uint64_t hash_at(const arrow::Array& array, std::int64_t row) {
  if (array.type_id() == arrow::Type::STRING) {
    const auto text = static_cast<const arrow::StringArray&>(array).GetView(row);
    return XXH3_64bits(text.data(), text.size());
  }
  const auto width = static_cast<std::size_t>(array.type()->byte_width());
  return XXH3_64bits(array.data()->buffers[1]->data() + (array.offset() + row) * static_cast<std::int64_t>(width),
                     width);
}

}  // namespace

bool wants_dictionary(const RowGroup& group, std::uint32_t column, const DataType& type) {
  if (type.kind == TypeKind::kBool) return false;
  if (type.kind == TypeKind::kEnum) return true;
  const std::uint64_t samples = std::min<std::uint64_t>(kSampleRows, group.rows);
  std::vector<std::uint64_t> hashes;
  std::uint64_t slice = 0;
  std::uint64_t begin = 0;  // of the slice, in the group
  for (std::uint64_t i = 0; i < samples; ++i) {
    const std::uint64_t row = i * group.rows / samples;
    while (row >= begin + static_cast<std::uint64_t>(group.slices[slice]->num_rows())) {
      begin += static_cast<std::uint64_t>(group.slices[slice++]->num_rows());
    }
    const arrow::Array& array = *group.slices[slice]->column(static_cast<int>(column));
    const auto at = static_cast<std::int64_t>(row - begin);
    if (array.IsValid(at)) hashes.push_back(hash_at(array, at));
  }
  std::sort(hashes.begin(), hashes.end());
  const auto distinct = static_cast<double>(std::unique(hashes.begin(), hashes.end()) - hashes.begin());
  return distinct <= kDistinctShareMax * static_cast<double>(hashes.size());
}

}  // namespace tipple
