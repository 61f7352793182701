// to_char, to_date and to_timestamp: a format is a row of fields (YYYY, MM, ...), texts in double quotes, and other
// characters.
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/check.h"
#include "formats/csv_rule.h"
#include "transforms/expression_calendar.h"
#include "transforms/expression_digits.h"
#include "transforms/expression_writer.h"

namespace tipple {
namespace {

enum class Part : std::uint8_t {
  kText,
  kYear4,
  kYear2,
  kMonth,
  kMonthName,
  kMonthShort,
  kDay,
  kDayOfYear,
  kDayName,
  kDayShort,
  kDow,
  kIsoDow,
  kIsoWeek,
  kIsoYear,
  kQuarter,
  kHour24,
  kHour12,
  kMinute,
  kSecond,
  kMillis,
  kMicros,
  kMeridiem,
};

enum class Letters : std::uint8_t { kUpper, kCapital, kLower };

struct FormatPart {
  Part part = Part::kText;
  Letters letters = Letters::kCapital;
  bool bare = false;  // behind FM: no zeros in front, no spaces behind
  std::string text;   // kText
};

struct FormatName {
  std::string_view name;  // upper case, longest first
  Part part;
  bool by_letters = false;  // MONTH, Month and month differ
};

constexpr std::array<FormatName, 23> kNames = {{
    {"HH24", Part::kHour24},
    {"HH12", Part::kHour12},
    {"YYYY", Part::kYear4},
    {"IYYY", Part::kIsoYear},
    {"MONTH", Part::kMonthName, true},
    {"DDD", Part::kDayOfYear},
    {"DAY", Part::kDayName, true},
    {"MON", Part::kMonthShort, true},
    {"DY", Part::kDayShort, true},
    {"YY", Part::kYear2},
    {"MM", Part::kMonth},
    {"MI", Part::kMinute},
    {"MS", Part::kMillis},
    {"DD", Part::kDay},
    {"ID", Part::kIsoDow},
    {"IW", Part::kIsoWeek},
    {"HH", Part::kHour12},
    {"SS", Part::kSecond},
    {"US", Part::kMicros},
    {"AM", Part::kMeridiem, true},
    {"PM", Part::kMeridiem, true},
    {"D", Part::kDow},
    {"Q", Part::kQuarter},
}};

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool begins_with(std::string_view text, std::string_view name) {
  if (text.size() < name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (upper(text[i]) != upper(name[i])) return false;
  }
  return true;
}

std::vector<FormatPart> parse_format(std::string_view format) {
  std::vector<FormatPart> parts;
  const auto literal = [&parts](std::string_view text) {
    if (parts.empty() || parts.back().part != Part::kText) parts.push_back({});
    parts.back().text += text;
  };
  while (!format.empty()) {
    if (format[0] == '"') {
      const std::size_t end = std::min(format.find('"', 1), format.size());
      literal(format.substr(1, end - 1));
      format.remove_prefix(std::min(end + 1, format.size()));
      continue;
    }
    const bool bare = begins_with(format, "FM");
    if (bare) format.remove_prefix(2);
    const FormatName* found = nullptr;
    for (const FormatName& name : kNames) {
      if (begins_with(format, name.name)) {
        found = &name;
        break;
      }
    }
    if (found == nullptr) {
      literal(format.substr(0, 1));
      format.remove_prefix(std::min<std::size_t>(1, format.size()));
      continue;
    }
    FormatPart part;
    part.bare = bare;
    part.part = found->part;
    if (found->by_letters) {
      const bool first = upper(format[0]) == format[0];
      const bool second = upper(format[1]) == format[1];
      part.letters = !first ? Letters::kLower : second ? Letters::kUpper : Letters::kCapital;
    }
    parts.push_back(std::move(part));
    format.remove_prefix(found->name.size());
  }
  return parts;
}

// Full names are filled to this many bytes, as PostgreSQL does.
constexpr std::size_t kNameWidth = 9;

char* put_name(std::string_view name, const FormatPart& part, std::size_t width, char* out) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool large = part.letters == Letters::kUpper || (part.letters == Letters::kCapital && i == 0);
    *out++ = large ? upper(name[i]) : lower(name[i]);
  }
  for (std::size_t i = name.size(); i < width && !part.bare; ++i) *out++ = ' ';
  return out;
}

// A row's moment, taken apart once for all parts of the format.
struct FormatMoment {
  std::int32_t days;
  CivilDate date;
  std::uint32_t seconds;  // of the day
  std::uint32_t micros;   // of the second
};

FormatMoment moment_of(std::int64_t micros) {
  const std::int32_t days = floor_days(micros);
  const std::int64_t of_day = micros - days * kDayMicros;
  return {days, civil_from_days(days), static_cast<std::uint32_t>(of_day / kMicrosPerSecond),
          static_cast<std::uint32_t>(of_day % kMicrosPerSecond)};
}

// At most part_bytes_max() bytes at `out`; one behind the last.
char* put_part(const FormatPart& part, const FormatMoment& moment, char* out) {
  const CivilDate& date = moment.date;
  const std::uint32_t hour = moment.seconds / 3600;
  const auto number = [out, &part](std::int64_t value, int width) {
    const auto digits = static_cast<std::uint32_t>(value);  // at most six
    if (part.bare) return put_number_8(digits, out);
    return width == 2 ? put_pair(digits, out) : put_padded_8(digits, width, out);
  };
  switch (part.part) {
    case Part::kText:
      if (part.text.size() == 1)  // as most do
        *out = part.text.front();
      else
        std::memcpy(out, part.text.data(), part.text.size());
      return out + part.text.size();
    case Part::kYear4:
      return number(date.year, 4);
    case Part::kYear2:
      return number(date.year % 100, 2);
    case Part::kMonth:
      return number(date.month, 2);
    case Part::kMonthName:
      return put_name(kMonths[static_cast<std::size_t>(date.month - 1)], part, kNameWidth, out);
    case Part::kMonthShort:
      return put_name(kMonths[static_cast<std::size_t>(date.month - 1)].substr(0, 3), part, 0, out);
    case Part::kDay:
      return number(date.day, 2);
    case Part::kDayOfYear:
      return number(day_of_year(moment.days), 3);
    case Part::kDayName:
      return put_name(kDays[static_cast<std::size_t>(iso_weekday(moment.days) - 1)], part, kNameWidth, out);
    case Part::kDayShort:
      return put_name(kDays[static_cast<std::size_t>(iso_weekday(moment.days) - 1)].substr(0, 3), part, 0, out);
    case Part::kDow:
      return number(iso_weekday(moment.days) % 7 + 1, 1);
    case Part::kIsoDow:
      return number(iso_weekday(moment.days), 1);
    case Part::kIsoWeek:
      return number(iso_week(moment.days).week, 2);
    case Part::kIsoYear:
      return number(iso_week(moment.days).year, 4);
    case Part::kQuarter:
      return number((date.month + 2) / 3, 1);
    case Part::kHour24:
      return number(hour, 2);
    case Part::kHour12:
      return number(hour % 12 == 0 ? 12 : hour % 12, 2);
    case Part::kMinute:
      return number(moment.seconds / 60 % 60, 2);
    case Part::kSecond:
      return number(moment.seconds % 60, 2);
    case Part::kMillis:
      return number(moment.micros / 1000, 3);
    case Part::kMicros:
      return number(moment.micros, 6);
    case Part::kMeridiem: {
      const bool small = part.letters == Letters::kLower;
      std::memcpy(out, hour < 12 ? (small ? "am" : "AM") : (small ? "pm" : "PM"), 2);
      return out + 2;
    }
  }
  TIPPLE_CHECK(false, "a part of no kind");
}

std::size_t part_bytes_max(const FormatPart& part) {
  constexpr std::size_t kFieldBytes = 10;  // a month's name, or fewer digits
  return part.part == Part::kText ? part.text.size() : kFieldBytes;
}

// The format of a row; parsed once if it is the same for all.
class RowFormat {
 public:
  explicit RowFormat(const ExprVector& formats) : formats_(formats) {
    if (formats.scalar && formats.is_valid(0)) parse(0);
  }
  const std::vector<FormatPart>& of(std::int64_t row) {
    if (!formats_.scalar) parse(row);
    return parts_;
  }
  // Of a text by the last format that was asked for.
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }

 private:
  void parse(std::int64_t row) {
    parts_ = parse_format(formats_.text_at(row));
    bytes_max_ = 0;
    for (const FormatPart& part : parts_) bytes_max_ += part_bytes_max(part);
  }

  const ExprVector& formats_;
  std::vector<FormatPart> parts_;
  std::size_t bytes_max_ = 0;
};

Result<ExprVector> to_char(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  RowFormat format(arguments[1]);
  return map_text(context, call.type(), arguments, context.rows * 16,
                  [&, moments = ExprValues<std::int64_t>(arguments[0])](std::int64_t row, ExprTextWriter& out) {
                    const std::int64_t micros = moments[row];
                    if (!is_timestamp(micros)) {
                      context.fault(row, "overflow", "the timestamp is beyond the years 1 to 9999");
                      return false;
                    }
                    const std::vector<FormatPart>& parts = format.of(row);
                    char* at = out.room(format.bytes_max());
                    if (at == nullptr) return false;
                    const FormatMoment moment = moment_of(micros);
                    for (const FormatPart& part : parts) at = put_part(part, moment, at);
                    out.advance_to(at);
                    return true;
                  });
}

struct ReadMoment {
  std::int64_t year = 1, month = 1, day = 1, day_of_year = 0, hour = 0, minute = 0, second = 0, micros = 0;
  int meridiem = -1;  // 0: am, 1: pm
  bool twelve = false;
};

// Up to `width` digits off the front. False: none.
[[gnu::always_inline]] inline bool take_number(std::string_view& text, std::size_t width, std::int64_t* out,
                                               std::size_t* digits = nullptr) {
  std::size_t count = 0;
  *out = 0;
  if (width == 2 && text.size() >= 2 && is_digit(text[0]) && is_digit(text[1])) [[likely]] {
    *out = (text[0] - '0') * 10 + (text[1] - '0');
    count = 2;
  }
  while (count < width && count < text.size() && is_digit(text[count])) *out = *out * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  if (digits != nullptr) *digits = count;
  return count > 0;
}

// Which of `names` the text begins with; a full name before its short form.
template <std::size_t N>
std::optional<std::int64_t> take_name(std::string_view& text, const std::array<std::string_view, N>& names, bool full) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::string_view name = full ? names[i] : names[i].substr(0, 3);
    if (!begins_with(text, name)) continue;
    text.remove_prefix(name.size());
    return static_cast<std::int64_t>(i);
  }
  return std::nullopt;
}

bool take_fraction(std::string_view& text, std::size_t width, std::int64_t* micros) {
  std::size_t digits = 0;
  if (!take_number(text, width, micros, &digits)) return false;
  for (; digits < 6; ++digits) *micros *= 10;
  return true;
}

[[gnu::always_inline]] inline bool read_part(const FormatPart& part, std::string_view& text, ReadMoment* moment) {
  std::int64_t ignored = 0;
  switch (part.part) {
    case Part::kText:
      // Spaces and signs of the format stand for any one of them; letters must be there.
      for (const char c : part.text) {
        if (text.empty()) return false;
        const bool sign = !is_digit(c) && (upper(c) == lower(c)) && static_cast<unsigned char>(c) < 0x80;
        const bool other_sign = !is_digit(text[0]) && upper(text[0]) == lower(text[0]);
        if (sign ? !other_sign : text[0] != c) return false;
        text.remove_prefix(1);
      }
      return true;
    case Part::kYear4:
      return take_number(text, 4, &moment->year);
    case Part::kYear2: {
      if (!take_number(text, 2, &moment->year)) return false;
      moment->year += moment->year < 70 ? 2000 : 1900;  // PostgreSQL's window: the year nearest to 2020
      return true;
    }
    case Part::kMonth:
      return take_number(text, 2, &moment->month);
    case Part::kMonthName:
    case Part::kMonthShort: {
      const auto month = take_name(text, kMonths, part.part == Part::kMonthName);
      moment->month = month.value_or(0) + 1;
      return month.has_value();
    }
    case Part::kDay:
      return take_number(text, 2, &moment->day);
    case Part::kDayOfYear:
      return take_number(text, 3, &moment->day_of_year);
    case Part::kDayName:
      return take_name(text, kDays, true).has_value();
    case Part::kDayShort:
      return take_name(text, kDays, false).has_value();
    case Part::kDow:
    case Part::kIsoDow:
    case Part::kQuarter:
      return take_number(text, 1, &ignored);
    case Part::kHour12:
      moment->twelve = true;
      return take_number(text, 2, &moment->hour) && moment->hour >= 1 && moment->hour <= 12;
    case Part::kHour24:
      return take_number(text, 2, &moment->hour);
    case Part::kMinute:
      return take_number(text, 2, &moment->minute);
    case Part::kSecond:
      return take_number(text, 2, &moment->second);
    case Part::kMillis:
      return take_fraction(text, 3, &moment->micros);
    case Part::kMicros:
      return take_fraction(text, 6, &moment->micros);
    case Part::kMeridiem:
      moment->meridiem = begins_with(text, "am") ? 0 : begins_with(text, "pm") ? 1 : -1;
      text.remove_prefix(moment->meridiem < 0 ? 0 : 2);
      return moment->meridiem >= 0;
    case Part::kIsoWeek:
    case Part::kIsoYear:
      return false;  // a week alone is no date
  }
  TIPPLE_CHECK(false, "a part of no kind");
}

// The whole text by the whole format. False: it does not fit, or there is no such moment.
bool read_moment(std::string_view text, const std::vector<FormatPart>& format, std::int32_t* days,
                 std::int64_t* micros) {
  ReadMoment moment;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  for (const FormatPart& part : format) {
    if (!read_part(part, text, &moment)) return false;
  }
  if (!text.empty() || !days_of_civil(moment.year, moment.month, moment.day, days)) return false;
  if (moment.day_of_year > 0) {
    const std::int64_t limit = 365 + leap_year(static_cast<std::uint32_t>(moment.year));
    if (moment.day_of_year > limit) return false;
    *days = days_from_civil(static_cast<std::uint32_t>(moment.year), 1, 1) +
            static_cast<std::int32_t>(moment.day_of_year) - 1;
  }
  if (moment.twelve) moment.hour = moment.hour % 12 + (moment.meridiem == 1 ? 12 : 0);
  if (moment.hour > 23 || moment.minute > 59 || moment.second > 59) return false;
  *micros = (moment.hour * 3600 + moment.minute * 60 + moment.second) * kMicrosPerSecond + moment.micros;
  return true;
}

template <typename T>
Result<ExprVector> read_by_format(ExprContext& context, const ExprCall& call, ExprArguments arguments) {
  RowFormat format(arguments[1]);
  return map_values<T>(context, call.type(), arguments, [&, texts = ExprTexts(arguments[0])](std::int64_t row, T* out) {
    const std::string_view text = texts[row];
    std::int32_t days = 0;
    std::int64_t micros = 0;
    if (!read_moment(text, format.of(row), &days, &micros)) {
      context.fault(row, "cast",
                    fmt::format("{} does not fit the format {}", printable_text(text),
                                printable_text(arguments[1].text_at(row))));
      return false;
    }
    if constexpr (sizeof(T) == 4)
      *out = days;
    else
      *out = days * kDayMicros + micros;
    return true;
  });
}

}  // namespace

ExprKernel time_format_kernel(const TypedExpr& expr) {
  if (expr.function == "to_char") return to_char;
  if (expr.function == "to_date") return read_by_format<std::int32_t>;
  return expr.function == "to_timestamp" ? read_by_format<std::int64_t> : nullptr;
}

}  // namespace tipple
