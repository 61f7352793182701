#include "partitioner/stream_cutter.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;

TEST(StreamCutter, WithoutLimitsItNeverCuts) {
  StreamCutter cutter({});
  EXPECT_FALSE(cutter.cut(1 << 30, 1'000'000));
  cutter.take(1 << 30, 1'000'000, TimePoint(1s));
  EXPECT_FALSE(cutter.cut(1 << 30, 1'000'000));
  EXPECT_FALSE(cutter.deadline());
}

TEST(StreamCutter, CutsWithTheRecordThatFillsTheStretch) {
  StreamCutter cutter({100, std::nullopt, std::nullopt});
  EXPECT_FALSE(cutter.cut(99, 3));
  const auto at_once = cutter.cut(100, 3);
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->byte, 100U);
  EXPECT_FALSE(at_once->record);
  cutter.take(60, 2, TimePoint(0s));
  const auto later = cutter.cut(60, 2);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->byte, 40U);
}

TEST(StreamCutter, CountsRecords) {
  StreamCutter cutter({std::nullopt, 10, std::nullopt});
  cutter.take(70, 7, TimePoint(0s));
  EXPECT_FALSE(cutter.cut(20, 2));
  const auto cut = cutter.cut(50, 5);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->record, 3U);
  EXPECT_FALSE(cut->byte);
}

TEST(StreamCutter, ItsAgeBeginsWithTheFirstRecord) {
  StreamCutter cutter({std::nullopt, std::nullopt, 30s});
  EXPECT_FALSE(cutter.deadline());
  cutter.take(10, 1, TimePoint(100s));
  cutter.take(10, 1, TimePoint(120s));
  EXPECT_EQ(cutter.deadline(), TimePoint(130s));
  cutter.seal();
  EXPECT_TRUE(cutter.empty());
  EXPECT_FALSE(cutter.deadline());
}

// Where a stream is cut by bytes and records does not depend on the pieces in which it is offered.
TEST(StreamCutter, CutsDoNotDependOnPieces) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> sizes(2000);
  for (auto& size : sizes) size = 1 + random() % 50;
  const auto cuts_with = [&](std::size_t records_at_a_time) {
    StreamCutter cutter({700, 23, std::nullopt});
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < sizes.size();) {
      const std::size_t end = std::min(sizes.size(), at + records_at_a_time);
      std::uint64_t bytes = 0;
      for (std::size_t i = at; i < end; ++i) bytes += sizes[i];
      const auto cut = cutter.cut(bytes, end - at);
      if (!cut) {
        cutter.take(bytes, end - at, TimePoint{});
        at = end;
        continue;
      }
      std::uint64_t taken = 0, records = 0;
      do {
        taken += sizes[at + records++];
      } while (!((cut->byte && taken >= *cut->byte) || (cut->record && records >= *cut->record)));
      cutter.take(taken, records, TimePoint{});
      at += records;
      cutter.seal();
      cuts.push_back(at);
    }
    return cuts;
  };
  const auto expected = cuts_with(1);
  EXPECT_GT(expected.size(), 50U);
  for (const std::size_t pieces : {2, 3, 7, 100, 2000}) EXPECT_EQ(cuts_with(pieces), expected) << pieces;
}

}  // namespace
}  // namespace tipple
