// MemoryHub: the transports of ranks that live in one process. With one rank it is a whole cluster without MPI; with
// more, tests run several workers as threads.
//
// Thread rule: each transport has one owner; different owners may be different threads. The hub must outlive its
// transports.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "coordinator/transport.h"

namespace tipple {

class MemoryHub {
 public:
  explicit MemoryHub(std::uint32_t ranks = 1);
  ~MemoryHub();
  // Precondition: rank.value() < ranks; at most one transport for each rank.
  [[nodiscard]] std::unique_ptr<Transport> transport(WorkerId rank);

 private:
  friend class MemoryTransport;
  struct Mailbox {
    std::mutex messages_mutex;
    std::condition_variable arrived;
    std::deque<Received> messages;
  };
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;
};

}  // namespace tipple
