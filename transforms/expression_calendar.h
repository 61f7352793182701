// Dates and times of expressions: days and microseconds to their parts and back, as PostgreSQL prints them. Years 0001
// to 9999.
#pragma once

#include <cstdint>

#include "formats/csv_time.h"

namespace tipple {

inline constexpr std::int64_t kDayMicros = kSecondsPerDay * kMicrosPerSecond;
inline constexpr std::int32_t kDaysMin = -719'162;   // 0001-01-01
inline constexpr std::int32_t kDaysMax = 2'932'896;  // 9999-12-31

struct CivilDate {
  std::int32_t year = 1970;
  std::int32_t month = 1;
  std::int32_t day = 1;
};

// Howard Hinnant, "chrono-compatible low-level date algorithms" (2014).
[[nodiscard]] constexpr CivilDate civil_from_days(std::int32_t days) {
  const std::int32_t shifted = days + 719'468;
  const std::int32_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const auto day_of_era = static_cast<std::uint32_t>(shifted - era * 146'097);
  const std::uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint32_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::uint32_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const std::int32_t year = static_cast<std::int32_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  return {year, static_cast<std::int32_t>(month), static_cast<std::int32_t>(day)};
}

// False: no such date.
[[nodiscard]] constexpr bool days_of_civil(std::int64_t year, std::int64_t month, std::int64_t day,
                                           std::int32_t* days) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  if (day > kDaysInMonth[leap_year(static_cast<std::uint32_t>(year))][month - 1]) return false;
  *days = days_from_civil(static_cast<std::uint32_t>(year), static_cast<std::uint32_t>(month),
                          static_cast<std::uint32_t>(day));
  return true;
}

[[nodiscard]] constexpr std::int32_t floor_days(std::int64_t micros) {
  const std::int64_t days = micros / kDayMicros;
  return static_cast<std::int32_t>(micros % kDayMicros < 0 ? days - 1 : days);
}
[[nodiscard]] constexpr std::int64_t micros_of_day(std::int64_t micros) {
  return micros - floor_days(micros) * kDayMicros;
}

// Within the years that a timestamp can be written in.
[[nodiscard]] constexpr bool is_timestamp(std::int64_t micros) {
  return micros >= kDaysMin * kDayMicros && micros < (std::int64_t{kDaysMax} + 1) * kDayMicros;
}

// Monday is 1, Sunday 7.
[[nodiscard]] constexpr std::int32_t iso_weekday(std::int32_t days) { return ((days + 3) % 7 + 7) % 7 + 1; }

struct IsoWeek {
  std::int32_t year = 1970;
  std::int32_t week = 1;
};
// ISO 8601: a week belongs to the year that holds its Thursday.
[[nodiscard]] constexpr IsoWeek iso_week(std::int32_t days) {
  const std::int32_t thursday = days - iso_weekday(days) + 4;
  const std::int32_t year = civil_from_days(thursday).year;
  const std::int32_t first = thursday - (days_from_civil(static_cast<std::uint32_t>(year < 1 ? 1 : year), 1, 1));
  return {year, first / 7 + 1};
}

// At most 32 bytes at `out`; the number of bytes.
std::size_t print_date(std::int32_t days, char* out);
std::size_t print_time(std::int64_t micros, char* out);                   // HH:MM:SS[.ffffff], no zeros at the end
std::size_t print_timestamp(std::int64_t micros, bool zoned, char* out);  // date, space, time; zoned: +00

}  // namespace tipple
