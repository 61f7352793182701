#include "jobs/duration.h"

#include <array>
#include <charconv>
#include <string>

namespace tipple {
namespace {

using namespace std::chrono_literals;

struct TimeUnit {
  std::string_view name;
  Duration length;
};

constexpr std::array<TimeUnit, 5> kTimeUnits = {{{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}}};
constexpr Duration kDurationMax = 24h * 10'000;

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  constexpr const char* kHint = "write a whole number and a unit, as 500ms, 30s, 5m, 2h or 7d";
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || number < 1)
    return usage_error("'" + std::string(text) + "' is not a duration", {}, kHint);
  const std::string_view unit_name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const TimeUnit& unit : kTimeUnits) {
    if (unit.name != unit_name) continue;
    if (number > kDurationMax / unit.length) return usage_error("the duration '" + std::string(text) + "' is too long");
    return number * unit.length;
  }
  return usage_error("'" + std::string(text) + "' has no known unit", {}, kHint);
}

}  // namespace tipple
