#include "partitioner/chunk_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/limits.h"
#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using limits::kGiB;
using limits::kMiB;

Extent file(std::uint64_t size, bool splittable = true) { return {"/in/" + std::to_string(size), size, 0, splittable}; }

std::vector<SourceExtents> one_source(std::vector<Extent> extents) { return {{SourceId(0), std::move(extents)}}; }

// The segments of each chunk, as (extent, begin, end).
using Segments = std::vector<Segment>;
std::vector<Segments> segments(const ChunkPlan& plan) {
  std::vector<Segments> all;
  for (const Chunk& chunk : plan.chunks) all.push_back(chunk.segments);
  return all;
}

TEST(DefaultChunkBytes, IsA512thAsAPowerOfTwoBetweenItsLimits) {
  EXPECT_EQ(default_chunk_bytes(0), 16 * kMiB);
  EXPECT_EQ(default_chunk_bytes(8 * kGiB), 16 * kMiB);
  EXPECT_EQ(default_chunk_bytes(8 * kGiB + 512), 32 * kMiB);
  EXPECT_EQ(default_chunk_bytes(100 * kGiB), 256 * kMiB);
  EXPECT_EQ(default_chunk_bytes(512 * kGiB), kGiB);
  EXPECT_EQ(default_chunk_bytes(~std::uint64_t{0}), kGiB);
}

TEST(ChunkPlan, BigFilesAreCutOnTheGrid) {
  const ChunkPlan plan = plan_chunks(one_source({file(10), file(25)}), 10);
  EXPECT_EQ(segments(plan), (std::vector<Segments>{{{0, 0, 10}}, {{1, 0, 10}}, {{1, 10, 20}}, {{1, 20, 25}}}));
  EXPECT_EQ(plan.bytes, 35u);
}

TEST(ChunkPlan, SmallFilesArePackedInPathOrder) {
  const ChunkPlan plan = plan_chunks(one_source({file(4), file(6), file(0), file(1), file(9)}), 10);
  EXPECT_EQ(segments(plan), (std::vector<Segments>{{{0, 0, 4}, {1, 0, 6}, {2, 0, 0}}, {{3, 0, 1}, {4, 0, 9}}}));
  EXPECT_EQ(plan.chunks[0].bytes, 10u);
}

TEST(ChunkPlan, ABigFileEndsThePack) {
  const ChunkPlan plan = plan_chunks(one_source({file(1), file(10), file(1), file(1)}), 10);
  EXPECT_EQ(segments(plan), (std::vector<Segments>{{{0, 0, 1}}, {{1, 0, 10}}, {{2, 0, 1}, {3, 0, 1}}}));
}

TEST(ChunkPlan, BigFilesThatCannotBeCutAreAChunkEach) {
  const ChunkPlan plan = plan_chunks(one_source({file(1), file(100, false), file(10, false), file(1)}), 10);
  EXPECT_EQ(segments(plan), (std::vector<Segments>{{{0, 0, 1}}, {{1, 0, 100}}, {{2, 0, 10}}, {{3, 0, 1}}}));
}

TEST(ChunkPlan, SmallFilesThatCannotBeCutArePackedLikeOthers) {
  const ChunkPlan plan =
      plan_chunks(one_source({file(1), file(2, false), file(0, false), file(8, false), file(1)}), 10);
  EXPECT_EQ(segments(plan), (std::vector<Segments>{{{0, 0, 1}, {1, 0, 2}, {2, 0, 0}}, {{3, 0, 8}, {4, 0, 1}}}));
}

TEST(ChunkPlan, OneByteChunks) {
  const ChunkPlan plan = plan_chunks(one_source({file(0), file(3), file(0), file(0)}), 1);
  EXPECT_EQ(segments(plan),
            (std::vector<Segments>{{{0, 0, 0}}, {{1, 0, 1}}, {{1, 1, 2}}, {{1, 2, 3}}, {{2, 0, 0}, {3, 0, 0}}}));
}

TEST(ChunkPlan, APackHasALimitedNumberOfFiles) {
  const ChunkPlan plan = plan_chunks(one_source(std::vector<Extent>(20'000, file(4096))), kGiB);
  ASSERT_EQ(plan.chunks.size(), 5u);
  EXPECT_EQ(plan.chunks[0].segments.size(), limits::kFilesPerChunkMax);
  EXPECT_EQ(plan.chunks[4].segments.size(), 20'000 - 4 * limits::kFilesPerChunkMax);
}

TEST(ChunkPlan, WithoutFilesThereAreNoChunks) {
  EXPECT_TRUE(plan_chunks({}, std::nullopt).chunks.empty());
  EXPECT_TRUE(plan_chunks(one_source({}), std::nullopt).chunks.empty());
}

TEST(ChunkPlan, ChunkSizesNearTheEndOfTheNumbersDoNotOverflow) {
  const std::uint64_t huge = ~std::uint64_t{0};
  EXPECT_EQ(plan_chunks(one_source({file(huge)}), huge).chunks.size(), 1u);
  EXPECT_EQ(plan_chunks(one_source({file(huge)}), huge / 2 + 1).chunks.size(), 2u);
  EXPECT_EQ(plan_chunks(one_source({file(5), file(7)}), huge).chunks.size(), 1u);
}

TEST(ChunkPlan, EverySourceHasItsOwnGrid) {
  const ChunkPlan plan = plan_chunks({{SourceId(0), {file(kGiB)}}, {SourceId(1), {file(100 * kGiB)}}}, std::nullopt);
  EXPECT_EQ(plan.chunks.size(), 64u + 400u);
  EXPECT_EQ(plan.chunks[63].source, SourceId(0));
  EXPECT_EQ(plan.chunks[64].source, SourceId(1));
}

// ---- properties, over random lists of files

struct Case {
  std::vector<SourceExtents> sources;
  std::uint64_t chunk_bytes = 1;
};

Case random_case(std::mt19937_64& random) {
  Case made;
  made.chunk_bytes = std::uint64_t{1} << random() % 12;
  if (random() % 2 == 0) made.chunk_bytes += random() % 100;
  const std::size_t source_count = random() % 4;
  for (std::uint32_t s = 0; s < source_count; ++s) {
    SourceExtents source{SourceId(s), {}};
    for (std::size_t files = random() % 30; files > 0; --files) {
      const std::uint64_t sizes[] = {0,
                                     1,
                                     random() % 64,
                                     made.chunk_bytes - 1,
                                     made.chunk_bytes,
                                     made.chunk_bytes + 1,
                                     random() % (made.chunk_bytes * 5)};
      source.extents.push_back(file(sizes[random() % 7], random() % 8 != 0));
    }
    made.sources.push_back(std::move(source));
  }
  return made;
}

void expect_tiled(const SourceExtents& source, const std::vector<Chunk>& chunks) {
  std::vector<Segment> walked;
  for (const Chunk& chunk : chunks) {
    if (chunk.source == source.source) walked.insert(walked.end(), chunk.segments.begin(), chunk.segments.end());
  }
  std::size_t at = 0;
  for (std::uint32_t extent = 0; extent < source.extents.size(); ++extent) {
    std::uint64_t reached = 0;
    do {
      ASSERT_LT(at, walked.size());
      ASSERT_EQ(walked[at].extent, extent);
      ASSERT_EQ(walked[at].begin, reached);
      ASSERT_GE(walked[at].end, reached);
      reached = walked[at++].end;
    } while (reached < source.extents[extent].size);
    ASSERT_EQ(reached, source.extents[extent].size);
  }
  ASSERT_EQ(at, walked.size());
}

void expect_limits(const Case& made, const Chunk& chunk) {
  std::uint64_t bytes = 0;
  for (const Segment& segment : chunk.segments) {
    const Extent& extent = made.sources[chunk.source.value()].extents[segment.extent];
    bytes += segment.end - segment.begin;
    if (chunk.segments.size() > 1) {
      EXPECT_TRUE(segment.begin == 0 && segment.end == extent.size) << "a pack holds whole files";
      EXPECT_LT(extent.size, made.chunk_bytes) << "a pack holds small files";
    }
    if (extent.splittable) {
      EXPECT_EQ(segment.begin % made.chunk_bytes, 0u) << "cuts are on the grid";
    } else {
      EXPECT_TRUE(segment.begin == 0 && segment.end == extent.size);
    }
  }
  EXPECT_EQ(bytes, chunk.bytes);
  const bool whole =
      chunk.segments.size() == 1 && !made.sources[chunk.source.value()].extents[chunk.segments[0].extent].splittable;
  EXPECT_TRUE(whole || bytes <= made.chunk_bytes);
  EXPECT_LE(chunk.segments.size(), limits::kFilesPerChunkMax);
}

TEST(ChunkPlanProperties, RandomFilesAreTiledInOrderWithinTheLimits) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 5000; ++round) {
    const Case made = random_case(random);
    const ChunkPlan plan = plan_chunks(made.sources, made.chunk_bytes);
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < plan.chunks.size(); ++i) {
      ASSERT_EQ(plan.chunks[i].id, ChunkId(static_cast<std::uint32_t>(i)));
      ASSERT_TRUE(i == 0 || plan.chunks[i - 1].source <= plan.chunks[i].source);
      expect_limits(made, plan.chunks[i]);
      bytes += plan.chunks[i].bytes;
    }
    EXPECT_EQ(bytes, plan.bytes);
    for (const SourceExtents& source : made.sources) expect_tiled(source, plan.chunks);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

// No pack could have taken the file that begins the next one.
TEST(ChunkPlanProperties, PacksAreFull) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 2000; ++round) {
    const Case made = random_case(random);
    const ChunkPlan plan = plan_chunks(made.sources, made.chunk_bytes);
    for (std::size_t i = 1; i < plan.chunks.size(); ++i) {
      const Chunk& before = plan.chunks[i - 1];
      const Chunk& after = plan.chunks[i];
      if (before.source != after.source) continue;
      const auto& extents = made.sources[after.source.value()].extents;
      const auto small = [&](const Segment& segment) { return extents[segment.extent].size < made.chunk_bytes; };
      if (!small(before.segments.back()) || !small(after.segments.front())) continue;
      ASSERT_GT(before.bytes + extents[after.segments.front().extent].size, made.chunk_bytes) << "round " << round;
    }
  }
}

// A source's chunks depend on that source alone: not on the others, nor on the names and times of its files.
TEST(ChunkPlanProperties, NothingButSizesAndLimitsCounts) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 1000; ++round) {
    Case made = random_case(random);
    const ChunkPlan plan = plan_chunks(made.sources, made.chunk_bytes);
    std::vector<Segments> alone;
    for (const SourceExtents& source : made.sources) {
      for (Segments& chunk : segments(plan_chunks({source}, made.chunk_bytes))) alone.push_back(std::move(chunk));
    }
    ASSERT_EQ(segments(plan), alone) << "round " << round;
    for (SourceExtents& source : made.sources) {
      for (Extent& extent : source.extents) {
        extent.path = std::to_string(random());
        extent.mtime_ns = static_cast<std::int64_t>(random());
      }
    }
    ASSERT_EQ(plan_chunks(made.sources, made.chunk_bytes).chunks, plan.chunks) << "round " << round;
  }
}

}  // namespace
}  // namespace tipple
