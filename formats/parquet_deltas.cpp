#include "formats/parquet_deltas.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "formats/parquet_runs.h"

namespace tipple {
namespace {

constexpr std::size_t kMiniblock = 32;  // values packed with one width
constexpr std::size_t kMiniblocks = 4;  // of a block
constexpr std::size_t kBlock = kMiniblock * kMiniblocks;
constexpr std::size_t kVarintBytesMax = 10;

std::uint8_t* put_zigzag(std::int64_t value, std::uint8_t* out) {
  return put_varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63), out);
}

// 32 values of `bits` bits each, 4 * bits bytes.
template <typename Word>
std::uint8_t* put_miniblock(const Word* values, unsigned bits, std::uint8_t* out) {
  if (bits == 0) return out;
  std::uint64_t word = 0;
  unsigned filled = 0;
  for (std::size_t i = 0; i < kMiniblock; ++i) {
    const std::uint64_t value = values[i];
    word |= value << filled;
    if (filled + bits < 64) {
      filled += bits;
      continue;
    }
    std::memcpy(out, &word, sizeof(word));
    out += sizeof(word);
    word = filled == 0 ? 0 : value >> (64 - filled);
    filled = filled + bits - 64;
  }
  std::memcpy(out, &word, filled / 8);  // 0 or 32 bits
  return out + filled / 8;
}

template <typename Value>
std::uint8_t* put_all(std::span<const Value> values, std::uint8_t* out) {
  using Word = std::make_unsigned_t<Value>;
  out = put_varint(kBlock, out);
  out = put_varint(kMiniblocks, out);
  out = put_varint(values.size(), out);
  out = put_zigzag(values.empty() ? 0 : values.front(), out);
  std::array<Word, kBlock> deltas;
  for (std::size_t first = 1; first < values.size(); first += kBlock) {
    const std::size_t count = std::min(kBlock, values.size() - first);
    Value lowest = std::numeric_limits<Value>::max();
    for (std::size_t i = 0; i < count; ++i) {
      deltas[i] = static_cast<Word>(values[first + i]) - static_cast<Word>(values[first + i - 1]);
      lowest = std::min(lowest, static_cast<Value>(deltas[i]));
    }
    for (std::size_t i = 0; i < count; ++i) deltas[i] -= static_cast<Word>(lowest);
    std::fill(deltas.begin() + static_cast<std::ptrdiff_t>(count), deltas.end(), Word{0});
    out = put_zigzag(lowest, out);
    std::uint8_t* const widths = out;
    out += kMiniblocks;
    for (std::size_t k = 0; k < kMiniblocks; ++k) {
      const Word* const miniblock = deltas.data() + k * kMiniblock;
      Word any = 0;
      for (std::size_t i = 0; i < kMiniblock; ++i) any |= miniblock[i];
      widths[k] = static_cast<std::uint8_t>(std::bit_width(any));
      out = put_miniblock(miniblock, widths[k], out);
    }
  }
  return out;
}

}  // namespace

std::size_t deltas_bytes_max(std::size_t count, std::size_t value_bytes) {
  return 4 * kVarintBytesMax + (count / kBlock + 1) * (kVarintBytesMax + kMiniblocks + kBlock * value_bytes);
}

std::uint8_t* put_deltas(std::span<const std::int32_t> values, std::uint8_t* out) { return put_all(values, out); }
std::uint8_t* put_deltas(std::span<const std::int64_t> values, std::uint8_t* out) { return put_all(values, out); }

}  // namespace tipple
