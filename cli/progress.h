// How a running load shows itself on stderr: one live line on a terminal, JSON lines elsewhere.
//
// Owner: rank 0's loop. Thread rule: one thread. Counts come from the reports that the journal takes, so what is shown is durable.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "coordinator/journal.h"
#include "coordinator/task.h"

namespace tipple {

class Progress {
 public:
  enum class Style : std::uint8_t { kNone, kTerminal, kJsonLines };
  // `quiet`: kNone. Otherwise what stderr is.
  [[nodiscard]] static Style choose(bool quiet);

  Progress(Style style, const Clock& clock, std::uint64_t chunks_total, std::uint64_t bytes_total);

  // Chunks that earlier attempts left: done, but not at this attempt's speed.
  void resume_from(const LoadState& state);
  void on_chunk(const ChunkReport& report);
  // Draws if enough time has passed: 5 times a second on a terminal, every 10 s in a log.
  void tick();
  // Removes the live line, so that other text can follow.
  void finish();

 private:
  void add(const ChunkReport& report);
  void draw(TimePoint now);
  [[nodiscard]] std::string terminal_line(double seconds) const;
  [[nodiscard]] std::string json_line(double seconds, const char* event) const;
  [[nodiscard]] const char* slow_stage() const;

  Style style_;
  const Clock& clock_;
  TimePoint started_;
  TimePoint drawn_;
  bool line_open_ = false;
  std::uint64_t chunks_total_;
  std::uint64_t bytes_total_;
  std::uint64_t chunks_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_resumed_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t rows_resumed_ = 0;
  std::uint64_t rejected_ = 0;
  StageTimes stages_;
};

// A journal that tells Progress about each chunk it takes.
class ProgressJournal final : public JournalWriter {
 public:
  ProgressJournal(std::unique_ptr<JournalWriter> journal, Progress& progress)
      : journal_(std::move(journal)), progress_(progress) {}
  [[nodiscard]] Status append(const JournalEntry& entry) override;
  [[nodiscard]] Status sync() override { return journal_->sync(); }

 private:
  std::unique_ptr<JournalWriter> journal_;
  Progress& progress_;
};

}  // namespace tipple
