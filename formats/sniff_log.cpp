#include "formats/sniff_log.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <re2/re2.h>

namespace tipple {
namespace {

constexpr std::size_t kTriedLines = 1000;
constexpr double kMatchingShareMin = 0.9;

struct KnownLog {
  std::string_view name;
  std::string_view pattern;
};

// The combined format also matches the common one, of which it is the longer form.
constexpr std::array<KnownLog, 4> kKnownLogs = {{
    {"Apache's and nginx's access log (common format)",
     R"re(^(?P<host>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<at>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-)$)re"},
    {"Apache's and nginx's access log (combined format)",
     R"re(^(?P<host>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<at>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-) "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"$)re"},
    {"syslog",
     R"re(^(?P<at>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<process>[^\s:\[]+)(?:\[(?P<pid>\d+)\])?: ?(?P<message>.*)$)re"},
    {"Slurm's daemons",
     R"re(^\[(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\] (?:(?P<level>error|debug\d?|info|verbose): )?(?P<message>.*)$)re"},
}};

}  // namespace

std::optional<SniffedLog> sniff_log(std::string_view sample) {
  for (const KnownLog& log : kKnownLogs) {
    const RE2 pattern(re2::StringPiece(log.pattern.data(), log.pattern.size()), RE2::Quiet);
    std::size_t tried = 0;
    std::size_t matching = 0;
    for (std::size_t at = 0; at < sample.size() && tried < kTriedLines;) {
      const std::size_t end = std::min(sample.find('\n', at), sample.size());
      std::string_view line = sample.substr(at, end - at);
      at = end + 1;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      ++tried;
      matching += RE2::FullMatch(re2::StringPiece(line.data(), line.size()), pattern) ? 1 : 0;
    }
    if (tried == 0 || static_cast<double>(matching) < kMatchingShareMin * static_cast<double>(tried)) continue;
    return SniffedLog{std::string(log.pattern),
                      fmt::format("format log: {} of {} sampled lines are those of {}", matching, tried, log.name)};
  }
  return std::nullopt;
}

}  // namespace tipple
