// StageClock: how long each stage of a chunk's graph worked, and how long blocks waited for it.
//
// busy: time inside the stage, summed over threads. wait: for `read`, time without room for another block; for every
// other stage, time that blocks or row groups stood in front of it. Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "coordinator/task.h"

namespace tipple {

enum class Stage : std::size_t { kRead, kSplit, kParse, kTransform, kCheck, kRebatch, kEncode, kWrite, kFinish };
static_assert(static_cast<std::size_t>(Stage::kFinish) + 1 == kStageNames.size());

[[nodiscard]] inline std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

class StageClock {
 public:
  void add_busy(Stage stage, std::uint64_t ns) { busy_[index(stage)].fetch_add(ns, std::memory_order_relaxed); }
  void add_wait(Stage stage, std::uint64_t ns) { wait_[index(stage)].fetch_add(ns, std::memory_order_relaxed); }
  [[nodiscard]] StageTimes times() const {
    StageTimes times;
    for (std::size_t i = 0; i < kStageNames.size(); ++i) {
      times.busy_ns[i] = busy_[i].load(std::memory_order_relaxed);
      times.wait_ns[i] = wait_[i].load(std::memory_order_relaxed);
    }
    return times;
  }

 private:
  static std::size_t index(Stage stage) { return static_cast<std::size_t>(stage); }
  std::array<std::atomic<std::uint64_t>, kStageNames.size()> busy_{};
  std::array<std::atomic<std::uint64_t>, kStageNames.size()> wait_{};
};

// Adds its lifetime to a stage's busy time.
class BusyTime {
 public:
  BusyTime(StageClock& clock, Stage stage) : clock_(clock), stage_(stage), begin_ns_(steady_ns()) {}
  BusyTime(StageClock& clock, Stage stage, std::uint64_t queued_ns) : BusyTime(clock, stage) {
    clock.add_wait(stage, begin_ns_ - queued_ns);
  }
  ~BusyTime() { clock_.add_busy(stage_, steady_ns() - begin_ns_); }
  BusyTime(const BusyTime&) = delete;
  BusyTime& operator=(const BusyTime&) = delete;

 private:
  StageClock& clock_;
  Stage stage_;
  std::uint64_t begin_ns_;
};

}  // namespace tipple
