// The lowest and the highest of numbers, as a loop that vectorises.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <limits>

namespace tipple {

// lowest > highest: no value was seen. NaN compares false with everything, so it never gets in.
template <typename T>
struct Range {
  T lowest = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  T highest =
      std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
  bool seen = false;  // of integers, whose identities are also values
};

// 64 bytes of independent minima, so that the loop vectorises without reordering floating-point operations.
template <typename T>
struct RangeKernel {
  struct Args {
    const T* values;
    std::size_t count;
    Range<T>& range;
  };
  [[gnu::always_inline]] static inline void run(const Args& args) {
    constexpr std::size_t kLanes = 64 / sizeof(T);
    std::array<T, kLanes> low;
    std::array<T, kLanes> high;
    low.fill(args.range.lowest);
    high.fill(args.range.highest);
    const T* __restrict values = args.values;
    const std::size_t count = args.count;
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      for (std::size_t j = 0; j < kLanes; ++j) low[j] = values[i + j] < low[j] ? values[i + j] : low[j];
      for (std::size_t j = 0; j < kLanes; ++j) high[j] = values[i + j] > high[j] ? values[i + j] : high[j];
    }
    for (; i < count; ++i) {
      low[0] = values[i] < low[0] ? values[i] : low[0];
      high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    for (std::size_t j = 0; j < kLanes; ++j) {
      if (low[j] < args.range.lowest) args.range.lowest = low[j];
      if (high[j] > args.range.highest) args.range.highest = high[j];
    }
    args.range.seen = args.range.seen || args.count > 0;
  }
};

template <typename T>
void merge_range(Range<T>& range, const Range<T>& other) {
  if (other.lowest < range.lowest) range.lowest = other.lowest;
  if (other.highest > range.highest) range.highest = other.highest;
  range.seen = range.seen || other.seen;
}

}  // namespace tipple
