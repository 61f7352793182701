// Runs chunks through the task graph: read -> split -> parse -> check -> rebatch -> encode -> write, then finish (sync,
// hash).
//
// The graph's message is a block, never a row; tokens bound its memory. One ChunkRunner per rank; run() is called from
// one thread (the executor's) and returns when the chunk has been read: the rest of its graph and its finishing overlap
// the next chunk.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/limits.h"
#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct RunnerConfig {
  std::uint32_t threads = 1;
  // Of the whole process. The floor is one block and its batches, plus the rows of one row group for each table of the
  // source.
  std::uint64_t memory_bytes = 0;
  // Bytes read at a time. Neither this nor the memory changes what is written.
  std::uint64_t block_bytes = 512 * limits::kKiB;
  std::uint64_t record_bytes_max = limits::kRecordBytesMax;  // at least two blocks
};

// How much of its budget the runner used so far: tests hold it against the bound.
struct RunnerMemory {
  std::uint64_t budget_bytes = 0;  // for blocks and row groups; the rest of memory_bytes is the process's own
  std::uint64_t peak_bytes = 0;
  std::uint64_t peak_under_way = 0;  // most blocks and row groups at once
};

// A chunk that has been read; what its graph still holds is being written. Must not outlive its runner; dropped
// unfinished, it gives up and leaves nothing staged.
class UnfinishedChunk {
 public:
  UnfinishedChunk(UnfinishedChunk&&) noexcept;
  UnfinishedChunk& operator=(UnfinishedChunk&&) noexcept;
  ~UnfinishedChunk();
  // Waits for the graph, syncs and hashes the parts and completes the report. Called from the finishing thread.
  [[nodiscard]] Result<ChunkReport> finish() &&;

 private:
  friend class ChunkRunner;
  struct Impl;
  explicit UnfinishedChunk(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class ChunkRunner {
 public:
  ChunkRunner(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load, const RunnerConfig& config);
  ~ChunkRunner();

  // `stop` set: gives up between blocks with kCheckpointed. Errors leave nothing staged for the chunk.
  [[nodiscard]] Result<UnfinishedChunk> run(const ChunkTask& task, const std::atomic<bool>& stop);
  [[nodiscard]] Result<ScanReport> scan(const ScanTask& task, const std::atomic<bool>& stop);
  [[nodiscard]] RunnerMemory memory() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
