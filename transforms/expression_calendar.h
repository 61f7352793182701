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

// Cassio Neri, Lorenz Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022). Right
// for years -32,767 on; other days give some month and day.
[[nodiscard]] constexpr CivilDate civil_from_days(std::int32_t days) {
  constexpr std::uint32_t kEras = 82;  // of 400 years, so that days become positive
  const std::uint32_t shifted = static_cast<std::uint32_t>(days) + 719'468 + 146'097 * kEras;
  const std::uint32_t quarters = 4 * shifted + 3;
  const std::uint32_t century = quarters / 146'097;
  const std::uint32_t century_quarters = quarters % 146'097 / 4 * 4 + 3;
  const std::uint64_t years = std::uint64_t{2'939'745} * century_quarters;
  const auto year_of_century = static_cast<std::uint32_t>(years >> 32);
  const std::uint32_t day_of_year = static_cast<std::uint32_t>(years) / 2'939'745 / 4;  // from 1 March
  const std::uint32_t months = 2141 * day_of_year + 197'913;
  const bool next_year = day_of_year >= 306;
  const std::uint32_t month = (months >> 16) - (next_year ? 12 : 0);
  const std::uint32_t year = 100 * century + year_of_century - 400 * kEras + (next_year ? 1 : 0);
  return {static_cast<std::int32_t>(year), static_cast<std::int32_t>(month),
          static_cast<std::int32_t>((months & 0xFFFF) / 2141 + 1)};
}
static_assert(civil_from_days(0).year == 1970 && civil_from_days(-1).year == 1969 && civil_from_days(-1).day == 31);
static_assert(civil_from_days(kDaysMin).year == 1 && civil_from_days(kDaysMin).day == 1);
static_assert(civil_from_days(kDaysMax).year == 9999 && civil_from_days(kDaysMax).month == 12);

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
  return static_cast<std::int32_t>(days - (days * kDayMicros > micros ? 1 : 0));
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

}  // namespace tipple
