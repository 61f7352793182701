// run_loop: the loop of a rank. Receives, hands messages to whom they are for, lets time pass, sleeps. All decisions
// are elsewhere.
//
// Thread rule: the thread that owns the transport runs it until the rank is done.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>

#include "coordinator/coordinator.h"
#include "coordinator/transport.h"

namespace tipple {

inline constexpr Duration kIdleWaitMin = std::chrono::microseconds(50);
inline constexpr Duration kIdleWaitMax = std::chrono::milliseconds(1);
inline constexpr Duration kFlushWait = std::chrono::seconds(2);

// Does a worker send it? (The others come from the coordinator.)
[[nodiscard]] inline bool for_coordinator(const Message& message) {
  return std::holds_alternative<Hello>(message) || std::holds_alternative<Heartbeat>(message) ||
         std::holds_alternative<ChunkReport>(message) || std::holds_alternative<ChunkFailure>(message) ||
         std::holds_alternative<ScanReport>(message) || std::holds_alternative<PublishReport>(message) ||
         std::holds_alternative<Goodbye>(message);
}

// `coordinator` is null on all ranks but kCoordinator. `stop_requests` counts signals; `on_tick` runs once per turn.
// `Worker` is worker/worker.h's: this folder does not include that one.
template <typename Worker>
void run_loop(Coordinator* coordinator, Worker& worker, Transport& transport, const std::atomic<int>& stop_requests,
              const std::function<void()>& on_tick) {
  int stops_seen = 0;
  Duration idle_wait = kIdleWaitMin;
  while (!(worker.done() && (coordinator == nullptr || coordinator->done()))) {
    bool any = false;
    while (auto received = transport.receive()) {
      any = true;
      if (for_coordinator(received->message)) {
        if (coordinator != nullptr) coordinator->on_message(received->from, received->message);
      } else if (received->from == kCoordinator) {
        worker.on_message(received->message);
      }
    }
    worker.step();
    if (coordinator != nullptr) {
      for (; stops_seen < stop_requests.load(); ++stops_seen) coordinator->request_stop();
      coordinator->step();
    }
    if (on_tick) on_tick();
    idle_wait = any ? kIdleWaitMin : std::min(idle_wait * 2, kIdleWaitMax);
    transport.wait(idle_wait);
  }
  transport.flush(kFlushWait);
}

}  // namespace tipple
