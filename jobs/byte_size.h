// Sizes as people write them: "256MiB", "1GiB", "500MB", "1048576". Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace tipple {

// A whole number and an optional unit: B, kB/KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024).
// Error kUsage, also for sizes of 2^63 bytes and more.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace tipple
