// Scratch memory that keeps its size between uses and is never cleared: what a thread gathers, shuffles and compresses
// in.
//
// Not thread-safe: one owner (usually a thread_local).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tipple {

class CodecScratch {
 public:
  // More than this is given back by trim(), so that one wide column does not stay in memory for the rest of the load.
  static constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;

  // At least `bytes` bytes of any value; what an earlier call returned is gone.
  [[nodiscard]] std::uint8_t* need(std::size_t bytes) {
    if (bytes > capacity_) {
      bytes_.reset();
      bytes_.reset(new std::uint8_t[bytes]);
      capacity_ = bytes;
    }
    return bytes_.get();
  }
  void trim() {
    if (capacity_ <= kKeptBytesMax) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace tipple
