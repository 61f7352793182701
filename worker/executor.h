// TaskExecutor: runs what the coordinator assigned, one task after the other, off the thread that owns the transport.
//
// Thread rule: all public functions are called by the transport's thread; results come back through poll().
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "coordinator/task.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"
#include "worker/chunk_runner.h"

namespace tipple {

struct PublishTask {};
using Task = std::variant<ChunkTask, ScanTask, PublishTask>;
using TaskResult = std::variant<ChunkReport, ChunkFailure, ScanReport, PublishReport>;

// Worker (worker.h) talks to this interface; tests and the simulator put a model behind it.
class TaskExecutor {
 public:
  virtual ~TaskExecutor() = default;
  virtual void start(Task task) = 0;  // queues
  virtual void revoke(ChunkId chunk, std::uint32_t issue) = 0;
  [[nodiscard]] virtual std::optional<TaskResult> poll() = 0;
  [[nodiscard]] virtual bool idle() const = 0;  // nothing queued, running, or unpolled
  virtual void stop() = 0;                      // drops what is queued, makes what runs give up
};

// The real one: one thread runs tasks in order, another finishes chunks, so that syncing and hashing chunk k overlaps
// loading chunk k + 1. A chunk that was revoked or stopped leaves no result and nothing staged.
class ThreadedExecutor final : public TaskExecutor {
 public:
  ThreadedExecutor(JobSpec job, Warehouse warehouse, LoadSetup load, const RunnerConfig& config);
  ~ThreadedExecutor() override;

  void start(Task task) override;
  void revoke(ChunkId chunk, std::uint32_t issue) override;
  [[nodiscard]] std::optional<TaskResult> poll() override;
  [[nodiscard]] bool idle() const override;
  void stop() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
