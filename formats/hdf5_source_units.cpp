#include "formats/hdf5_source_units.h"

#include <array>
#include <string>

#include "formats/csv_time.h"

namespace tipple {
namespace {

// Skips spaces.
void trim(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\0')) text.remove_suffix(1);
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

// One to `digits_max` digits.
std::optional<std::uint32_t> take_number(std::string_view& text, std::size_t digits_max) {
  std::uint32_t value = 0;
  std::size_t digits = 0;
  for (; digits < digits_max && !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
    value = value * 10 + static_cast<std::uint32_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return value;
}

struct UnitName {
  std::string_view name;
  bool nanos;
  std::int64_t step;
};

constexpr std::int64_t kHour = 3600 * kMicrosPerSecond;
constexpr std::array kUnits = {UnitName{"nanosecond", true, 1},
                               UnitName{"ns", true, 1},
                               UnitName{"microsecond", false, 1},
                               UnitName{"us", false, 1},
                               UnitName{"millisecond", false, 1000},
                               UnitName{"ms", false, 1000},
                               UnitName{"msec", false, 1000},
                               UnitName{"second", false, kMicrosPerSecond},
                               UnitName{"sec", false, kMicrosPerSecond},
                               UnitName{"s", false, kMicrosPerSecond},
                               UnitName{"minute", false, kHour / 60},
                               UnitName{"min", false, kHour / 60},
                               UnitName{"hour", false, kHour},
                               UnitName{"hr", false, kHour},
                               UnitName{"h", false, kHour},
                               UnitName{"day", false, 24 * kHour},
                               UnitName{"d", false, 24 * kHour}};

std::optional<UnitName> find_unit(std::string_view text) {
  const std::string name = lower(text);
  for (const UnitName& unit : kUnits) {
    if (name == unit.name || (unit.name.size() > 1 && unit.name != "us" && unit.name != "ms" && unit.name != "ns" &&
                              name == std::string(unit.name) + "s")) {
      return unit;
    }
  }
  return std::nullopt;
}

// Y-M-D with or without leading zeros, as days.
std::optional<std::int32_t> take_day(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || *year < 1 || *month < 1 || *month > 12) return std::nullopt;
  if (*day < 1 || *day > kDaysInMonth[leap_year(*year)][*month - 1]) return std::nullopt;
  return days_from_civil(*year, *month, *day);
}

// H[:M[:S[.f]]] in microseconds; absent: 0.
std::optional<std::int64_t> take_clock(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return 0;
  const auto hour = take_number(text, 2);
  std::optional<std::uint32_t> minute = 0;
  std::optional<std::uint32_t> second = 0;
  std::int64_t micros = 0;
  if (take(text, ':')) {
    minute = take_number(text, 2);
    if (minute && take(text, ':')) second = take_number(text, 2);
    if (second && take(text, '.')) {
      std::int64_t digit = kMicrosPerSecond / 10;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; digit /= 10) {
        if (digit == 0 && text.front() != '0') return std::nullopt;
        micros += (text.front() - '0') * digit;
        text.remove_prefix(1);
      }
    }
  }
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return *hour * kHour + *minute * (kHour / 60) + *second * kMicrosPerSecond + micros;
}

// Z, UTC, GMT, or +-H[H][:MM], +-HHMM: what UTC lags behind. Nothing: another text.
std::optional<std::int64_t> take_zone(std::string_view text) {
  const std::string name = lower(text);
  if (name == "z" || name == "utc" || name == "gmt") return 0;
  const bool west = take(text, '-');
  if (!west && !take(text, '+')) return std::nullopt;
  const std::size_t digits = text.find(':') == std::string_view::npos ? text.size() : 2;
  if (digits == 4) {
    const auto both = take_number(text, 4);
    if (!both || !text.empty() || *both / 100 > 23 || *both % 100 > 59) return std::nullopt;
    return (west ? -1 : 1) * (*both / 100 * kHour + *both % 100 * (kHour / 60));
  }
  const auto hours = take_number(text, 2);
  std::optional<std::uint32_t> minutes = 0;
  if (hours && take(text, ':')) minutes = take_number(text, 2);
  if (!hours || !minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (*hours * kHour + *minutes * (kHour / 60));
}

bool is_gregorian(std::string_view calendar) {
  const std::string name = lower(calendar);
  return name.empty() || name == "standard" || name == "gregorian" || name == "proleptic_gregorian";
}

}  // namespace

std::optional<Hdf5TimeUnits> parse_hdf5_time_units(std::string_view units, std::string_view calendar) {
  trim(units);
  trim(calendar);
  const std::size_t space = units.find(' ');
  if (space == std::string_view::npos || !is_gregorian(calendar)) return std::nullopt;
  const auto unit = find_unit(units.substr(0, space));
  units.remove_prefix(space);
  trim(units);
  if (!unit || lower(units.substr(0, 6)) != "since ") return std::nullopt;
  units.remove_prefix(6);
  trim(units);

  const auto day = take_day(units);
  if (!day) return std::nullopt;
  if (!take(units, 'T')) trim(units);
  const auto clock = take_clock(units);
  if (!clock) return std::nullopt;
  trim(units);
  Hdf5TimeUnits result{unit->nanos, !units.empty(), unit->step, *day * kSecondsPerDay * kMicrosPerSecond + *clock};
  if (result.zoned) {
    const auto zone = take_zone(units);
    if (!zone) return std::nullopt;
    result.base -= *zone;
  }
  if (result.nanos && __builtin_mul_overflow(result.base, std::int64_t{1000}, &result.base)) return std::nullopt;
  return result;
}

}  // namespace tipple
