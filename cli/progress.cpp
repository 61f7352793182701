#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/output.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;
constexpr Duration kTerminalInterval = 200ms;
constexpr Duration kLogInterval = 10s;

double seconds_between(TimePoint from, TimePoint to) { return std::chrono::duration<double>(to - from).count(); }

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool colours_wanted() {
  const char* none = std::getenv("NO_COLOR");
  return none == nullptr || *none == '\0';
}

}  // namespace

Progress::Style Progress::choose(bool quiet) {
  if (quiet) return Style::kNone;
  // The launcher of --ranks knows what its own stderr is; the ranks only see a pipe.
  const char* chosen = std::getenv("TIPPLE_PROGRESS");
  if (chosen != nullptr && std::string_view(chosen) == "terminal") return Style::kTerminal;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return ::isatty(STDERR_FILENO) == 1 && !dumb ? Style::kTerminal : Style::kJsonLines;
}

Progress::Progress(Style style, const Clock& clock, std::uint64_t chunks_total, std::uint64_t bytes_total)
    : style_(style), clock_(clock), started_(clock.now()), drawn_(started_), chunks_total_(chunks_total), bytes_total_(bytes_total) {}

void Progress::resume_from(const LoadState& state) {
  for (const auto& [chunk, report] : state.accepted) add(report);
  bytes_resumed_ = bytes_;
  rows_resumed_ = rows_;
  if (style_ == Style::kJsonLines) std::fputs(json_line(0, "start").c_str(), stderr);
}

void Progress::on_chunk(const ChunkReport& report) { add(report); }

void Progress::add(const ChunkReport& report) {
  ++chunks_;
  bytes_ += report.bytes_read;
  stages_ += report.stages;
  for (const TableReport& table : report.tables) {
    rows_ += table.rows.rows_out;
    rejected_ += table.rows.rejected;
  }
}

const char* Progress::slow_stage() const {
  const auto slowest = std::max_element(stages_.busy_ns.begin(), stages_.busy_ns.end());
  return *slowest == 0 ? "" : kStageNames[static_cast<std::size_t>(slowest - stages_.busy_ns.begin())];
}

void Progress::tick() {
  if (style_ == Style::kNone) return;
  const TimePoint now = clock_.now();
  if (now - drawn_ < (style_ == Style::kTerminal ? kTerminalInterval : kLogInterval)) return;
  drawn_ = now;
  draw(now);
}

void Progress::draw(TimePoint now) {
  const double seconds = seconds_between(started_, now);
  if (style_ == Style::kJsonLines) {
    std::fputs(json_line(seconds, "progress").c_str(), stderr);
    return;
  }
  std::string line = terminal_line(seconds);
  line.resize(std::min(line.size(), terminal_columns() - 1));
  const bool bold = colours_wanted();
  fmt::print(stderr, "\r\033[K{}{}{}", bold ? "\033[1m" : "", line, bold ? "\033[0m" : "");
  std::fflush(stderr);
  line_open_ = true;
}

std::string Progress::terminal_line(double seconds) const {
  const double rate = static_cast<double>(bytes_ - bytes_resumed_) / std::max(seconds, 1e-3);
  const double share = bytes_total_ == 0 ? 1.0 : static_cast<double>(bytes_) / static_cast<double>(bytes_total_);
  std::string line = fmt::format("{:3.0f}%  {} of {}  {} rows  {}/s", std::min(share, 1.0) * 100, bytes_text(bytes_),
                                 bytes_text(bytes_total_), count_text(rows_), bytes_text(static_cast<std::uint64_t>(rate)));
  if (rate > 0 && bytes_ < bytes_total_) line += "  ETA " + seconds_text(static_cast<double>(bytes_total_ - bytes_) / rate);
  line += fmt::format("  {} rejects", count_text(rejected_));
  if (*slow_stage() != '\0') line += fmt::format("  slowest: {}", slow_stage());
  return line;
}

std::string Progress::json_line(double seconds, const char* event) const {
  const Json line{{"event", event},
                  {"seconds", seconds},
                  {"chunks_done", chunks_},
                  {"chunks", chunks_total_},
                  {"bytes_done", bytes_},
                  {"bytes", bytes_total_},
                  {"rows", rows_},
                  {"rows_resumed", rows_resumed_},
                  {"rejected", rejected_},
                  {"slow_stage", slow_stage()}};
  return json_text(line, -1);
}

void Progress::finish() {
  if (style_ == Style::kJsonLines) std::fputs(json_line(seconds_between(started_, clock_.now()), "end").c_str(), stderr);
  if (line_open_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  line_open_ = false;
  style_ = Style::kNone;
}

Status ProgressJournal::append(const JournalEntry& entry) {
  TIPPLE_RETURN_IF_ERROR(journal_->append(entry));
  if (const auto* accepted = std::get_if<JournalAccepted>(&entry)) progress_.on_chunk(accepted->report);
  return {};
}

}  // namespace tipple
