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

// A year that begins with March, as calendars are computed, and the day in it from 0.
struct MarchDay {
  std::uint32_t century;          // since the year -32,800
  std::uint32_t year_of_century;  // 0 to 99
  std::uint32_t day_of_year;
  [[nodiscard]] constexpr bool next_year() const { return day_of_year >= 306; }  // January or February
  [[nodiscard]] constexpr std::int32_t year() const {
    return static_cast<std::int32_t>(100 * century + year_of_century - 32'800 + (next_year() ? 1 : 0));
  }
};

// Cassio Neri, Lorenz Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022).
// Right for years -32,767 on; other days give some month and day.
[[nodiscard, gnu::always_inline]] constexpr MarchDay march_day(std::int32_t days) {
  const std::uint32_t quarters = 4 * (static_cast<std::uint32_t>(days) + 719'468 + 146'097 * 82) + 3;
  const std::uint32_t century_quarters = quarters % 146'097 / 4 * 4 + 3;
  const std::uint64_t years = std::uint64_t{2'939'745} * century_quarters;
  return {quarters / 146'097, static_cast<std::uint32_t>(years >> 32),
          static_cast<std::uint32_t>(years) / 2'939'745 / 4};
}

[[nodiscard, gnu::always_inline]] constexpr CivilDate civil_from_days(std::int32_t days) {
  const MarchDay march = march_day(days);
  const std::uint32_t months = 2141 * march.day_of_year + 197'913;
  const std::uint32_t month = (months >> 16) - (march.next_year() ? 12 : 0);
  return {march.year(), static_cast<std::int32_t>(month), static_cast<std::int32_t>((months & 0xFFFF) / 2141 + 1)};
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

// 1 January is 1.
[[nodiscard, gnu::always_inline]] constexpr std::int32_t day_of_year(std::int32_t days) {
  const MarchDay march = march_day(days);
  // The leap day is the last of the year of March before: this year's, if it is not yet over.
  const bool leap = march.year_of_century != 0 ? march.year_of_century % 4 == 0 : march.century % 4 == 0;
  const std::uint32_t behind_february = 60 + (leap ? 1 : 0);
  return static_cast<std::int32_t>(march.next_year() ? march.day_of_year - 305 : march.day_of_year + behind_february);
}
static_assert(day_of_year(0) == 1 && day_of_year(-1) == 365 && day_of_year(59) == 60 && day_of_year(1095) == 366);

// Monday is 1, Sunday 7.
[[nodiscard, gnu::always_inline]] constexpr std::int32_t iso_weekday(std::int32_t days) {
  constexpr std::int64_t kWeeks = 7LL * 400'000'000;  // so that the number is positive
  return static_cast<std::int32_t>(static_cast<std::uint64_t>(days + 3 + kWeeks) % 7) + 1;
}

struct IsoWeek {
  std::int32_t year = 1970;
  std::int32_t week = 1;
};
// ISO 8601: a week belongs to the year that holds its Thursday.
[[nodiscard, gnu::always_inline]] constexpr IsoWeek iso_week(std::int32_t days) {
  const std::int32_t thursday = days - iso_weekday(days) + 4;
  return {march_day(thursday).year(), (day_of_year(thursday) - 1) / 7 + 1};
}

}  // namespace tipple
