// TaskExecutor: runs what the coordinator assigned, one task after the other, off the thread that owns the transport.
//
// Thread rule: all public functions are called by the transport's thread; results come back through poll().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "coordinator/task.h"

namespace tipple {

struct PublishTask {};
using Task = std::variant<ChunkTask, ScanTask, PublishTask>;
using TaskResult = std::variant<ChunkReport, ChunkFailure, ScanReport, PublishReport>;

// Worker (worker.h) talks to this interface; tests and the simulator put a model behind it.
class TaskExecutor {
 public:
  virtual ~TaskExecutor() = default;
  virtual void start(Task task) = 0;                       // queues
  virtual void revoke(ChunkId chunk, std::uint32_t issue) = 0;
  [[nodiscard]] virtual std::optional<TaskResult> poll() = 0;
  [[nodiscard]] virtual bool idle() const = 0;             // nothing queued, running, or unpolled
  virtual void stop() = 0;                                 // drops what is queued, makes what runs give up
};

}  // namespace tipple
