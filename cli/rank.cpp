#include "cli/rank.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "base/fault_point.h"
#include "cli/loads.h"
#include "jobs/job_file.h"
#include "warehouse/load_lock.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;
constexpr Duration kGoodbyeWait = 5s;
constexpr Duration kDismissPoll = 1ms;

std::atomic<int> stop_requests{0};
static_assert(std::atomic<int>::is_always_lock_free, "signal handlers may only touch lock-free atomics");

extern "C" void count_stop(int) { stop_requests.fetch_add(1); }

Result<std::unique_ptr<TaskExecutor>> make_executor(const LoadSetup& load, const RunnerConfig& config, bool strict) {
  TIPPLE_TRY(JobSpec job, journaled_job(load));
  if (strict) forbid_rejects(job);
  TIPPLE_TRY(Warehouse warehouse, Warehouse::open(job.warehouse, true));
  return std::unique_ptr<TaskExecutor>(
      std::make_unique<ThreadedExecutor>(std::move(job), std::move(warehouse), load, config));
}

}  // namespace

Result<std::unique_ptr<Rank>> Rank::join(const std::optional<LauncherPlace>& place, const ResourceOptions& options) {
  std::unique_ptr<Rank> rank(new Rank());
  std::uint32_t ranks_here = 1;
  if (place && place->ranks > 1) {
    follow_launcher(*place);
    TIPPLE_TRY(rank->mpi_, MpiSession::start(nullptr, nullptr));
    rank->transport_ = rank->mpi_->transport();
    ranks_here = rank->mpi_->ranks_on_host();
  } else {
    rank->hub_ = std::make_unique<MemoryHub>(1);
    rank->transport_ = rank->hub_->transport(kCoordinator);
  }
  set_fault_rank(static_cast<int>(rank->transport_->self().value()));
  TIPPLE_TRY(rank->resources_, rank_resources(options, ranks_here));
  return rank;
}

Worker Rank::worker(const Clock& clock, bool strict) const {
  const RunnerConfig config{resources_.threads, resources_.memory.bytes};
  return Worker(*transport_, clock, Hello{host_name(), ::getpid(), resources_.threads},
                [config, strict](const LoadSetup& load) { return make_executor(load, config, strict); });
}

void Rank::dismiss(const Clock& clock, int exit_code) {
  std::uint32_t waiting = ranks() - 1 - std::min(lost_, ranks() - 1);
  for (std::uint32_t rank = 1; rank < ranks(); ++rank) transport_->send(WorkerId(rank), Finish{exit_code});
  for (const TimePoint deadline = clock.now() + kGoodbyeWait; waiting > 0 && clock.now() < deadline;) {
    while (const auto received = transport_->receive())
      waiting -= std::holds_alternative<Goodbye>(received->message) ? 1 : 0;
    transport_->wait(kDismissPoll);
  }
}

void Rank::keep_waiting() {
  while (const auto received = transport_->receive()) {
    if (std::holds_alternative<Hello>(received->message)) transport_->send(received->from, HeartbeatAnswer{0});
  }
}

void Rank::finalize() {
  if (lost_ > 0) return;
  transport_.reset();
  if (mpi_) (void)mpi_->finalize();
}

const std::atomic<int>& count_stop_requests() {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    struct sigaction action {};
    action.sa_handler = count_stop;
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
  }
  return stop_requests;
}

void forbid_rejects(JobSpec& job) {
  for (TableSpec& table : job.tables) {
    table.rejects.max_rows = 0;
    table.rejects.max_percent = 0.0;
  }
}

}  // namespace tipple
