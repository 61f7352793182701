// Dates and times out of CSV text, 8 bytes at a time. The two ways in, fast() and parse(), are those of csv_number.h.
//
//   date YYYY-MM-DD    time HH:MM[:SS[.f...]]    timestamp date, space or T, time    zone Z or +-HH[:MM]
// Years 0001 to 9999 of the proleptic Gregorian calendar; no leap seconds; fractions to the microsecond (further digits
// must be 0).
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/csv_number.h"

namespace tipple {

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kSecondsPerDay = 86'400;

// Days from 0001-01-01 to 1970-01-01.
inline constexpr std::int32_t kEpochDays = 719'162;

// By [leap year][month - 1]; 16 wide so that a masked index stays inside.
constexpr std::uint8_t kDaysInMonth[2][16] = {{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0, 0},
                                              {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0, 0}};
constexpr std::uint16_t kDaysBeforeMonth[2][16] = {{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 0, 0, 0, 0},
                                                   {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 0, 0, 0, 0}};

// 1 or 0, and no branch: years of a column are in no order.
[[nodiscard]] constexpr std::uint32_t leap_year(std::uint32_t year) {
  return (std::uint32_t{year % 4 == 0} & std::uint32_t{year % 100 != 0}) | std::uint32_t{year % 400 == 0};
}

// Days from 1970-01-01. Precondition: 1 <= year <= 9999, 1 <= month <= 12, a day of that month.
[[nodiscard]] constexpr std::int32_t days_from_civil(std::uint32_t year, std::uint32_t month, std::uint32_t day) {
  const std::uint32_t before = year - 1;
  const std::uint32_t days =
      before * 365 + before / 4 - before / 100 + before / 400 + kDaysBeforeMonth[leap_year(year)][month - 1] + day - 1;
  return static_cast<std::int32_t>(days) - kEpochDays;
}
static_assert(days_from_civil(1970, 1, 1) == 0 && days_from_civil(2000, 3, 1) == 11017);
static_assert(days_from_civil(1, 1, 1) == -719162 && days_from_civil(9999, 12, 31) == 2932896);

// Why ten bytes are not a date.
enum class CsvDateFault : std::uint8_t { kNone, kForm, kDay };

// YYYY-MM-DD at `p`; 16 bytes must be readable.
[[nodiscard, gnu::always_inline]] inline CsvDateFault read_date(const char* p, std::int32_t* days) {
  constexpr std::uint64_t kForm = 0x2D30302D30303030;   // "0000-00-"
  constexpr std::uint64_t kLimit = 0x7F76767F76767676;  // 9 + 0x76 and 0 + 0x7f do not reach 0x80, the next ones do
  const std::uint64_t front = load_8_bytes(p) ^ kForm;
  const std::uint64_t back = (load_8_bytes(p + 8) & 0xFFFF) ^ 0x3030;
  const std::uint64_t faults = front | (front + kLimit) | back | (back + 0x7676);
  if ((faults & 0x8080808080808080) != 0) [[unlikely]]
    return CsvDateFault::kForm;
  const std::uint64_t pairs = front * 10 + (front >> 8);
  const auto year = static_cast<std::uint32_t>((pairs & 0xFF) * 100 + (pairs >> 16 & 0xFF));
  const auto month = static_cast<std::uint32_t>(pairs >> 40 & 0xFF);
  const auto day = static_cast<std::uint32_t>((back & 0xFF) * 10 + (back >> 8));
  if (year == 0 || month - 1 >= 12 || day - 1 >= kDaysInMonth[leap_year(year)][month - 1]) [[unlikely]] {
    return CsvDateFault::kDay;
  }
  *days = days_from_civil(year, month, day);
  return CsvDateFault::kNone;
}

// HH:MM:SS at `p` as seconds since midnight; false if it is none. 8 bytes must be readable.
[[nodiscard, gnu::always_inline]] inline bool read_clock(const char* p, std::uint32_t* seconds) {
  constexpr std::uint64_t kForm = 0x30303A30303A3030;  // "00:00:00"
  constexpr std::uint64_t kLimit = 0x76767F76767F7676;
  const std::uint64_t digits = load_8_bytes(p) ^ kForm;
  const std::uint64_t pairs = digits * 10 + (digits >> 8);
  const auto hour = static_cast<std::uint32_t>(pairs & 0xFF);
  const auto minute = static_cast<std::uint32_t>(pairs >> 24 & 0xFF);
  const auto second = static_cast<std::uint32_t>(pairs >> 48 & 0xFF);
  *seconds = hour * 3600 + minute * 60 + second;
  const bool form = ((digits | (digits + kLimit)) & 0x8080808080808080) == 0;
  return form && hour < 24 && minute < 60 && second < 60;
}

struct CsvDateParser {
  using Value = std::int32_t;
  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, std::int32_t* out) const {
    return length == 10 && read_date(p, out) == CsvDateFault::kNone;
  }
  [[nodiscard]] CsvVerdict parse(std::string_view text, std::int32_t* out) const;
};

struct CsvTimeParser {
  using Value = std::int64_t;
  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, std::int64_t* out) const {
    std::uint32_t seconds = 0;
    if (length != 8 || !read_clock(p, &seconds)) [[unlikely]]
      return false;
    *out = seconds * kMicrosPerSecond;
    return true;
  }
  [[nodiscard]] CsvVerdict parse(std::string_view text, std::int64_t* out) const;
};

class CsvTimestampParser {
 public:
  using Value = std::int64_t;
  explicit CsvTimestampParser(bool zoned) : zoned_(zoned) {}
  // Plain: to the second, with Z if and only if zoned.
  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, std::int64_t* out) const {
    std::int32_t days = 0;
    std::uint32_t seconds = 0;
    if (length != (zoned_ ? 20U : 19U)) [[unlikely]]
      return false;
    const bool form = (p[10] == ' ' || p[10] == 'T') && (!zoned_ || p[19] == 'Z');
    if (!read_clock(p + 11, &seconds) || !form || read_date(p, &days) != CsvDateFault::kNone) [[unlikely]]
      return false;
    *out = (days * kSecondsPerDay + seconds) * kMicrosPerSecond;
    return true;
  }
  [[nodiscard]] CsvVerdict parse(std::string_view text, std::int64_t* out) const;

 private:
  bool zoned_;
};

}  // namespace tipple
