// Clock: the only way to ask for the time, so that tests and the simulator can set it.
//
// Decisions never read a clock themselves: they are handed a TimePoint.
#pragma once

#include <chrono>

namespace tipple {

using Duration = std::chrono::nanoseconds;
// Nanoseconds on a steady clock with an arbitrary origin; comparable within one process only.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

// Moves only when told to. Not thread-safe.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{};
};

}  // namespace tipple
