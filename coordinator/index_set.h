// IndexSet: a set of small numbers that answers "the smallest one" and "the next one from i" in a few instructions.
//
// A tree of 64-bit words: bit i of level n says whether word i of level n-1 is not empty. The scheduler iterates in
// number order whatever the history of insertions, so its decisions are functions of its state alone. Thread rule: one
// owner. Never allocates after construction.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tipple {

class IndexSet {
 public:
  static constexpr std::size_t kNone = SIZE_MAX;

  explicit IndexSet(std::size_t capacity = 0) {
    std::size_t words = capacity;
    do {
      words = (words + 63) / 64;
      if (words == 0) words = 1;
      levels_.emplace_back(words, 0);
    } while (words > 1);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool contains(std::size_t index) const { return (levels_[0][index / 64] >> (index % 64) & 1) != 0; }

  void insert(std::size_t index) {
    if (contains(index)) return;
    ++size_;
    for (auto& level : levels_) {
      const bool was_empty = level[index / 64] == 0;
      level[index / 64] |= std::uint64_t{1} << (index % 64);
      if (!was_empty) return;
      index /= 64;
    }
  }

  void erase(std::size_t index) {
    if (!contains(index)) return;
    --size_;
    for (auto& level : levels_) {
      level[index / 64] &= ~(std::uint64_t{1} << (index % 64));
      if (level[index / 64] != 0) return;
      index /= 64;
    }
  }

  // The smallest member that is at least `from`, or kNone.
  [[nodiscard]] std::size_t next(std::size_t from = 0) const {
    for (std::size_t depth = 0; depth < levels_.size(); ++depth) {
      const auto& level = levels_[depth];
      if (from / 64 >= level.size()) return kNone;
      const std::uint64_t rest = level[from / 64] >> (from % 64);
      if (rest != 0) return descend(depth, from + static_cast<std::size_t>(std::countr_zero(rest)));
      from = from / 64 + 1;
    }
    return kNone;
  }

 private:
  [[nodiscard]] std::size_t descend(std::size_t depth, std::size_t index) const {
    while (depth > 0) {
      --depth;
      index = index * 64 + static_cast<std::size_t>(std::countr_zero(levels_[depth][index]));
    }
    return index;
  }

  std::vector<std::vector<std::uint64_t>> levels_;
  std::size_t size_ = 0;
};

}  // namespace tipple
