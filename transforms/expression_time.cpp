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
#include "transforms/expression_rows.h"

namespace tipple {
namespace {

bool beyond(ExprContext& context, std::int64_t row, const std::string& what) {
  context.fault(row, "overflow", what + " is beyond the years 1 to 9999");
  return false;
}

template <int kSign>
Result<ExprVector> add_days(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(
      context, call.type(), arguments,
      [&, dates = ExprValues<std::int32_t>(arguments[0]), counts = ExprValues<std::int64_t>(arguments[1])](
          std::int64_t row, std::int32_t* out) {
        std::int64_t days = counts[row];
        const std::int64_t from = dates[row];
        // Beyond this every sum is out of range, whatever the sign.
        constexpr std::int64_t kDaysBound = 10'000'000;
        days = std::clamp(days, -kDaysBound, kDaysBound) * kSign + from;
        if (days < kDaysMin || days > kDaysMax) return beyond(context, row, "the date");
        *out = static_cast<std::int32_t>(days);
        return true;
      });
}

Result<ExprVector> date_difference(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_total<std::int32_t>(
      context, call.type(), arguments,
      [to = ExprValues<std::int32_t>(arguments[0]), from = ExprValues<std::int32_t>(arguments[1])](std::int64_t row) {
        return static_cast<std::int32_t>(std::int64_t{to[row]} - from[row]);
      });
}

Result<ExprVector> epoch_between(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<Int128>(context, call.type(), arguments,
                            [&, precision = call.type().precision, to = ExprValues<std::int64_t>(arguments[0]),
                             from = ExprValues<std::int64_t>(arguments[1])](std::int64_t row, Int128* out) {
                              *out = Int128{to[row]} - from[row];
                              if (fits_precision(*out, precision)) return true;
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

// False: it has more months, days or microseconds than 64 bits.
bool multiply(const Interval& interval, std::int64_t times, Interval* out) {
  bool overflow = false;
  for (std::size_t i = 0; i < 3; ++i) overflow |= __builtin_mul_overflow(interval.parts[i], times, &out->parts[i]);
  return !overflow;
}

// Months first, the day held within its month; then days; then microseconds.
[[gnu::always_inline]] inline bool add_interval(std::int64_t micros, const Interval& interval, std::int64_t* out) {
  const auto [months, days, rest] = interval.parts;
  constexpr std::int64_t kMonthsBound = 12 * 10'000;
  if (months < -kMonthsBound || months > kMonthsBound || !is_timestamp(micros)) return false;
  std::int32_t day_number = floor_days(micros);
  if (months != 0) {
    const CivilDate date = civil_from_days(day_number);
    const std::int64_t month_number = date.year * 12LL + date.month - 1 + months;
    if (month_number < 12 || month_number >= 12 * 10'000) return false;
    const auto year = static_cast<std::uint32_t>(month_number) / 12;
    const auto month = static_cast<std::uint32_t>(month_number) % 12 + 1;
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

// Without months, and so short that sums of it and a timestamp have 64 bits: its microseconds. Nothing: another one.
std::optional<std::int64_t> short_micros(const Interval& interval) {
  constexpr std::int64_t kDaysBound = 10'000'000;
  const auto [months, days, rest] = interval.parts;
  const bool is_short = months == 0 && days >= -kDaysBound && days <= kDaysBound && rest >= -kDaysBound * kDayMicros &&
                        rest <= kDaysBound * kDayMicros;
  return is_short ? std::optional(days * kDayMicros + rest) : std::nullopt;
}

// By one interval for all rows.
Result<ExprVector> shift_once(ExprContext& context, const ExprCall& call, ExprArguments arguments,
                              const Interval& interval, bool fits) {
  const ExprValues<std::int64_t> moments(arguments[0]);
  if (const auto micros = short_micros(interval); fits && micros) {
    return map_values<std::int64_t>(context, call.type(), arguments,
                                    [&context, moments, by = *micros](std::int64_t row, std::int64_t* out) {
                                      const std::int64_t from = moments[row];
                                      if (is_timestamp(from) && is_timestamp(from + by)) [[likely]] {
                                        *out = from + by;
                                        return true;
                                      }
                                      return beyond(context, row, "the timestamp");
                                    });
  }
  return map_values<std::int64_t>(context, call.type(), arguments,
                                  [&context, moments, interval, fits](std::int64_t row, std::int64_t* out) {
                                    if (fits && add_interval(moments[row], interval, out)) [[likely]]
                                      return true;
                                    *out = 0;
                                    return beyond(context, row, "the timestamp");
                                  });
}

template <int kSign>
Result<ExprVector> shift(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const Interval interval = interval_of(arguments[1].text_at(0));
  if (arguments.size() == 2) {
    Interval once;
    const bool fits = multiply(interval, kSign, &once);
    return shift_once(context, call, arguments, once, fits);
  }
  return map_values<std::int64_t>(
      context, call.type(), arguments,
      [&context, interval, moments = ExprValues<std::int64_t>(arguments[0]),
       counts = ExprValues<std::int64_t>(arguments[2])](std::int64_t row, std::int64_t* out) {
        std::int64_t times = 0;
        Interval moved;
        if (!__builtin_mul_overflow(counts[row], std::int64_t{kSign}, &times) && multiply(interval, times, &moved) &&
            add_interval(moments[row], moved, out)) {
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

// f(the field as a constant): loops are compiled for each field, which their rows then need not look at.
template <typename F>
Result<ExprVector> with_field(Field field, const F& f) {
  switch (field) {
#define TIPPLE_FIELD(name) \
  case Field::name:        \
    return f(std::integral_constant<Field, Field::name>{});
    TIPPLE_FIELD(kYear)
    TIPPLE_FIELD(kMonth)
    TIPPLE_FIELD(kDay)
    TIPPLE_FIELD(kHour)
    TIPPLE_FIELD(kMinute)
    TIPPLE_FIELD(kSecond)
    TIPPLE_FIELD(kQuarter)
    TIPPLE_FIELD(kWeek)
    TIPPLE_FIELD(kIsoyear)
    TIPPLE_FIELD(kDow)
    TIPPLE_FIELD(kIsodow)
    TIPPLE_FIELD(kDoy)
    TIPPLE_FIELD(kEpoch)
    TIPPLE_FIELD(kDecade)
    TIPPLE_FIELD(kCentury)
    TIPPLE_FIELD(kMillennium)
    TIPPLE_FIELD(kMillisecond)
    TIPPLE_FIELD(kMicrosecond)
    TIPPLE_FIELD(kJulian)
#undef TIPPLE_FIELD
  }
  TIPPLE_CHECK(false, "a field of no name");
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Of second, millisecond and epoch the microseconds: their decimals have 6 digits (milliseconds 3).
[[gnu::always_inline]] inline std::int64_t field_value(Field field, std::int32_t days, std::int64_t micros) {
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
      return day_of_year(days);
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

struct Moment {
  std::int32_t days;
  std::int64_t micros;  // of the day
};

// f(moment of a row) for each of a column's types; what is out of range counts as the range's end.
template <typename F>
Result<ExprVector> with_moments(const ExprVector& vector, const F& f) {
  if (vector.type.kind == TypeKind::kDate) {
    return f([days = ExprValues<std::int32_t>(vector)](std::int64_t row) {
      return Moment{std::clamp(days[row], kDaysMin, kDaysMax), 0};
    });
  }
  const auto clamped = [micros = ExprValues<std::int64_t>(vector)](std::int64_t row) {
    return std::clamp(micros[row], kDaysMin * kDayMicros, (std::int64_t{kDaysMax} + 1) * kDayMicros - 1);
  };
  if (vector.type.kind == TypeKind::kTime) return f([clamped](std::int64_t row) { return Moment{0, clamped(row)}; });
  return f([clamped](std::int64_t row) {
    const std::int64_t micros = clamped(row);
    const std::int32_t days = floor_days(micros);
    return Moment{days, micros - days * kDayMicros};
  });
}

constexpr bool has_decimals(Field field) {
  return field == Field::kSecond || field == Field::kMillisecond || field == Field::kEpoch;
}

Result<ExprVector> extract(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  const auto field = field_of(arguments[0].text_at(0));
  TIPPLE_CHECK(field.has_value(), "the checker knows the fields");
  TIPPLE_CHECK(has_decimals(*field) == (call.type().kind == TypeKind::kDecimal), "the checker knows their types");
  return with_field(*field, [&](auto constant) {
    using T = std::conditional_t<has_decimals(decltype(constant)::value), Int128, std::int64_t>;
    return with_moments(arguments[1], [&](auto moments) {
      return map_total<T>(context, call.type(), arguments, [moments](std::int64_t row) {
        const Moment moment = moments(row);
        return T{field_value(decltype(constant)::value, moment.days, moment.micros)};
      });
    });
  });
}

std::int32_t year_start(std::int64_t year) {
  return days_from_civil(static_cast<std::uint32_t>(std::max<std::int64_t>(year, 1)), 1, 1);
}

// The beginning of the unit that holds the moment. False: not a unit to cut to.
[[gnu::always_inline]] inline bool truncate(Field field, std::int64_t micros, std::int64_t* out) {
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
      first = days - day_of_year(days) + 1;
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
  const auto fault = [&](std::int64_t row) {
    context.fault(row, "domain",
                  fmt::format("date_trunc does not cut to '{}'", arguments[0].text_at(row).substr(0, 32)));
    return false;
  };
  const ExprValues<std::int64_t> moments(arguments[1]);
  const auto constant =
      arguments[0].scalar && arguments[0].is_valid(0) ? field_of(field_name(arguments[0].text_at(0))) : std::nullopt;
  if (constant) {
    return with_field(*constant, [&](auto field) {
      return map_values<std::int64_t>(
          context, call.type(), arguments, [fault, moments](std::int64_t row, std::int64_t* out) {
            const std::int64_t micros = moments[row];
            return (is_timestamp(micros) && truncate(decltype(field)::value, micros, out)) || fault(row);
          });
    });
  }
  return map_values<std::int64_t>(context, call.type(), arguments, [&](std::int64_t row, std::int64_t* out) {
    const std::int64_t micros = moments[row];
    const auto field = field_of(field_name(arguments[0].text_at(row)));
    return (field && is_timestamp(micros) && truncate(*field, micros, out)) || fault(row);
  });
}

Result<ExprVector> make_date(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  return map_values<std::int32_t>(
      context, call.type(), arguments,
      [&, years = ExprValues<std::int64_t>(arguments[0]), months = ExprValues<std::int64_t>(arguments[1]),
       numbers = ExprValues<std::int64_t>(arguments[2])](std::int64_t row, std::int32_t* out) {
        const std::int64_t year = years[row];
        const std::int64_t month = months[row];
        const std::int64_t day = numbers[row];
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
