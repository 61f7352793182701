// sample: a share of the rows, chosen by a hash and so the same ones at any size of the cluster.
#include <cmath>
#include <limits>

#include <xxhash.h>

#include "jobs/table_schema.h"
#include "transforms/lookup_index.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

constexpr std::uint64_t kNullHash = 0xA24BAED4963EE407;

class SampleRowsStep : public TableStep {
 public:
  SampleRowsStep(const SampleStep& step, const StepPlace& at) : seed_(step.seed), all_(step.fraction >= 1.0) {
    if (!all_) limit_ = static_cast<std::uint64_t>(std::ldexp(step.fraction, 64));
    for (const std::string& name : step.by) {
      positions_.push_back(find_column(at.input, name));
      types_.push_back(at.input[static_cast<std::size_t>(positions_.back())].type);
    }
  }

  Status run(StepBatch& batch, const std::vector<std::uint64_t>& row_keys, arrow::MemoryPool* pool) const override {
    if (all_) return {};
    std::vector<KeyColumn> keys;
    for (std::size_t i = 0; i < positions_.size(); ++i) keys.emplace_back(*batch.column(positions_[i]), types_[i]);
    std::vector<std::uint32_t> kept;
    for (std::int64_t row = 0; row < batch.size(); ++row) {
      const std::uint64_t hash = keys.empty() ? hash_number(row_keys[batch.origin(row)], seed_) : hash_of(keys, row);
      if (hash < limit_) kept.push_back(static_cast<std::uint32_t>(row));
    }
    return batch.filter(kept, pool);
  }

 private:
  static std::uint64_t hash_number(std::uint64_t number, std::uint64_t seed) {
    return XXH3_64bits_withSeed(&number, sizeof(number), seed);
  }

  std::uint64_t hash_of(const std::vector<KeyColumn>& keys, std::int64_t row) const {
    std::uint64_t hash = seed_;
    for (const KeyColumn& key : keys) {
      std::uint64_t number = kNullHash;
      if (key.is_null(row)) {
        hash = hash_number(number, ~hash);
      } else if (key.is_number()) {
        key.read_numbers(row, 1, &number);
        hash = hash_number(number, hash);
      } else {
        const std::string_view text = key.text(row);
        hash = XXH3_64bits_withSeed(text.data(), text.size(), hash);
      }
    }
    return hash;
  }

  std::uint64_t seed_;
  bool all_;
  std::uint64_t limit_ = 0;
  std::vector<int> positions_;
  std::vector<DataType> types_;
};

}  // namespace

MadeStep make_step(const SampleStep& step, const StepPlace& at) {
  return std::unique_ptr<TableStep>(std::make_unique<SampleRowsStep>(step, at));
}

}  // namespace tipple
