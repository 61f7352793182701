// Every limit that is not beside its only owner. Units are in the names.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tipple::limits {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// Input records.
inline constexpr std::uint64_t kRecordBytesMax = 16 * kMiB;
inline constexpr std::uint64_t kFieldBytesMax = 1 * kMiB;
inline constexpr std::uint32_t kColumnsMax = 4096;

// Of a compiled regular expression with its automata, by RE2's own count.
inline constexpr std::int64_t kPatternMemoryBytesMax = 16 * kMiB;

// Chunks (partitioner/chunk_plan.h).
inline constexpr std::uint64_t kChunksPerSourceAim = 512;
inline constexpr std::uint64_t kChunkBytesMin = 16 * kMiB;
inline constexpr std::uint64_t kChunkBytesMax = 1 * kGiB;
inline constexpr std::uint32_t kFilesPerChunkMax = 4096;

// Parts.
inline constexpr std::uint32_t kRowGroupRows = 65'536;
inline constexpr std::uint64_t kStringChunkBytes = 1 * kMiB;
inline constexpr std::uint32_t kViewSourcesPerLevelMax = 512;

// Messages and journal frames.
inline constexpr std::uint64_t kMessageBytesMax = 16 * kMiB;

// Job files.
inline constexpr std::uint64_t kJobFileBytesMax = 1 * kMiB;
inline constexpr int kJobFileDepthMax = 64;

}  // namespace tipple::limits
