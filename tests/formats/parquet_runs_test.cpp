#include "formats/parquet_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/base/test_seed.h"

namespace tipple {
namespace {

// Reads runs as the format's document says, bit by bit.
std::vector<std::uint32_t> read_runs(const std::vector<std::uint8_t>& bytes, unsigned bits, std::size_t count) {
  std::vector<std::uint32_t> codes;
  std::size_t at = 0;
  while (codes.size() < count) {
    std::uint64_t head = 0;
    for (unsigned shift = 0;; shift += 7) {
      head |= static_cast<std::uint64_t>(bytes.at(at) & 0x7F) << shift;
      if ((bytes.at(at++) & 0x80) == 0) break;
    }
    if ((head & 1) == 0) {
      std::uint32_t value = 0;
      for (unsigned i = 0; i < (bits + 7) / 8; ++i) value |= static_cast<std::uint32_t>(bytes.at(at++)) << (8 * i);
      codes.insert(codes.end(), head >> 1, value);
      continue;
    }
    for (std::size_t i = 0; i < (head >> 1) * 8; ++i) {
      std::uint32_t value = 0;
      for (unsigned j = 0; j < bits; ++j) {
        const std::size_t bit = i * bits + j;
        value |= static_cast<std::uint32_t>(bytes.at(at + bit / 8) >> (bit % 8) & 1U) << j;
      }
      if (codes.size() < count) codes.push_back(value);
    }
    at += (head >> 1) * bits;
  }
  EXPECT_EQ(at, bytes.size()) << "bytes behind the last run";
  return codes;
}

std::vector<std::uint8_t> runs_of(const std::vector<std::uint32_t>& codes, unsigned bits) {
  std::vector<std::uint8_t> bytes(runs_bytes_max(codes.size(), bits), 0xAA);
  bytes.resize(static_cast<std::size_t>(put_runs(codes, bits, bytes.data()) - bytes.data()));
  return bytes;
}

TEST(ParquetRuns, EveryWidthAndMixtureOfRunsComesBack) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (unsigned bits = 1; bits <= 32; ++bits) {
    for (const std::size_t count : {0, 1, 7, 8, 9, 63, 64, 65, 1000, 20'000}) {
      const std::size_t run_max = 1 + random() % 200;
      std::vector<std::uint32_t> codes;
      while (codes.size() < count) {
        const auto value = static_cast<std::uint32_t>(random() >> 32) >> (32 - bits);
        codes.insert(codes.end(), std::min<std::size_t>(1 + random() % run_max, count - codes.size()), value);
      }
      EXPECT_EQ(read_runs(runs_of(codes, bits), bits, count), codes) << bits << " bits, " << count << " codes";
    }
  }
}

TEST(ParquetRuns, OneValueIsOneRun) {
  EXPECT_EQ(runs_of(std::vector<std::uint32_t>(20'000, 5), 3).size(), 4U);  // head of 3 bytes, value of one
}

TEST(ParquetRuns, RunsAtEveryGroupStayInTheirRoom) {
  // The shape that takes most room: a run, one packed group, a run.
  for (const unsigned bits : {1U, 8U, 17U, 32U}) {
    std::vector<std::uint32_t> codes;
    while (codes.size() < 8000) {
      codes.insert(codes.end(), 64 / bits + 8, 1);
      for (std::uint32_t i = 0; i < 8; ++i) codes.push_back(i & 1U);
    }
    EXPECT_LE(runs_of(codes, bits).size() + 7, runs_bytes_max(codes.size(), bits));
    EXPECT_EQ(read_runs(runs_of(codes, bits), bits, codes.size()), codes);
  }
}

TEST(ParquetRuns, CodesHaveTheBitsOfTheLastEntry) {
  EXPECT_EQ(code_bits(0), 1U);
  EXPECT_EQ(code_bits(2), 1U);
  EXPECT_EQ(code_bits(3), 2U);
  EXPECT_EQ(code_bits(256), 8U);
  EXPECT_EQ(code_bits(257), 9U);
}

TEST(ParquetRuns, LevelsAreTheBitmap) {
  const std::vector<std::uint8_t> bitmap{0b1011'0101, 0b0000'0110};
  std::vector<std::uint8_t> bytes(16);
  bytes.resize(static_cast<std::size_t>(put_level_bits(bitmap.data(), 11, bytes.data()) - bytes.data()));
  EXPECT_EQ(read_runs(bytes, 1, 11), (std::vector<std::uint32_t>{1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1}));
  bytes.assign(16, 0);
  bytes.resize(static_cast<std::size_t>(put_level_run(300, 1, bytes.data()) - bytes.data()));
  EXPECT_EQ(read_runs(bytes, 1, 300), std::vector<std::uint32_t>(300, 1));
}

}  // namespace
}  // namespace tipple
