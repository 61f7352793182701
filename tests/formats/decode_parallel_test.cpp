#include "formats/decode_parallel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/base/test_seed.h"
#include "tests/formats/decode_samples.h"

namespace tipple {
namespace {

using namespace samples;
using limits::kMiB;
using testing::HasSubstr;

constexpr Compression kCut[] = {Compression::kGzip, Compression::kBgzip, Compression::kBzip2, Compression::kZstd};

class ParallelDecoders : public testing::TestWithParam<Compression> {
 protected:
  // One thread's answer, which the threads' must equal: the same text and the same error.
  void expect_same(const std::string& packed, std::size_t read_bytes = 100'000,
                   std::uint64_t memory_bytes = 64 * kMiB) {
    const Outcome expected = decode(GetParam(), packed, read_bytes);
    for (const unsigned threads : {2, 3}) {
      const Outcome outcome = decode_parallel(GetParam(), packed, read_bytes, threads, memory_bytes);
      ASSERT_EQ(outcome.error, expected.error);
      ASSERT_TRUE(outcome.text == expected.text) << outcome.text.size() << " " << expected.text.size();
    }
  }

  // bzip2 is slow.
  int rounds(int count) const { return GetParam() == Compression::kBzip2 ? count / 8 : count; }

  // Members of `bytes` of text each; as bgzip writes them, if that is the format.
  std::string members(std::size_t count, std::size_t bytes) {
    std::string packed;
    for (std::size_t i = 0; i < count; ++i) packed += compress(GetParam(), lines(bytes, i));
    return packed;
  }
};

INSTANTIATE_TEST_SUITE_P(All, ParallelDecoders, testing::ValuesIn(kCut),
                         [](const auto& param) { return std::string(to_string(param.param)); });

TEST_P(ParallelDecoders, GiveWhatOneThreadGives) {
  expect_same(members(100, 50'000));
  expect_same(members(3, 2'000'000));
  expect_same(members(2000, 500));
  expect_same(members(100, 50'000), 1 << 23);
  expect_same(members(20, 50'000), 7);
}

TEST_P(ParallelDecoders, NoiseAndEmptyMembers) {
  std::string packed;
  for (int i = 0; i < 50; ++i)
    packed += compress(GetParam(), noise(10'000, static_cast<std::uint64_t>(i))) + compress(GetParam(), "");
  expect_same(packed);
}

// A member longer than a piece may be, and output longer than there is room for.
TEST_P(ParallelDecoders, LongMembersAndLittleMemory) {
  const std::uint64_t memory = 8 * kMiB;
  expect_same(members(10, 100'000) + compress(GetParam(), noise(3'000'000)) + members(10, 100'000), 100'000, memory);
  expect_same(members(10, 100'000) + compress(GetParam(), std::string(20'000'000, 'x')) + members(10, 100'000), 100'000,
              memory);
}

TEST_P(ParallelDecoders, RandomMembers) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < rounds(20); ++round) {
    std::string packed;
    while (packed.size() < 500'000) {
      const std::size_t bytes = std::size_t{1} << (random() % 18);
      packed += compress(GetParam(), random() % 4 == 0 ? noise(bytes, random()) : lines(bytes, random()));
      if (GetParam() == Compression::kZstd && random() % 8 == 0) packed += skippable(noise(random() % 100));
    }
    expect_same(packed, 1 + random() % 300'000);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_P(ParallelDecoders, DamageIsReportedAsByOneThread) {
  std::mt19937_64 random(test_seed());
  const std::string packed = members(20, 100'000);
  for (int round = 0; round < rounds(30); ++round) {
    std::string damaged = packed;
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    expect_same(damaged);
    expect_same(packed.substr(0, 200'000 + random() % (packed.size() - 200'000)));
    if (HasFatalFailure()) FAIL() << "round " << round << ", byte " << at;
  }
  expect_same(packed + "garbage");
  expect_same(packed + std::string(1000, '\0'));
  expect_same(packed + std::string(100'000, '\0') + packed);
}

TEST_P(ParallelDecoders, CanBeGivenUpAtAnyTime) {
  const std::string packed = members(100, 50'000);
  const MemoryFile file(packed);
  for (std::size_t bytes = 1; bytes < 4'000'000; bytes = bytes * 2 + 1) {
    ParallelDecode stream(file, GetParam(), context(), 3, 64 * kMiB);
    std::string text(bytes, '\0');
    ASSERT_TRUE(stream.read(text).ok());
  }
}

TEST_P(ParallelDecoders, BytesTakenReachTheFilesSize) {
  const MemoryFile file(members(100, 50'000));
  ParallelDecode stream(file, GetParam(), context(), 2, 64 * kMiB);
  std::string text(10 << 20, '\0');
  ASSERT_TRUE(stream.read(text).ok());
  EXPECT_EQ(stream.bytes_taken(), file.size());
}

// Gzip in gzip, stored: every inner header looks like the beginning of a member, and none is.
TEST(ParallelGzip, CandidatesThatAreNoneAreDiscarded) {
  std::string inner;
  for (int i = 0; i < 300; ++i) inner += gzip(lines(3000, static_cast<std::uint64_t>(i)));
  const std::string packed = gzip(inner, 0) + gzip(inner, 0) + gzip(lines(100'000));
  const Outcome expected{inner + inner + lines(100'000), ""};
  EXPECT_TRUE(decode(Compression::kGzip, packed) == expected);
  for (const std::size_t read_bytes : {1000, 1'000'000}) {
    EXPECT_TRUE(decode_parallel(Compression::kGzip, packed, read_bytes, 2, 64 * kMiB) == expected);
    EXPECT_TRUE(decode_parallel(Compression::kGzip, packed, read_bytes, 3, 8 * kMiB) == expected);
  }
}

TEST(ParallelGzip, OneLongMember) {
  const std::string text = lines(30'000'000);
  EXPECT_TRUE(decode_parallel(Compression::kGzip, gzip(text, 1), 1'000'000, 2, 64 * kMiB) == (Outcome{text, ""}));
}

TEST(ParallelBgzip, OrdinaryGzipMembersMayFollow) {
  const std::string text = lines(1'000'000);
  const std::string packed = bgzip(text) + gzip(text) + bgzip(text) + gzip(text);
  EXPECT_TRUE(decode_parallel(Compression::kBgzip, packed, 10'000, 2, 64 * kMiB) ==
              (Outcome{text + text + text + text, ""}));
}

TEST(ParallelDecode, PaysOnlyForBigFilesOfFormatsThatCanBeCut) {
  const MemoryFile small(std::string(100'000, 'x'));
  const MemoryFile big(std::string(200'000, 'x'));
  EXPECT_TRUE(ParallelDecode::is_worth_it(big, Compression::kGzip, 2, 64 * kMiB));
  EXPECT_FALSE(ParallelDecode::is_worth_it(small, Compression::kGzip, 2, 64 * kMiB));
  EXPECT_FALSE(ParallelDecode::is_worth_it(big, Compression::kXz, 2, 64 * kMiB));
  EXPECT_FALSE(ParallelDecode::is_worth_it(big, Compression::kGzip, 1, 64 * kMiB));
  EXPECT_FALSE(ParallelDecode::is_worth_it(big, Compression::kGzip, 8, 4 * kMiB));
}

}  // namespace
}  // namespace tipple
