#include "cli/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "cli/output.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;
constexpr Duration kTerminalInterval = 200ms;
constexpr Duration kLogInterval = 10s;

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool bold_wanted() {
  const char* none = std::getenv("NO_COLOR");
  return none == nullptr || *none == '\0';
}

const char* slow_stage(const StageTimes& stages) {
  const auto slowest = std::max_element(stages.busy_ns.begin(), stages.busy_ns.end());
  return *slowest == 0 ? "" : kStageNames[static_cast<std::size_t>(slowest - stages.busy_ns.begin())];
}

RowAccount all_tables(const Progress& progress) {
  RowAccount rows;
  for (const RowAccount& table : progress.done->tables) rows += table;
  return rows;
}

}  // namespace

ProgressDisplay::Style ProgressDisplay::choose(bool quiet) {
  if (quiet) return Style::kNone;
  // The launcher of --ranks knows what its own stderr is; the ranks only see a pipe.
  const char* chosen = std::getenv("TIPPLE_PROGRESS");
  if (chosen != nullptr && std::string_view(chosen) == "terminal") return Style::kTerminal;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return ::isatty(STDERR_FILENO) == 1 && !dumb ? Style::kTerminal : Style::kJsonLines;
}

ProgressDisplay::ProgressDisplay(Style style, const Clock& clock)
    : style_(style), clock_(clock), started_(clock.now()), drawn_(started_) {}

double ProgressDisplay::seconds() const { return std::chrono::duration<double>(clock_.now() - started_).count(); }

void ProgressDisplay::start(const Progress& progress) {
  if (style_ == Style::kJsonLines) std::fputs(progress_json(progress, 0, "start").c_str(), stderr);
}

void ProgressDisplay::tick(const Progress& progress) {
  if (style_ == Style::kNone) return;
  const TimePoint now = clock_.now();
  if (now - drawn_ < (style_ == Style::kTerminal ? kTerminalInterval : kLogInterval)) return;
  drawn_ = now;
  if (style_ == Style::kJsonLines) {
    std::fputs(progress_json(progress, seconds(), "progress").c_str(), stderr);
    return;
  }
  std::string line = progress_line(progress, seconds());
  line.resize(std::min(line.size(), terminal_columns() - 1));
  if (bold_wanted()) line = "\033[1m" + line + "\033[0m";
  std::fputs(("\r\033[K" + line).c_str(), stderr);
  std::fflush(stderr);
  line_open_ = true;
}

void ProgressDisplay::finish(const Progress& progress) {
  if (style_ == Style::kJsonLines) std::fputs(progress_json(progress, seconds(), "end").c_str(), stderr);
  if (line_open_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  line_open_ = false;
  style_ = Style::kNone;
}

std::string progress_line(const Progress& progress, double seconds) {
  if (progress.phase == Phase::kPublishing) return "publishing";
  if (progress.phase == Phase::kDraining) return "stopping: waiting for running chunks";
  const std::uint64_t bytes = progress.done->bytes;
  const RowAccount rows = all_tables(progress);
  const double rate = static_cast<double>(bytes - progress.bytes_resumed) / std::max(seconds, 1e-3);
  const double share =
      progress.bytes_total == 0 ? 1.0 : static_cast<double>(bytes) / static_cast<double>(progress.bytes_total);
  std::string line =
      fmt::format("{:3.0f}%  {} of {}  {} rows  {}/s", share * 100, bytes_text(bytes), bytes_text(progress.bytes_total),
                  count_text(rows.rows_out), bytes_text(static_cast<std::uint64_t>(rate)));
  if (rate > 0 && bytes < progress.bytes_total) {
    line += "  ETA " + seconds_text(static_cast<double>(progress.bytes_total - bytes) / rate);
  }
  line += fmt::format("  {} rejects", count_text(rows.rejected));
  const char* stage = slow_stage(progress.done->stages);
  if (*stage != '\0') line += fmt::format("  slowest: {}", stage);
  return line;
}

std::string progress_json(const Progress& progress, double seconds, const char* event) {
  const RowAccount rows = all_tables(progress);
  const Json line{{"event", event},
                  {"seconds", seconds},
                  {"chunks_done", progress.done->chunks},
                  {"chunks", progress.chunks_total},
                  {"chunks_resumed", progress.chunks_resumed},
                  {"bytes_done", progress.done->bytes},
                  {"bytes", progress.bytes_total},
                  {"rows", rows.rows_out},
                  {"rejected", rows.rejected},
                  {"workers", progress.workers_live},
                  {"slow_stage", slow_stage(progress.done->stages)}};
  return json_text(line, -1);
}

}  // namespace tipple
