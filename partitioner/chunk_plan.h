// From input files to chunks: the grid that everything else is counted in.
//
// Pure: a function of extents and limits alone, never of ranks or threads (promise 2).
// Invariant (checked): the segments of a source's chunks tile each of its extents, in order, without gap or overlap.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace tipple {

// One input file, or one member of an archive, as rank 0 found it.
struct Extent {
  std::string path;  // absolute
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  bool splittable = true;   // can it be cut anywhere: are bytes of the file bytes of its text?
  std::string member = {};  // of a zip archive, whose compressed size is `size` then; empty: the file itself
  friend bool operator==(const Extent&, const Extent&) = default;
};

// A half-open byte range of one extent.
struct Segment {
  std::uint32_t extent = 0;  // position among the source's extents
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend bool operator==(const Segment&, const Segment&) = default;
};

// The unit of scatter, retry, journal and commit. Either one segment of a file that is cut, or one or more
// whole files (each segment then covers its extent).
struct Chunk {
  ChunkId id;
  SourceId source;
  std::vector<Segment> segments;
  std::uint64_t bytes = 0;
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

// The extents of one source, in path order.
struct SourceExtents {
  SourceId source;
  std::vector<Extent> extents;
};

struct ChunkPlan {
  std::vector<SourceExtents> sources;
  std::vector<Chunk> chunks;  // chunk i has id i; a source's chunks are consecutive and in input order
  std::uint64_t bytes = 0;
};

// clamp(total / 512, 16 MiB, 1 GiB), rounded up to a power of two.
[[nodiscard]] std::uint64_t default_chunk_bytes(std::uint64_t source_bytes);

// `chunk_bytes` absent: default_chunk_bytes of each source. Files smaller than a chunk are packed in path order,
// whether they could be cut or not, at most limits::kFilesPerChunkMax to a chunk. Empty files are kept (they are whole,
// and have no records). Precondition: chunk_bytes, if given, is at least 1.
[[nodiscard]] ChunkPlan plan_chunks(std::vector<SourceExtents> sources, std::optional<std::uint64_t> chunk_bytes);

}  // namespace tipple
