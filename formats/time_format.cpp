#include "formats/time_format.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "formats/csv_time.h"

namespace tipple {
namespace {

constexpr CsvVerdict kNotOfType{CsvRule::kType, "it does not match the column's format"};
constexpr CsvVerdict kNoSuchDay{CsvRule::kType, "there is no such day"};
constexpr CsvVerdict kTooFine{CsvRule::kRange, "it is finer than a microsecond"};
constexpr CsvVerdict kTooFar{CsvRule::kRange, "it is outside the years 1 to 9999"};

constexpr std::size_t kFormatBytesMax = 256;
constexpr std::int64_t kEpochMicrosMin = -62'135'596'800 * kMicrosPerSecond;      // 0001-01-01
constexpr std::int64_t kEpochMicrosMax = 253'402'300'800 * kMicrosPerSecond - 1;  // the last of 9999-12-31

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// A number of `min` to `max` digits, taken off the front.
bool take_number(std::string_view& text, std::size_t min, std::size_t max, std::uint32_t* out) {
  std::size_t digits = 0;
  std::uint32_t value = 0;
  while (digits < max && digits < text.size() && is_digit(text[digits])) {
    value = value * 10 + static_cast<std::uint32_t>(text[digits++] - '0');
  }
  text.remove_prefix(digits);
  *out = value;
  return digits >= min;
}

bool take_number_in(std::string_view& text, std::uint32_t low, std::uint32_t high, std::uint32_t* out) {
  return take_number(text, 1, high > 99 ? 3 : 2, out) && *out >= low && *out <= high;
}

// One of `names`, whole or its first three letters: the longest run of letters decides.
template <std::size_t N>
bool take_name(std::string_view& text, const std::array<std::string_view, N>& names, std::uint32_t* position) {
  std::size_t size = 0;
  while (size < text.size() && is_letter(text[size])) ++size;
  const std::string_view word = text.substr(0, size);
  for (std::size_t i = 0; i < N; ++i) {
    if (size != 3 && size != names[i].size()) continue;
    if (!std::equal(word.begin(), word.end(), names[i].begin(), [](char a, char b) { return lower(a) == b; })) continue;
    text.remove_prefix(size);
    *position = static_cast<std::uint32_t>(i);
    return true;
  }
  return false;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (text.size() < word.size()) return false;
  if (!std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); })) return false;
  text.remove_prefix(word.size());
  return true;
}

// Z, +-HH, +-HHMM or +-HH:MM.
bool take_zone(std::string_view& text, std::int64_t* seconds) {
  *seconds = 0;
  if (take_word(text, "z")) return true;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const bool west = text[0] == '-';
  text.remove_prefix(1);
  std::uint32_t hours = 0;
  std::uint32_t minutes = 0;
  if (!take_number(text, 2, 2, &hours) || hours > 23) return false;
  const bool colon = !text.empty() && text[0] == ':';
  if (colon) text.remove_prefix(1);
  if (colon || (!text.empty() && is_digit(text[0]))) {
    if (!take_number(text, 2, 2, &minutes) || minutes > 59) return false;
  }
  *seconds = (std::int64_t{hours} * 3600 + minutes * 60) * (west ? -1 : 1);
  return true;
}

// A sign goes to `minus`: a fraction behind the seconds has it, too.
bool take_epoch(std::string_view& text, std::int64_t* seconds, bool* minus) {
  constexpr std::size_t kDigitsMax = 12;  // as many as the year 9999 needs
  *minus = !text.empty() && text[0] == '-';
  if (*minus) text.remove_prefix(1);
  std::size_t digits = 0;
  std::int64_t value = 0;
  for (; digits <= kDigitsMax && !text.empty() && is_digit(text[0]); ++digits) {
    value = value * 10 + (text[0] - '0');
    text.remove_prefix(1);
  }
  *seconds = value;
  return digits > 0;
}

// The letters whose parts are the same thing, under one name.
char part_of(char letter) {
  switch (letter) {
    case 'b':
    case 'B':
    case 'h':
      return 'm';
    case 'e':
      return 'd';
    case 'y':
      return 'Y';
    case 'I':
      return 'H';
    case 'A':
      return 'a';
    case 'Z':
      return 'z';
    default:
      return letter;
  }
}

}  // namespace

struct TimeFormat::Parts {
  std::uint32_t year = 0;
  std::uint32_t month = 1;
  std::uint32_t day = 1;
  std::uint32_t day_of_year = 0;
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  std::int64_t micros = 0;
  std::int64_t zone_seconds = 0;
  std::int64_t epoch_seconds = 0;  // without its sign
  bool before_epoch = false;
  bool afternoon = false;
  bool too_fine = false;
};

Status TimeFormat::add_letter(char letter) {
  static constexpr std::string_view kKnown = "YymbhBdejaAHIpMSfzZs";
  const auto add_all = [this](std::string_view letters, char between) -> Status {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (i > 0) items_.push_back({0, between});
      TIPPLE_RETURN_IF_ERROR(add_letter(letters[i]));
    }
    return {};
  };
  if (letter == '%') {
    items_.push_back({0, '%'});
    return {};
  }
  if (letter == 'F') return add_all("Ymd", '-');
  if (letter == 'T') return add_all("HMS", ':');
  if (letter == 'R') return add_all("HM", ':');
  if (letter == 'D') return add_all("mdy", '/');
  if (kKnown.find(letter) == std::string_view::npos) {
    return usage_error(fmt::format("the format \"{}\" has %{}, which is no letter of a date or time", text_, letter),
                       {}, "letters: %Y %y %m %b %B %d %e %j %a %A %H %I %p %M %S %f %z %Z %s %F %T %R %D %%");
  }
  const char part = part_of(letter);
  if (has(part)) return usage_error(fmt::format("the format \"{}\" names the part of %{} twice", text_, letter));
  seen_ |= std::uint64_t{1} << (part - 'A');
  if (letter == 'I') seen_ |= std::uint64_t{1} << ('I' - 'A');
  items_.push_back({letter, 0});
  return {};
}

Status TimeFormat::check_parts() const {
  const auto fault = [this](const char* what) {
    return Status(usage_error(fmt::format("the format \"{}\" {}", text_, what)));
  };
  const bool date = has('Y') || has('m') || has('d') || has('j');
  if (has('s')) {
    if (date || has('H') || has('M') || has('S') || has('p') || has('z'))
      return fault("has %s, which is the whole of a time; only %f may stand with it");
    if (kind_ == TypeKind::kTime) return fault("has %s, which is no time of the day");
    return {};
  }
  if (has('I') != has('p')) return fault("needs %I and %p together");
  if (has('M') && !has('H')) return fault("has minutes without an hour");
  if (has('S') && !has('M')) return fault("has seconds without minutes");
  if (has('f') && !has('S')) return fault("has a fraction (%f) without seconds (%S)");
  if (kind_ == TypeKind::kTime) {
    if (date || has('z')) return fault("has a date or a zone, which the type time does not");
    return has('H') ? Status() : fault("has no hour (%H, or %I and %p)");
  }
  if (!has('Y')) return fault("has no year (%Y or %y)");
  if (has('j') == (has('m') || has('d')))
    return fault("needs either month and day (%m %d) or the day of the year (%j)");
  if (!has('j') && !(has('m') && has('d'))) return fault("needs both month and day");
  if (kind_ == TypeKind::kTimestamp && zoned_ && !has('z')) return fault("has no zone (%z), which timestamp_tz needs");
  if (has('z') && !(kind_ == TypeKind::kTimestamp && zoned_))
    return fault("has a zone (%z), which only timestamp_tz reads");
  return {};
}

Result<TimeFormat> TimeFormat::compile(std::string_view format, const DataType& type) {
  TimeFormat out;
  out.text_ = format;
  out.kind_ = type.kind;
  out.zoned_ = type.zoned;
  if (type.kind != TypeKind::kDate && type.kind != TypeKind::kTime && type.kind != TypeKind::kTimestamp) {
    return usage_error(fmt::format("the type {} takes no format", type.to_string()), {},
                       "only date, time, timestamp and timestamp_tz have a `format`");
  }
  if (format.size() > kFormatBytesMax) {
    return usage_error(fmt::format("a format has at most {} bytes, this one {}", kFormatBytesMax, format.size()));
  }
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      // Spaces in a row are one: it stands for any number.
      if (format[i] != ' ' || i == 0 || format[i - 1] != ' ') out.items_.push_back({0, format[i]});
      continue;
    }
    if (++i == format.size()) return usage_error(fmt::format("the format \"{}\" ends in a lone %", format));
    TIPPLE_RETURN_IF_ERROR(out.add_letter(format[i]));
  }
  TIPPLE_RETURN_IF_ERROR(out.check_parts());
  return out;
}

// False: `text` does not go on as the item wants.
bool TimeFormat::read_item(Item item, std::string_view& text, Parts& parts) {
  std::uint32_t number = 0;
  switch (item.letter) {
    case 0: {
      if (text.empty() || text[0] != item.literal) return false;
      text.remove_prefix(1);
      while (item.literal == ' ' && !text.empty() && text[0] == ' ') text.remove_prefix(1);
      return true;
    }
    case 'Y':
      return take_number(text, 4, 4, &parts.year);
    case 'y':
      if (!take_number(text, 2, 2, &number)) return false;
      parts.year = number + (number < 69 ? 2000 : 1900);
      return true;
    case 'm':
      return take_number_in(text, 1, 12, &parts.month);
    case 'b':
    case 'h':
    case 'B':
      if (!take_name(text, kMonths, &number)) return false;
      parts.month = number + 1;
      return true;
    case 'e':
      if (!text.empty() && text[0] == ' ') text.remove_prefix(1);
      [[fallthrough]];
    case 'd':
      return take_number_in(text, 1, 31, &parts.day);
    case 'j':
      return take_number_in(text, 1, 366, &parts.day_of_year);
    case 'a':
    case 'A':
      return take_name(text, kWeekdays, &number);
    case 'H':
      return take_number_in(text, 0, 23, &parts.hour);
    case 'I':
      return take_number_in(text, 1, 12, &parts.hour);
    case 'p':
      parts.afternoon = take_word(text, "pm");
      return parts.afternoon || take_word(text, "am");
    case 'M':
      return take_number_in(text, 0, 59, &parts.minute);
    case 'S':
      return take_number_in(text, 0, 59, &parts.second);
    case 'f': {
      std::size_t digits = 0;
      for (; digits < 9 && !text.empty() && is_digit(text[0]); ++digits) {
        if (digits < 6) parts.micros = parts.micros * 10 + (text[0] - '0');
        parts.too_fine = parts.too_fine || (digits >= 6 && text[0] != '0');
        text.remove_prefix(1);
      }
      for (std::size_t i = digits; i < 6; ++i) parts.micros *= 10;
      return digits > 0;
    }
    case 'z':
      return take_zone(text, &parts.zone_seconds);
    case 'Z':
      return take_word(text, "utc") || take_word(text, "gmt") || take_word(text, "z");
    case 's':
      return take_epoch(text, &parts.epoch_seconds, &parts.before_epoch);
    default:
      TIPPLE_CHECK(false, "a letter that compile() let through");
  }
}

CsvVerdict TimeFormat::read_day(const Parts& parts, std::int64_t* days) const {
  if (parts.year == 0) return kTooFar;
  const std::uint32_t leap = leap_year(parts.year);
  if (has('j')) {
    if (parts.day_of_year > 365 + leap) return kNoSuchDay;
    *days = std::int64_t{days_from_civil(parts.year, 1, 1)} + parts.day_of_year - 1;
    return {};
  }
  if (parts.day > kDaysInMonth[leap][parts.month - 1]) return kNoSuchDay;
  *days = days_from_civil(parts.year, parts.month, parts.day);
  return {};
}

CsvVerdict TimeFormat::parse(std::string_view text, std::int64_t* out) const {
  Parts parts;
  for (const Item item : items_) {
    if (!read_item(item, text, parts)) return kNotOfType;
  }
  if (!text.empty()) return kNotOfType;
  if (parts.too_fine && kind_ != TypeKind::kDate) return kTooFine;
  if (has('s')) {
    const std::int64_t size = parts.epoch_seconds * kMicrosPerSecond + parts.micros;
    const std::int64_t micros = parts.before_epoch ? -size : size;
    if (micros < kEpochMicrosMin || micros > kEpochMicrosMax) return kTooFar;
    constexpr std::int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;
    *out = kind_ != TypeKind::kDate ? micros : micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
    return {};
  }
  const std::uint32_t hour = has('I') ? parts.hour % 12 + (parts.afternoon ? 12 : 0) : parts.hour;
  const std::int64_t micros =
      (std::int64_t{hour} * 3600 + parts.minute * 60 + parts.second) * kMicrosPerSecond + parts.micros;
  if (kind_ == TypeKind::kTime) {
    *out = micros;
    return {};
  }
  std::int64_t days = 0;
  if (const CsvVerdict verdict = read_day(parts, &days); !verdict.good()) return verdict;
  *out = kind_ == TypeKind::kDate ? days : (days * kSecondsPerDay - parts.zone_seconds) * kMicrosPerSecond + micros;
  return {};
}

bool TimeFormat::may_contain(char c) const {
  if (is_digit(c) || is_letter(c) || c == '+' || c == '-' || c == ':' || c == ' ') return true;
  return std::any_of(items_.begin(), items_.end(),
                     [c](const Item& item) { return item.letter == 0 && item.literal == c; });
}

}  // namespace tipple
