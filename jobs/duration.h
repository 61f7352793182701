// Durations as people write them: "500ms", "30s", "5m", "2h", "7d". Pure.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tipple {

// A whole number, at least 1, and a unit: ms, s, m, h, d. Error kUsage, also for more than 10,000 days.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

}  // namespace tipple
