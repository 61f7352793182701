// Going over the nulls of an Arrow validity bitmap: 64 rows at a time where there are none, which is most of the time.
//
// Pure; any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tipple {

// Calls visit(i) for each i in [0, count) whose bit `offset + i` is 0, ascending. Reads no byte beyond the last bit's.
template <typename Visit>
void for_each_null(const std::uint8_t* bits, std::size_t offset, std::size_t count, Visit visit) {
  std::size_t i = 0;
  while (i < count) {
    const std::size_t bit = offset + i;
    const std::size_t shift = bit % 8;
    const std::size_t rows = std::min<std::size_t>(64 - shift, count - i);
    std::uint64_t word = 0;
    std::memcpy(&word, bits + bit / 8, (shift + rows + 7) / 8);
    std::uint64_t nulls = ~(word >> shift);
    if (rows < 64) nulls &= (std::uint64_t{1} << rows) - 1;
    for (; nulls != 0; nulls &= nulls - 1) visit(i + static_cast<std::size_t>(std::countr_zero(nulls)));
    i += rows;
  }
}

// Bits [offset, offset + count) to the front of `out`, which has room for whole words of 64. True if one of them is 0.
[[nodiscard]] inline bool copy_bits(const std::uint8_t* bits, std::size_t offset, std::size_t count,
                                    std::uint8_t* out) {
  bool zeros = false;
  const std::size_t shift = offset % 8;
  const std::uint8_t* from = bits + offset / 8;
  for (std::size_t i = 0; i < count; i += 64) {
    const std::size_t rows = std::min<std::size_t>(64, count - i);
    const std::size_t bytes = (shift + rows + 7) / 8;  // 9 where 64 bits begin inside a byte
    std::uint64_t word = 0;
    std::memcpy(&word, from + i / 8, std::min<std::size_t>(bytes, 8));
    word >>= shift;
    if (bytes > 8) word |= static_cast<std::uint64_t>(from[i / 8 + 8]) << (64 - shift);
    std::memcpy(out + i / 8, &word, 8);
    zeros = zeros || (~word << (64 - rows)) != 0;
  }
  return zeros;
}

// out[i] = bit `offset + i` as 0 or 1.
inline void expand_bits(const std::uint8_t* bits, std::size_t offset, std::size_t count, std::uint8_t* out) {
  std::size_t i = 0;
  for (; i < count && (offset + i) % 8 != 0; ++i) out[i] = bits[(offset + i) / 8] >> ((offset + i) % 8) & 1U;
  for (; i + 8 <= count; i += 8) {
    // Bit k of the byte alone in byte k, then 0x80 where it was set.
    const std::uint64_t spread = bits[(offset + i) / 8] * 0x0101010101010101U & 0x8040201008040201U;
    const std::uint64_t bytes = (spread + 0x7F7F7F7F7F7F7F7FU) >> 7 & 0x0101010101010101U;
    std::memcpy(out + i, &bytes, 8);
  }
  for (; i < count; ++i) out[i] = bits[(offset + i) / 8] >> ((offset + i) % 8) & 1U;
}

}  // namespace tipple
