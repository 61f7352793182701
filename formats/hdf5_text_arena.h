// Hdf5TextArena: texts of variable length, one behind the other, for as long as rows are read. HDF5 asks for each; past
// the limit it is told that there is no memory.
//
// Owner: who reads. Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/limits.h"

namespace tipple {

class Hdf5TextArena {
 public:
  static constexpr std::uint64_t kBytesMax = limits::kGiB;

  explicit Hdf5TextArena(std::uint64_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // For H5Pset_vlen_mem_manager: `arena` is a pointer to one.
  static void* allocate(std::size_t bytes, void* arena) { return static_cast<Hdf5TextArena*>(arena)->take(bytes); }
  static void release(void*, void*) {}

  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  static constexpr std::size_t kBlockBytes = limits::kMiB;

  void* take(std::size_t bytes) {
    if (bytes > left_) {
      const std::size_t block = std::max(bytes, kBlockBytes);
      if (block > bytes_max_ - std::min(taken_, bytes_max_)) {
        full_ = true;
        return nullptr;
      }
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
      next_ = blocks_.back().get();
      left_ = block;
      taken_ += block;
    }
    void* const out = next_;
    next_ += bytes;
    left_ -= bytes;
    return out;
  }

  std::uint64_t bytes_max_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::uint64_t taken_ = 0;
  bool full_ = false;
};

}  // namespace tipple
