// What travels between coordinator and workers: values only.
//
// ChunkTask goes out, ChunkReport comes back. coordinator/codec.h turns them into bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/column_stats.h"
#include "jobs/row_account.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// A segment with all a worker needs to read it without asking anybody.
struct TaskSegment {
  std::string path;
  std::uint64_t size = 0;     // of the whole file, when it was listed
  std::int64_t mtime_ns = 0;  // likewise: a worker that finds another pair reports a changed file
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string member = {};  // of the zip archive `path`; empty: the file itself
  friend bool operator==(const TaskSegment&, const TaskSegment&) = default;
};

// The bytes [begin, end) of a listed file.
[[nodiscard]] inline TaskSegment task_segment(const Extent& extent, std::uint64_t begin, std::uint64_t end) {
  return {extent.path, extent.size, extent.mtime_ns, begin, end, extent.member};
}

// "Load this chunk." `issue` counts how often the chunk was handed out (0 the first time): a report for an older issue
// is still welcome if its boundaries fit the chain.
struct ChunkTask {
  ChunkId chunk;
  std::uint32_t issue = 0;
  SourceId source;
  std::vector<TaskSegment> segments;
  // Where the first record of the (only) segment starts, when the chain has proved it; absent: the worker guesses.
  std::optional<std::uint64_t> known_start;
  friend bool operator==(const ChunkTask&, const ChunkTask&) = default;
};

// "Find the record boundaries of this file": the sequential fallback after repeated wrong guesses.
// The answer has, for every cut, the offset of the first record that starts at or after it.
struct ScanTask {
  ChunkId first_chunk;  // answers for first_chunk, first_chunk + 1, ...
  SourceId source;
  TaskSegment segment;  // from a known record start to the end of the file
  std::vector<std::uint64_t> cuts;
  friend bool operator==(const ScanTask&, const ScanTask&) = default;
};

struct ScanReport {
  ChunkId first_chunk;
  // One for each cut; the file's size where no further record starts. A blank or comment line counts as a record here,
  // so that a start is exactly where the chain of RecordRanges arrives.
  std::vector<std::uint64_t> starts;
  friend bool operator==(const ScanReport&, const ScanReport&) = default;
};

// The true record range of a chunk's only segment (of its last one, for a pack of whole files).
// A record belongs to the chunk in which it starts. The chain: `end` of a chunk is `start` of the next one that has
// records.
struct RecordRange {
  bool any = false;         // does any record start in the segment?
  bool guessed = false;     // was the start guessed rather than known?
  std::uint64_t start = 0;  // offset of the first record; meaningful if `any`
  std::uint64_t end = 0;  // offset just past the last record; without one, but with a known start, where the search for
                          // the next chunk's first record goes on (the known start, if nothing else)
  std::uint64_t lines = 0;  // line ends from the segment's first line that it owns: [start, end), and the head of the
                            // file (BOM, skipped rows, header) when the segment begins at 0
  friend bool operator==(const RecordRange&, const RecordRange&) = default;
};

// A finished, synced file in the attempt's staging folder.
struct StagedPart {
  std::string path;  // relative to the warehouse
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  Sha256 sha256{};
  Id128 content_digest;  // order-free sum of row hashes (formats/content_digest.h)
  std::vector<ColumnStats> columns;
  friend bool operator==(const StagedPart&, const StagedPart&) = default;
};

// What became of the chunk's rows in one table.
struct TableReport {
  TableId table;
  RowAccount rows;
  std::optional<StagedPart> part;      // absent when no row came out
  std::optional<std::string> rejects;  // staged rejects file, relative to the warehouse; absent when there are none
  std::vector<std::uint64_t> check_failures = {};  // rows that failed each of the table's checks; empty without checks
  friend bool operator==(const TableReport&, const TableReport&) = default;
};

// Stages of the worker's graph, in order.
inline constexpr std::array<const char*, 9> kStageNames = {"read",    "split",  "parse", "transform", "check",
                                                           "rebatch", "encode", "write", "finish"};

struct StageTimes {
  std::array<std::uint64_t, kStageNames.size()> busy_ns{};
  std::array<std::uint64_t, kStageNames.size()> wait_ns{};
  friend bool operator==(const StageTimes&, const StageTimes&) = default;
  StageTimes& operator+=(const StageTimes& other);
};

struct ChunkReport {
  ChunkId chunk;
  std::uint32_t issue = 0;
  RecordRange range;
  std::vector<TableReport> tables;
  std::uint64_t bytes_read = 0;
  std::uint64_t run_ns = 0;
  std::uint64_t memory_peak_bytes = 0;  // resident set of the worker's process so far
  StageTimes stages;
  friend bool operator==(const ChunkReport&, const ChunkReport&) = default;
};

// In a ChunkFailure: not a chunk failed, but the worker itself; it leaves.
inline constexpr ChunkId kNoChunk{UINT32_MAX};

// A chunk (or a scan, then `chunk` is its first_chunk) that could not be loaded. `retryable`: an I/O error of this
// worker, worth another try elsewhere.
struct ChunkFailure {
  ChunkId chunk;
  std::uint32_t issue = 0;
  Error error;
  bool retryable = false;
};

// Everything a rank must know before its first task. Rank 0 sends it; nobody else reads the job file or the inputs'
// list.
struct LoadSetup {
  std::string job_text;
  std::string job_file;    // for messages
  std::string job_folder;  // absolute: relative paths of the job
  std::string mode;
  std::vector<std::string> tables;  // of the job that this load is for, in the job's order; empty: all
  std::string columns;  // JSON: what was found to be the columns of tables that declare none (jobs/load_job.h)
  std::vector<SourceExtents> lookups;  // files of the sources that lookups and foreign keys read, all of them
  LoadId load;
  AttemptId attempt;
  std::uint32_t attempt_number = 1;
  std::int64_t lease_ns = 0;  // a worker without an answer for this long stops and publishes nothing
};

// How publishing ended, per load. The publisher reads all it needs from the journals on disk.
struct PublishedTable {
  std::string table;
  std::uint64_t version = 0;
  bool already = false;  // this load had been published before
};

struct PublishReport {
  std::vector<PublishedTable> tables;
  std::optional<Error> error;  // kQuality: limits passed, nothing published
};

}  // namespace tipple
