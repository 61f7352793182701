// How a running load shows itself on stderr: one live line on a terminal, JSON lines elsewhere.
//
// Owner: rank 0's loop. Thread rule: one thread. What is shown comes from the coordinator's ledger: chunks that are
// accepted.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "coordinator/coordinator.h"

namespace tipple {

class ProgressDisplay {
 public:
  enum class Style : std::uint8_t { kNone, kTerminal, kJsonLines };
  // `quiet`: kNone. Otherwise what stderr is.
  [[nodiscard]] static Style choose(bool quiet);

  ProgressDisplay(Style style, const Clock& clock);

  void start(const Progress& progress);
  // Draws if enough time has passed: 5 times a second on a terminal, every 10 s in a log.
  void tick(const Progress& progress);
  // Removes the live line, so that other text can follow.
  void finish(const Progress& progress);

 private:
  [[nodiscard]] double seconds() const;

  Style style_;
  const Clock& clock_;
  TimePoint started_;
  TimePoint drawn_;
  bool line_open_ = false;
};

// The live line, without control characters.
[[nodiscard]] std::string progress_line(const Progress& progress, double seconds);
// One line of JSON with a line end; `event` is start, progress or end.
[[nodiscard]] std::string progress_json(const Progress& progress, double seconds, const char* event);

}  // namespace tipple
