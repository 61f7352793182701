#include "jobs/byte_size.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "base/limits.h"

namespace tipple {
namespace {

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<SizeUnit, 11> kSizeUnits = {{
    {"", 1},
    {"B", 1},
    {"kB", 1'000},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"KiB", limits::kKiB},
    {"MiB", limits::kMiB},
    {"GiB", limits::kGiB},
    {"TiB", 1024 * limits::kGiB},
}};

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view kHint = "a size is a whole number with an optional unit, as 64MiB or 500MB";
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return usage_error("'" + std::string(text) + "' is not a size", {}, std::string(kHint));
  std::string_view unit_name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit_name.starts_with(' ')) unit_name.remove_prefix(1);
  for (const SizeUnit& unit : kSizeUnits) {
    if (unit.name != unit_name) continue;
    constexpr auto kBytesMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (number > kBytesMax / unit.bytes) return usage_error("the size '" + std::string(text) + "' is too large");
    return number * unit.bytes;
  }
  return usage_error("'" + std::string(text) + "' has no known unit", {}, std::string(kHint));
}

}  // namespace tipple
