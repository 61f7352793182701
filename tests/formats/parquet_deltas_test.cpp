#include "formats/parquet_deltas.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "tests/base/test_seed.h"

namespace tipple {
namespace {

struct BitReader {
  const std::vector<std::uint8_t>& bytes;
  std::size_t at = 0;

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = bytes.at(at++);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  std::uint64_t zigzag() {
    const std::uint64_t value = varint();
    return value >> 1 ^ (~(value & 1) + 1);
  }
  // The `i`-th value of a miniblock that begins at `at`.
  [[nodiscard]] std::uint64_t packed(std::size_t i, unsigned bits) const {
    std::uint64_t value = 0;
    for (unsigned j = 0; j < bits; ++j) {
      const std::size_t bit = i * bits + j;
      value |= static_cast<std::uint64_t>(bytes.at(at + bit / 8) >> (bit % 8) & 1U) << j;
    }
    return value;
  }
};

// Reads the encoding as the format's document says.
template <typename Value>
std::vector<Value> read_deltas(const std::vector<std::uint8_t>& bytes) {
  BitReader in{bytes};
  const std::uint64_t block = in.varint();
  const std::uint64_t miniblocks = in.varint();
  const std::uint64_t count = in.varint();
  auto last = static_cast<std::make_unsigned_t<Value>>(in.zigzag());
  std::vector<Value> values;
  if (count > 0) values.push_back(static_cast<Value>(last));
  while (values.size() < count) {
    const std::uint64_t lowest = in.zigzag();
    const std::size_t widths = in.at;
    in.at += miniblocks;
    for (std::uint64_t k = 0; k < miniblocks && values.size() < count; ++k) {
      const unsigned bits = bytes.at(widths + k);
      EXPECT_LE(bits, 8 * sizeof(Value));
      for (std::size_t i = 0; i < block / miniblocks && values.size() < count; ++i) {
        last = static_cast<std::make_unsigned_t<Value>>(last + lowest + in.packed(i, bits));
        values.push_back(static_cast<Value>(last));
      }
      in.at += block / miniblocks * bits / 8;
    }
  }
  EXPECT_EQ(in.at, bytes.size()) << "bytes behind the last block";
  return values;
}

template <typename Value>
std::vector<std::uint8_t> deltas_of(const std::vector<Value>& values) {
  std::vector<std::uint8_t> bytes(deltas_bytes_max(values.size(), sizeof(Value)), 0xAA);
  const auto size = static_cast<std::size_t>(put_deltas(std::span<const Value>(values), bytes.data()) - bytes.data());
  EXPECT_LE(size, bytes.size());
  bytes.resize(size);
  return bytes;
}

template <typename Value>
class ParquetDeltas : public testing::Test {};
using Widths = testing::Types<std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(ParquetDeltas, Widths);

TYPED_TEST(ParquetDeltas, EveryWidthComesBack) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (unsigned bits = 0; bits <= 8 * sizeof(TypeParam); ++bits) {
    for (const std::size_t count : {0, 1, 2, 32, 33, 128, 129, 130, 1000}) {
      std::vector<TypeParam> values(count);
      for (TypeParam& value : values) value = static_cast<TypeParam>(bits == 0 ? 7 : random() >> (64 - bits));
      EXPECT_EQ(read_deltas<TypeParam>(deltas_of(values)), values) << bits << " bits, " << count << " values";
    }
  }
}

TYPED_TEST(ParquetDeltas, DifferencesWrapAround) {
  using Limits = std::numeric_limits<TypeParam>;
  const std::vector<TypeParam> values{Limits::max(), Limits::lowest(), 0, Limits::lowest(), -1, Limits::max(), 1};
  EXPECT_EQ(read_deltas<TypeParam>(deltas_of(values)), values);
}

TYPED_TEST(ParquetDeltas, KeysInSequenceTakeNextToNothing) {
  std::vector<TypeParam> keys;
  for (TypeParam i = 0; i < 20'000; ++i) keys.push_back(1'000'000 + i);
  EXPECT_LT(deltas_of(keys).size(), keys.size() / 20);
}

}  // namespace
}  // namespace tipple
