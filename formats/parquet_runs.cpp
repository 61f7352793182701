#include "formats/parquet_runs.h"

#include <bit>
#include <cstring>

namespace tipple {
namespace {

constexpr std::size_t kGroup = 8;  // values of a bit-packed group
// A repeated value becomes a run of its own where packing it would take so many bits; shorter ones stay in their
// stretch, since each run has a head and ends a stretch.
constexpr std::size_t kRunBitsMin = 64;
constexpr std::size_t kHeadBytesMax = 10;

std::uint8_t* put_repeated(std::size_t count, std::uint32_t value, unsigned bits, std::uint8_t* out) {
  out = put_varint(static_cast<std::uint64_t>(count) << 1, out);
  for (unsigned i = 0; i < (bits + 7) / 8; ++i) *out++ = static_cast<std::uint8_t>(value >> (8 * i));
  return out;
}

// The last group is filled up with zeros. May write 7 bytes behind its end.
std::uint8_t* put_packed(const std::uint32_t* codes, std::size_t count, unsigned bits, std::uint8_t* out) {
  if (count == 0) return out;
  const std::size_t groups = (count + kGroup - 1) / kGroup;
  out = put_varint(static_cast<std::uint64_t>(groups) << 1 | 1, out);
  std::uint64_t word = 0;  // its lowest `filled` bits, fewer than 8, are not written yet
  unsigned filled = 0;
  const auto put = [&](std::uint64_t code) {
    word |= code << filled;
    filled += bits;
    std::memcpy(out, &word, sizeof(word));
    out += filled / 8;
    word >>= filled & ~7U;
    filled &= 7U;
  };
  for (std::size_t i = 0; i < count; ++i) put(codes[i]);
  for (std::size_t i = count; i < groups * kGroup; ++i) put(0);
  return out;
}

// How many codes from `at` on are like the one there.
std::size_t repeated_from(std::span<const std::uint32_t> codes, std::size_t at) {
  std::size_t end = at + 1;
  while (end < codes.size() && codes[end] == codes[at]) ++end;
  return end - at;
}

bool is_one_value(const std::uint32_t* group) {
  std::uint32_t different = 0;
  for (std::size_t i = 1; i < kGroup; ++i) different |= group[i] ^ group[0];
  return different == 0;
}

}  // namespace

std::uint8_t* put_varint(std::uint64_t value, std::uint8_t* out) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<std::uint8_t>(value | 0x80);
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

unsigned code_bits(std::size_t entries) {
  return entries <= 2 ? 1U : static_cast<unsigned>(std::bit_width(entries - 1));
}

std::size_t runs_bytes_max(std::size_t count, unsigned bits) {
  // At worst every group begins a run and a stretch.
  return (count / kGroup + 1) * (bits + 2 * kHeadBytesMax + sizeof(std::uint32_t)) + sizeof(std::uint64_t);
}

std::uint8_t* put_runs(std::span<const std::uint32_t> codes, unsigned bits, std::uint8_t* out) {
  std::size_t packed_from = 0;  // whole groups up to `at`
  std::size_t at = 0;
  while (at + kGroup <= codes.size()) {
    if (is_one_value(codes.data() + at)) {
      const std::size_t count = repeated_from(codes, at);
      if (count * bits >= kRunBitsMin) {
        out = put_packed(codes.data() + packed_from, at - packed_from, bits, out);
        out = put_repeated(count, codes[at], bits, out);
        packed_from = at += count;
        continue;
      }
    }
    at += kGroup;
  }
  return put_packed(codes.data() + packed_from, codes.size() - packed_from, bits, out);
}

std::uint8_t* put_level_run(std::size_t count, std::uint8_t value, std::uint8_t* out) {
  return put_repeated(count, value, 1, out);
}

std::uint8_t* put_level_bits(const std::uint8_t* bitmap, std::size_t count, std::uint8_t* out) {
  const std::size_t bytes = (count + 7) / 8;
  out = put_varint(static_cast<std::uint64_t>(bytes) << 1 | 1, out);
  std::memcpy(out, bitmap, bytes);
  return out + bytes;
}

}  // namespace tipple
