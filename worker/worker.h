// Worker: the worker's side of the protocol. A state machine over Transport, TaskExecutor and Clock, stepped by the
// process's loop.
//
// Hello until Setup; then tasks, heartbeats and reports; Finish -> Goodbye -> done. If its lease lapses it stops and
// publishes nothing. One Worker serves one load; a rank that goes on makes another. While there is no load to do, rank
// 0 answers Hello with HeartbeatAnswer{0}, so that the worker knows that it is still wanted; a Finish instead of a
// Setup dismisses it. Thread rule: stepped by the one thread that owns the transport.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "coordinator/transport.h"
#include "worker/executor.h"

namespace tipple {

class Worker {
 public:
  // Builds the executor once the Setup is known.
  using ExecutorFactory = std::function<Result<std::unique_ptr<TaskExecutor>>(const LoadSetup&)>;
  Worker(Transport& transport, const Clock& clock, Hello hello, ExecutorFactory factory);
  ~Worker();

  void on_message(const Message& message);  // one that the transport received for this rank
  void step();                              // polls the executor, sends reports and heartbeats, watches the lease
  [[nodiscard]] bool done() const;
  [[nodiscard]] int exit_code() const;       // meaningful when done(): Finish's, or 5 after a lapsed lease
  [[nodiscard]] bool worked() const;         // a Setup arrived: there was a load, and another one may follow
  [[nodiscard]] bool told_to_leave() const;  // by a Finish; otherwise it gave up by itself

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
