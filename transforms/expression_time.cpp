// Functions of dates and times. Results stay within the years 1 to 9999, which is what columns hold; beyond is a fault
// "overflow".
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "transforms/expression_calendar.h"
#include "transforms/expression_decimal.h"
#include "transforms/expression_vector.h"

namespace tipple {
namespace {

bool beyond(ExprContext& context, std::int64_t row, const std::string& what) {
  context.fault(row, "overflow", what + " is beyond the years 1 to 9999");
  return false;
}

template <int kSign>
Result<ExprVector> add_days(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    std::int64_t days = arguments[1].at<std::int64_t>(row);
    const std::int64_t from = arguments[0].at<std::int32_t>(row);
    // Beyond this every sum is out of range, whatever the sign.
    constexpr std::int64_t kDaysBound = 10'000'000;
    days = std::clamp(days, -kDaysBound, kDaysBound) * kSign + from;
    if (days < kDaysMin || days > kDaysMax) return beyond(context, row, "the date");
    *out = static_cast<std::int32_t>(days);
    return true;
  });
}

Result<ExprVector> date_difference(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    *out = static_cast<std::int32_t>(std::int64_t{arguments[0].at<std::int32_t>(row)} -
                                     arguments[1].at<std::int32_t>(row));
    return true;
  });
}

Result<ExprVector> epoch_between(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<Int128>(context, call.type(), arguments, [&](std::int64_t row, Int128* out) {
    *out = Int128{arguments[0].at<std::int64_t>(row)} - arguments[1].at<std::int64_t>(row);
    if (fits_precision(*out, call.type().precision)) return true;
    return beyond(context, row, "the difference");
  });
}

// "months,days,microseconds"
struct Interval {
  std::int64_t parts[3] = {0, 0, 0};
};

Interval interval_of(std::string_view text) {
  Interval interval;
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (std::int64_t& part : interval.parts) {
    at = std::from_chars(at, end, part).ptr;
    if (at != end) ++at;
  }
  return interval;
}

// Months first, the day held within its month; then days; then microseconds.
bool add_interval(std::int64_t micros, const Interval& interval, std::int64_t times, std::int64_t* out) {
  std::int64_t months = 0;
  std::int64_t days = 0;
  std::int64_t rest = 0;
  if (__builtin_mul_overflow(interval.parts[0], times, &months) ||
      __builtin_mul_overflow(interval.parts[1], times, &days) ||
      __builtin_mul_overflow(interval.parts[2], times, &rest)) {
    return false;
  }
  constexpr std::int64_t kMonthsBound = 12 * 10'000;
  if (months < -kMonthsBound || months > kMonthsBound || !is_timestamp(micros)) return false;
  std::int32_t day_number = floor_days(micros);
  if (months != 0) {
    const CivilDate date = civil_from_days(day_number);
    const std::int64_t month_number = date.year * 12LL + date.month - 1 + months;
    if (month_number < 12 || month_number >= 12 * 10'000) return false;
    const auto year = static_cast<std::uint32_t>(month_number / 12);
    const auto month = static_cast<std::uint32_t>(month_number % 12 + 1);
    const auto last = static_cast<std::uint32_t>(kDaysInMonth[leap_year(year)][month - 1]);
    day_number = days_from_civil(year, month, std::min(static_cast<std::uint32_t>(date.day), last));
  }
  std::int64_t moved = 0;
  if (__builtin_mul_overflow(days, kDayMicros, &moved) ||
      __builtin_add_overflow(moved, day_number * kDayMicros, &moved) ||
      __builtin_add_overflow(moved, micros_of_day(micros), &moved) || __builtin_add_overflow(moved, rest, out)) {
    return false;
  }
  return is_timestamp(*out);
}

template <int kSign>
Result<ExprVector> shift(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const Interval interval = interval_of(arguments[1].text_at(0));
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    const std::int64_t times = arguments.size() == 3 ? arguments[2].at<std::int64_t>(row) : 1;
    std::int64_t signed_times = 0;
    if (!__builtin_mul_overflow(times, std::int64_t{kSign}, &signed_times) &&
        add_interval(arguments[0].at<std::int64_t>(row), interval, signed_times, out)) {
      return true;
    }
    *out = 0;
    return beyond(context, row, "the timestamp");
  });
}

enum class Field {
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kQuarter,
  kWeek,
  kIsoyear,
  kDow,
  kIsodow,
  kDoy,
  kEpoch,
  kDecade,
  kCentury,
  kMillennium,
  kMillisecond,
  kMicrosecond,
  kJulian,
};

constexpr std::array<std::string_view, 19> kFieldNames = {
    "year",   "month", "day",   "hour",   "minute",  "second",     "quarter",     "week",        "isoyear", "dow",
    "isodow", "doy",   "epoch", "decade", "century", "millennium", "millisecond", "microsecond", "julian"};

std::optional<Field> field_of(std::string_view name) {
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    if (kFieldNames[i] == name) return static_cast<Field>(i);
  }
  return std::nullopt;
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Of second, millisecond and epoch the microseconds: their decimals have 6 digits (milliseconds 3).
std::int64_t field_value(Field field, std::int32_t days, std::int64_t micros) {
  const CivilDate date = civil_from_days(days);
  switch (field) {
    case Field::kYear:
      return date.year;
    case Field::kMonth:
      return date.month;
    case Field::kDay:
      return date.day;
    case Field::kHour:
      return micros / (3600 * kMicrosPerSecond);
    case Field::kMinute:
      return micros / (60 * kMicrosPerSecond) % 60;
    case Field::kSecond:
    case Field::kMillisecond:
    case Field::kMicrosecond:
      return micros % (60 * kMicrosPerSecond);
    case Field::kQuarter:
      return (date.month + 2) / 3;
    case Field::kWeek:
      return iso_week(days).week;
    case Field::kIsoyear:
      return iso_week(days).year;
    case Field::kDow:
      return iso_weekday(days) % 7;
    case Field::kIsodow:
      return iso_weekday(days);
    case Field::kDoy:
      return days - days_from_civil(static_cast<std::uint32_t>(date.year), 1, 1) + 1;
    case Field::kEpoch:
      return days * kDayMicros + micros;
    case Field::kDecade:
      return date.year / 10;
    case Field::kCentury:
      return ceil_div(date.year, 100);
    case Field::kMillennium:
      return ceil_div(date.year, 1000);
    case Field::kJulian:
      return days + 2'440'588;
  }
  TIPPLE_CHECK(false, "a field of no name");
}

// Days and microseconds of the day of a date, a timestamp or a time.
void moment_at(const ExprVector& vector, std::int64_t row, std::int32_t* days, std::int64_t* micros) {
  if (vector.type.kind == TypeKind::kDate) {
    *days = std::clamp(vector.at<std::int32_t>(row), kDaysMin, kDaysMax);
    *micros = 0;
    return;
  }
  const std::int64_t value =
      std::clamp(vector.at<std::int64_t>(row), kDaysMin * kDayMicros, (std::int64_t{kDaysMax} + 1) * kDayMicros - 1);
  *days = vector.type.kind == TypeKind::kTime ? 0 : floor_days(value);
  *micros = vector.type.kind == TypeKind::kTime ? value : micros_of_day(value);
}

template <typename T>
Result<ExprVector> extract_as(ExprContext& context, const ExprCall& call, ExprArguments arguments, Field field) {
  return map_values<T>(context, call.type(), arguments, [&](std::int64_t row, T* out) {
    std::int32_t days = 0;
    std::int64_t micros = 0;
    moment_at(arguments[1], row, &days, &micros);
    *out = field_value(field, days, micros);
    return true;
  });
}

Result<ExprVector> extract(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const auto field = field_of(arguments[0].text_at(0));
  TIPPLE_CHECK(field.has_value(), "the checker knows the fields");
  if (call.type().kind == TypeKind::kDecimal) return extract_as<Int128>(context, call, arguments, *field);
  return extract_as<std::int64_t>(context, call, arguments, *field);
}

std::int32_t year_start(std::int64_t year) {
  return days_from_civil(static_cast<std::uint32_t>(std::max<std::int64_t>(year, 1)), 1, 1);
}

// The beginning of the unit that holds the moment. False: not a unit to cut to.
bool truncate(Field field, std::int64_t micros, std::int64_t* out) {
  const std::int32_t days = floor_days(micros);
  const std::int64_t of_day = micros_of_day(micros);
  const CivilDate date = civil_from_days(days);
  const auto down_to = [&](std::int64_t unit) { return days * kDayMicros + of_day / unit * unit; };
  std::int32_t first = days;
  switch (field) {
    case Field::kMicrosecond:
      *out = micros;
      return true;
    case Field::kMillisecond:
      *out = down_to(1000);
      return true;
    case Field::kSecond:
      *out = down_to(kMicrosPerSecond);
      return true;
    case Field::kMinute:
      *out = down_to(60 * kMicrosPerSecond);
      return true;
    case Field::kHour:
      *out = down_to(3600 * kMicrosPerSecond);
      return true;
    case Field::kDay:
      break;
    case Field::kWeek:
      first = days - iso_weekday(days) + 1;
      break;
    case Field::kMonth:
      first = days - date.day + 1;
      break;
    case Field::kQuarter:
      first = days_from_civil(static_cast<std::uint32_t>(date.year),
                              static_cast<std::uint32_t>((date.month - 1) / 3 * 3 + 1), 1);
      break;
    case Field::kYear:
      first = year_start(date.year);
      break;
    case Field::kDecade:
      first = year_start(date.year / 10 * 10);
      break;
    case Field::kCentury:
      first = year_start((date.year - 1) / 100 * 100 + 1);
      break;
    case Field::kMillennium:
      first = year_start((date.year - 1) / 1000 * 1000 + 1);
      break;
    case Field::kIsoyear:
    case Field::kDow:
    case Field::kIsodow:
    case Field::kDoy:
    case Field::kEpoch:
    case Field::kJulian:
      return false;
  }
  *out = std::max(first, kDaysMin) * kDayMicros;
  return true;
}

std::string field_name(std::string_view text) {
  std::string name(text);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (name.ends_with("seconds")) name.pop_back();
  return name;
}

Result<ExprVector> date_trunc(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const auto constant =
      arguments[0].scalar && arguments[0].is_valid(0) ? field_of(field_name(arguments[0].text_at(0))) : std::nullopt;
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    const std::int64_t micros = arguments[1].at<std::int64_t>(row);
    const auto field = arguments[0].scalar ? constant : field_of(field_name(arguments[0].text_at(row)));
    if (field && is_timestamp(micros) && truncate(*field, micros, out)) return true;
    context.fault(row, "domain",
                  fmt::format("date_trunc does not cut to '{}'", arguments[0].text_at(row).substr(0, 32)));
    return false;
  });
}

Result<ExprVector> make_date(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(context, call.type(), arguments, [&](std::int64_t row, std::int32_t* out) {
    const std::int64_t year = arguments[0].at<std::int64_t>(row);
    const std::int64_t month = arguments[1].at<std::int64_t>(row);
    const std::int64_t day = arguments[2].at<std::int64_t>(row);
    if (days_of_civil(year, month, day, out)) [[likely]]
      return true;
    context.fault(row, "domain", fmt::format("there is no date {}-{}-{}", year, month, day));
    return false;
  });
}

// Seconds as microseconds, to the nearest. False: not within a minute.
bool clock_micros(std::int64_t hour, std::int64_t minute, double second, std::int64_t* out) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60)) return false;
  *out = (hour * 3600 + minute * 60) * kMicrosPerSecond + std::llround(second * 1e6);
  return *out < kDayMicros;
}

Result<ExprVector> make_time(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    const std::int64_t hour = arguments[0].at<std::int64_t>(row);
    const std::int64_t minute = arguments[1].at<std::int64_t>(row);
    const double second = arguments[2].at<double>(row);
    if (clock_micros(hour, minute, second, out)) return true;
    context.fault(row, "domain", fmt::format("there is no time {}:{}:{}", hour, minute, second));
    return false;
  });
}

Result<ExprVector> make_timestamp(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    std::int64_t part[5];
    for (std::size_t i = 0; i < 5; ++i) part[i] = arguments[i].at<std::int64_t>(row);
    const double second = arguments[5].at<double>(row);
    std::int32_t days = 0;
    std::int64_t micros = 0;
    if (days_of_civil(part[0], part[1], part[2], &days) && clock_micros(part[3], part[4], second, &micros)) {
      *out = days * kDayMicros + micros;
      return true;
    }
    context.fault(
        row, "domain",
        fmt::format("there is no timestamp {}-{}-{} {}:{}:{}", part[0], part[1], part[2], part[3], part[4], second));
    return false;
  });
}

Result<ExprVector> timestamp_of_epoch(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    const double seconds = arguments[0].at<double>(row);
    constexpr double kSecondsBound = 1e12;
    if (std::fabs(seconds) < kSecondsBound) {
      *out = std::llrint(seconds * 1e6);
      if (is_timestamp(*out)) return true;
    }
    *out = 0;
    return beyond(context, row, fmt::format("to_timestamp({})", seconds));
  });
}

}  // namespace

ExprKernel time_kernel(const TypedExpr& expr) {
  const std::pair<std::string_view, ExprKernel> kKernels[] = {
      {"date_add_days", add_days<1>},
      {"date_subtract_days", add_days<-1>},
      {"date_difference", date_difference},
      {"epoch_between", epoch_between},
      {"add_interval", shift<1>},
      {"subtract_interval", shift<-1>},
      {"extract", extract},
      {"date_trunc", date_trunc},
      {"make_date", make_date},
      {"make_time", make_time},
      {"make_timestamp", make_timestamp},
  };
  for (const auto& [name, kernel] : kKernels) {
    if (expr.function == name) return kernel;
  }
  return expr.function == "to_timestamp" && expr.arguments.size() == 1 ? timestamp_of_epoch : nullptr;
}

}  // namespace tipple
