// Runs chunks through the task graph: read -> split -> parse -> check -> rebatch -> encode -> write, then finish (sync, hash).
//
// The graph's message is a block, never a row; tokens bound its memory. One ChunkRunner per rank; run() is called from one thread
// (the executor's), and the finishing of chunk k overlaps the graph of chunk k+1.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct RunnerConfig {
  std::uint32_t threads = 1;
  std::uint64_t memory_bytes = 0;
};

// A chunk whose graph has run; its parts are closed but not yet synced.
class UnfinishedChunk {
 public:
  UnfinishedChunk(UnfinishedChunk&&) noexcept;
  UnfinishedChunk& operator=(UnfinishedChunk&&) noexcept;
  ~UnfinishedChunk();
  // Syncs and hashes the parts and completes the report. Called from the finishing thread.
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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
