// Transport: how messages reach other ranks. Three implementations: in one process (in_process_transport.h), MPI
// (mpi_transport.h, its own library), and the simulator's faulty one (tests/coordinator).
//
// Thread rule: one thread of a process owns its transport. Nothing here ever blocks on a peer.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"
#include "coordinator/task.h"

namespace tipple {

// ---- worker to coordinator
struct Hello {  // also answers Setup: "ready"; repeated until a Setup arrives
  std::string host;
  std::int64_t pid = 0;
  std::uint32_t threads = 0;
};
struct Heartbeat {
  std::uint64_t sequence = 0;
};
// ChunkReport, ChunkFailure, ScanReport, PublishReport as in task.h
struct Goodbye {};  // answers Finish

// ---- coordinator to worker
struct Setup {
  LoadSetup load;
};
struct HeartbeatAnswer {
  std::uint64_t sequence = 0;
};  // extends the worker's lease
struct Assign {
  ChunkTask task;
};
struct AssignScan {
  ScanTask task;
};
struct Revoke {
  ChunkId chunk;
  std::uint32_t issue = 0;
};                  // do not start it; if running, the result is not needed
struct Publish {};  // move parts, write log entries; all inputs are in the load's journals
struct Finish {
  int exit_code = 0;
};  // no more work: answer Goodbye and leave

using Message = std::variant<Hello, Heartbeat, ChunkReport, ChunkFailure, ScanReport, PublishReport, Goodbye, Setup,
                             HeartbeatAnswer, Assign, AssignScan, Revoke, Publish, Finish>;

struct Received {
  WorkerId from;
  Message message;
};

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual WorkerId self() const = 0;
  [[nodiscard]] virtual std::uint32_t size() const = 0;  // ranks, the coordinator's included
  // Queues the message; never waits for the receiver. Sending to self is allowed. Messages between two ranks keep their
  // order.
  virtual void send(WorkerId to, Message message) = 0;
  [[nodiscard]] virtual std::optional<Received> receive() = 0;
  // Sleeps until something may have arrived or `at_most` has passed; progresses sends.
  virtual void wait(Duration at_most) = 0;
  // Progresses sends until all are on their way or `at_most` has passed.
  virtual void flush(Duration at_most) = 0;
};

// The coordinator's rank.
inline constexpr WorkerId kCoordinator{0};

}  // namespace tipple
