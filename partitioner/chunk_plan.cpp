#include "partitioner/chunk_plan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "base/limits.h"

namespace tipple {
namespace {

// Builds one source's chunks, appending to the plan's.
class SourcePlanner {
 public:
  SourcePlanner(SourceId source, std::uint64_t chunk_bytes, std::vector<Chunk>& chunks)
      : source_(source), chunk_bytes_(chunk_bytes), chunks_(chunks) {}

  void add(std::uint32_t extent, const Extent& file) {
    if (file.size < chunk_bytes_) {
      pack({extent, 0, file.size});
      return;
    }
    close_pack();
    if (!file.splittable) {
      emit({{extent, 0, file.size}});
      return;
    }
    for (std::uint64_t begin = 0; begin < file.size;) {
      // Written so that it cannot overflow for chunk sizes near 2^64.
      const std::uint64_t end = file.size - begin <= chunk_bytes_ ? file.size : begin + chunk_bytes_;
      emit({{extent, begin, end}});
      begin = end;
    }
  }

  void close_pack() {
    if (!pack_.empty()) emit(std::move(pack_));
    pack_.clear();
    pack_bytes_ = 0;
  }

 private:
  void pack(Segment whole) {
    const bool full = pack_.size() >= limits::kFilesPerChunkMax || whole.end > chunk_bytes_ - pack_bytes_;
    if (full) close_pack();
    pack_bytes_ += whole.end;
    pack_.push_back(whole);
  }

  void emit(std::vector<Segment> segments) {
    TIPPLE_CHECK(chunks_.size() < std::numeric_limits<std::uint32_t>::max(), "more chunks than chunk ids");
    Chunk chunk;
    chunk.id = ChunkId(static_cast<std::uint32_t>(chunks_.size()));
    chunk.source = source_;
    for (const Segment& segment : segments) chunk.bytes += segment.end - segment.begin;
    chunk.segments = std::move(segments);
    chunks_.push_back(std::move(chunk));
  }

  SourceId source_;
  std::uint64_t chunk_bytes_;
  std::vector<Chunk>& chunks_;
  std::vector<Segment> pack_;
  std::uint64_t pack_bytes_ = 0;
};

// The invariant of the header, for the chunks of one source.
void check_tiling(const std::vector<Extent>& extents, std::span<const Chunk> chunks) {
  std::size_t extent = 0;
  std::uint64_t reached = 0;
  bool begun = false;
  for (const Chunk& chunk : chunks) {
    TIPPLE_CHECK(!chunk.segments.empty(), "a chunk without segments");
    for (const Segment& segment : chunk.segments) {
      if (begun && reached == extents[extent].size) {
        ++extent;
        reached = 0;
      }
      begun = true;
      TIPPLE_CHECK(extent < extents.size() && segment.extent == extent, "the segments leave a file out or go back");
      TIPPLE_CHECK(segment.begin == reached && segment.end <= extents[extent].size,
                   "the segments overlap or leave a gap");
      TIPPLE_CHECK(segment.begin < segment.end || extents[extent].size == 0,
                   "an empty segment of a file that has bytes");
      reached = segment.end;
    }
  }
  const bool all = extents.empty() ? !begun : begun && extent + 1 == extents.size() && reached == extents.back().size;
  TIPPLE_CHECK(all, "the segments end before the source does");
}

}  // namespace

std::uint64_t default_chunk_bytes(std::uint64_t source_bytes) {
  return std::bit_ceil(
      std::clamp(source_bytes / limits::kChunksPerSourceAim, limits::kChunkBytesMin, limits::kChunkBytesMax));
}

ChunkPlan plan_chunks(std::vector<SourceExtents> sources, std::optional<std::uint64_t> chunk_bytes) {
  TIPPLE_CHECK(!chunk_bytes || *chunk_bytes >= 1, "chunk_bytes must be at least 1");
  ChunkPlan plan;
  plan.sources = std::move(sources);
  for (const SourceExtents& source : plan.sources) {
    std::uint64_t source_bytes = 0;
    for (const Extent& extent : source.extents) source_bytes += extent.size;
    plan.bytes += source_bytes;

    const std::size_t first = plan.chunks.size();
    SourcePlanner planner(source.source, chunk_bytes.value_or(default_chunk_bytes(source_bytes)), plan.chunks);
    for (std::uint32_t i = 0; i < source.extents.size(); ++i) planner.add(i, source.extents[i]);
    planner.close_pack();
    check_tiling(source.extents, std::span(plan.chunks).subspan(first));
  }
  return plan;
}

}  // namespace tipple
