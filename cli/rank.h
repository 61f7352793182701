// One rank of a load: its transport, its worker, and the way out.
//
// Owner: the run verb. Thread rule: the main thread; it owns the transport (and MPI).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "cli/launch.h"
#include "cli/resources.h"
#include "coordinator/in_process_transport.h"
#include "coordinator/mpi_transport.h"
#include "worker/worker.h"

namespace tipple {

// This process's place in the group. One rank without a launcher, or a launched group of one, never touches MPI.
class Rank {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Rank>> join(const std::optional<LauncherPlace>& place,
                                                          const ResourceOptions& options);

  [[nodiscard]] bool coordinates() const { return transport_->self() == kCoordinator; }
  [[nodiscard]] std::uint32_t ranks() const { return transport_->size(); }
  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] const RankResources& resources() const { return resources_; }

  // `strict`: the tables' reject limits are taken as zero.
  [[nodiscard]] Worker worker(const Clock& clock, bool strict) const;

  // Rank 0, between two loads: tells the ranks that ask for the next one to be patient.
  void keep_waiting();
  // A load lost so many ranks: the group cannot be left in good order any more.
  void lost(std::uint32_t ranks) { lost_ += ranks; }
  // Rank 0, when there will be no more loads: tells the others to leave and waits a moment for their goodbyes.
  void dismiss(const Clock& clock, int exit_code);
  // Leaves the group in good order, which waits for all of it; does nothing if a rank was lost.
  void finalize();

 private:
  Rank() = default;
  std::unique_ptr<MpiSession> mpi_;
  std::unique_ptr<MemoryHub> hub_;
  std::unique_ptr<Transport> transport_;  // after its owner: it must go first
  RankResources resources_;
  std::uint32_t lost_ = 0;
};

// Counts SIGTERM, SIGINT and SIGUSR1 from now on: requests to checkpoint. In a worker's process they are counted and
// nothing else, since rank 0 gets them too.
[[nodiscard]] const std::atomic<int>& count_stop_requests();

// The limits under --strict: none allowed.
void forbid_rejects(JobSpec& job);

}  // namespace tipple
