#include "cli/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>

namespace tipple {
namespace {

std::string_view kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kStrict:
      return "strict";
    case ErrorKind::kQuality:
      return "quality";
    case ErrorKind::kEnvironment:
      return "environment";
    case ErrorKind::kLocked:
      return "locked";
    case ErrorKind::kCheckpointed:
      return "checkpointed";
  }
  TIPPLE_CHECK(false, "unknown error kind");
}

// Terminal columns of UTF-8 text: code points, which is right for everything that Tipple itself names.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Status print_text(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return system_error(errno, "cannot write the result", "stdout");
  }
  return {};
}

std::string json_text(const Json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status print_json(const Json& document) { return print_text(json_text(document, 2)); }
Status print_json_line(const Json& document) { return print_text(json_text(document, -1)); }

void print_error(const Error& error) {
  std::string text = "tipple: ";
  if (!error.where.empty()) text += error.where + ": ";
  text += error.what + "\n";
  if (!error.hint.empty()) text += "  " + error.hint + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

Json error_json(const Error& error) {
  return Json{{"outcome", "failed"},
              {"error",
               {{"kind", kind_name(error.kind)},
                {"exit_code", exit_code(error.kind)},
                {"where", error.where},
                {"what", error.what},
                {"hint", error.hint}}}};
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  std::vector<std::size_t> widths(rows[0].size());
  std::vector<bool> right(rows[0].size());
  for (std::size_t c = 0; c < widths.size(); ++c) right[c] = rows[0][c].starts_with('>');
  const auto cell = [&](std::size_t r, std::size_t c) {
    std::string_view text = rows[r][c];
    if (r == 0 && right[c]) text.remove_prefix(1);
    return text;
  };
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) widths[c] = std::max(widths[c], width(cell(r, c)));
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const std::string_view text = cell(r, c);
      const std::string padding(widths[c] - width(text), ' ');
      if (c > 0) line += "  ";
      line += right[c] ? padding + std::string(text) : std::string(text) + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000.0 && unit + 1 < kUnits.size()) {
    value /= 1024.0;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, kUnits[unit]);
}

std::string seconds_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string time_text(std::int64_t milliseconds) {
  const std::time_t time = milliseconds / 1000;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace tipple
