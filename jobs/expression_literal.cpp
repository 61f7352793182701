// Literals of expressions: numbers, and texts that become values of other types.
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "jobs/expression_types.h"

namespace tipple {
namespace {

std::string_view without_space(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

std::string lower_text(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

Error not_a(std::string_view text, const DataType& type) {
  std::string hint;
  if (type.kind == TypeKind::kDate) hint = "write YYYY-MM-DD";
  if (type.kind == TypeKind::kTime) hint = "write HH:MM:SS";
  if (type.kind == TypeKind::kTimestamp) hint = "write YYYY-MM-DD HH:MM:SS";
  return usage_error(fmt::format("'{}' is not a value of type {}", text.substr(0, 64), type.to_string()), {}, hint);
}

template <typename T>
bool fits(std::string_view digits) {
  T value{};
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return failed == std::errc() && end == digits.data() + digits.size();
}

bool fits_integer(TypeKind kind, std::string_view digits) {
  if (kind == TypeKind::kInt8) return fits<std::int8_t>(digits);
  if (kind == TypeKind::kInt16) return fits<std::int16_t>(digits);
  if (kind == TypeKind::kInt32) return fits<std::int32_t>(digits);
  if (kind == TypeKind::kInt64) return fits<std::int64_t>(digits);
  if (kind == TypeKind::kUint8) return fits<std::uint8_t>(digits);
  if (kind == TypeKind::kUint16) return fits<std::uint16_t>(digits);
  if (kind == TypeKind::kUint32) return fits<std::uint32_t>(digits);
  return fits<std::uint64_t>(digits);
}

// -?digits[.digits] as the narrowest decimal.
std::optional<Literal> plain_decimal(std::string_view text) {
  Literal literal;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int whole = 0;
  int fraction = 0;
  bool dot = false;
  std::string digits;
  for (const char c : text) {
    if (c == '.' && !dot) {
      dot = true;
      if (digits.empty()) digits = "0";
      digits += c;
    } else if (c >= '0' && c <= '9') {
      if (dot) ++fraction;
      if (!dot && (whole > 0 || c != '0')) ++whole;
      if (dot || whole > 0) digits += c;
    } else {
      return std::nullopt;
    }
  }
  if (text.empty() || text == ".") return std::nullopt;
  if (digits.empty()) digits = "0";
  if (digits.ends_with('.')) digits.pop_back();
  literal.text = (negative ? "-" : "") + digits;
  literal.type = decimal_of(whole + fraction, fraction);
  if (whole + fraction > kDecimalDigitsMax) literal.type.precision = 0;
  return literal;
}

struct Clock {
  int hour = 0, minute = 0, second = 0;
  std::string fraction;
  std::string zone;  // "", "Z", "+HH:MM"
};

bool two_digits(std::string_view text, std::size_t at, int max, int* out) {
  if (at + 2 > text.size() || text[at] < '0' || text[at] > '9' || text[at + 1] < '0' || text[at + 1] > '9')
    return false;
  *out = (text[at] - '0') * 10 + (text[at + 1] - '0');
  return *out <= max;
}

// HH:MM[:SS[.f]][zone]
bool parse_clock(std::string_view text, Clock* clock) {
  if (!two_digits(text, 0, 23, &clock->hour) || text.size() < 5 || text[2] != ':' ||
      !two_digits(text, 3, 59, &clock->minute)) {
    return false;
  }
  std::size_t at = 5;
  if (at < text.size() && text[at] == ':') {
    if (!two_digits(text, at + 1, 59, &clock->second)) return false;
    at += 3;
    if (at < text.size() && text[at] == '.') {
      for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) clock->fraction += text[at];
      if (clock->fraction.empty() || clock->fraction.size() > 6) return false;
    }
  }
  std::string_view zone = without_space(text.substr(at));
  if (zone.empty()) return true;
  if (lower_text(zone) == "z" || lower_text(zone) == "utc") {
    clock->zone = "Z";
    return true;
  }
  int hours = 0;
  int minutes = 0;
  if ((zone[0] != '+' && zone[0] != '-') || !two_digits(zone, 1, 15, &hours)) return false;
  const bool with_minutes = zone.size() == 6 && zone[3] == ':' && two_digits(zone, 4, 59, &minutes);
  if (zone.size() != 3 && !with_minutes) return false;
  clock->zone = fmt::format("{}{:02}:{:02}", zone[0], hours, minutes);
  return true;
}

bool parse_date(std::string_view text) {
  int century = 0, years = 0, month = 0, day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  if (!two_digits(text, 0, 99, &century) || !two_digits(text, 2, 99, &years) || !two_digits(text, 5, 12, &month) ||
      !two_digits(text, 8, 31, &day)) {
    return false;
  }
  const int year = century * 100 + years;
  constexpr std::array<int, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return year > 0 && month > 0 && day > 0 &&
         day <= kDays[static_cast<std::size_t>(month)] + (month == 2 && leap ? 1 : 0);
}

std::string clock_text(const Clock& clock) {
  std::string text = fmt::format("{:02}:{:02}:{:02}", clock.hour, clock.minute, clock.second);
  if (!clock.fraction.empty()) text += "." + clock.fraction;
  return text;
}

std::optional<std::string> timestamp_text(std::string_view text, bool zoned) {
  const std::string_view date = text.substr(0, 10);
  if (!parse_date(date)) return std::nullopt;
  Clock clock;
  if (text.size() > 10) {
    if ((text[10] != ' ' && text[10] != 'T' && text[10] != 't') || !parse_clock(text.substr(11), &clock))
      return std::nullopt;
  }
  // PostgreSQL ignores a zone that the type cannot hold; here the sentence is refused rather than misread.
  if (!zoned && !clock.zone.empty()) return std::nullopt;
  return fmt::format("{} {}{}", date, clock_text(clock), !zoned ? "" : clock.zone.empty() ? "Z" : clock.zone);
}

std::optional<std::string> bool_text(std::string_view text) {
  const std::string word = lower_text(text);
  for (const char* yes : {"t", "true", "y", "yes", "on", "1"}) {
    if (word == yes) return "true";
  }
  for (const char* no : {"f", "false", "n", "no", "off", "0"}) {
    if (word == no) return "false";
  }
  return std::nullopt;
}

std::optional<std::string> float_text(std::string_view text) {
  const std::string word = lower_text(text);
  for (const char* special : {"nan", "inf", "-inf", "infinity", "-infinity"}) {
    if (word == special) return word;
  }
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc() || end != digits.data() + digits.size() || word.find('n') != std::string::npos) {
    return std::nullopt;
  }
  return std::string(digits);
}

// A number or a clock time with what it counts, once. False: not one.
bool add_interval_part(std::string_view number, const std::string& unit_name, std::int64_t (&parts)[3]) {
  struct Unit {
    std::string_view name;
    int part;
    std::int64_t size;
  };
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr std::array<Unit, 18> kUnits = {{
      {"microsecond", 2, 1},
      {"us", 2, 1},
      {"millisecond", 2, 1000},
      {"ms", 2, 1000},
      {"second", 2, kSecond},
      {"sec", 2, kSecond},
      {"s", 2, kSecond},
      {"minute", 2, 60 * kSecond},
      {"min", 2, 60 * kSecond},
      {"hour", 2, 3600 * kSecond},
      {"h", 2, 3600 * kSecond},
      {"day", 1, 1},
      {"d", 1, 1},
      {"week", 1, 7},
      {"month", 0, 1},
      {"mon", 0, 1},
      {"quarter", 0, 3},
      {"year", 0, 12},
  }};
  std::string name = unit_name;
  if (name.size() > 2 && name.ends_with('s')) name.pop_back();
  const auto literal = plain_decimal(number);
  if (!literal || literal->type.precision == 0) return false;
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const std::size_t dot = literal->text.find('.');
    std::string digits = literal->text.substr(0, dot);
    if (digits == "-") digits = "-0";
    const bool negative = digits.starts_with('-');
    std::int64_t whole = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
    std::int64_t total = 0;
    if (failed != std::errc() || __builtin_mul_overflow(whole, unit.size, &total)) return false;
    if (dot != std::string::npos) {
      // Fractions only of what microseconds can hold: 1.5 hours, but not 1.5 months.
      std::int64_t size = unit.size;
      if (unit.part != 2) return false;
      for (std::size_t i = dot + 1; i < literal->text.size(); ++i) {
        const std::int64_t digit = literal->text[i] - '0';
        const std::int64_t scaled = size * digit;
        if (scaled % 10 != 0 && digit != 0) return false;
        total += (negative ? -1 : 1) * (scaled / 10);
        if (size % 10 != 0) {
          if (literal->text.find_first_not_of('0', i + 1) != std::string::npos) return false;
          break;
        }
        size /= 10;
      }
    }
    return !__builtin_add_overflow(parts[unit.part], total, &parts[unit.part]);
  }
  return false;
}

}  // namespace

Result<Literal> number_literal(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return text_literal(text, type_of(TypeKind::kFloat64));
  auto literal = plain_decimal(text);
  if (!literal || literal->type.precision == 0) {
    return usage_error(fmt::format("the number has more than {} digits", kDecimalDigitsMax), {},
                       "write it with an exponent to make it a float64");
  }
  if (text.find('.') == std::string_view::npos) {
    if (fits_integer(TypeKind::kInt32, literal->text))
      literal->type = type_of(TypeKind::kInt32);
    else if (fits_integer(TypeKind::kInt64, literal->text))
      literal->type = type_of(TypeKind::kInt64);
  }
  return *literal;
}

Result<Literal> text_literal(std::string_view text, const DataType& type) {
  Literal literal;
  literal.type = type;
  const std::string_view value = without_space(text);
  std::optional<std::string> canonical;
  if (is_integer(type.kind)) {
    const auto number = plain_decimal(value);
    if (number && number->text.find('.') == std::string::npos && fits_integer(type.kind, number->text))
      canonical = number->text;
  } else if (is_float(type.kind)) {
    canonical = float_text(value);
  } else if (type.kind == TypeKind::kDecimal) {
    const auto number = plain_decimal(value);
    if (!number || number->type.precision == 0) return not_a(text, type);
    return *number;
  } else if (type.kind == TypeKind::kBool) {
    canonical = bool_text(value);
  } else if (type.kind == TypeKind::kDate) {
    if (parse_date(value)) canonical = std::string(value);
  } else if (type.kind == TypeKind::kTime) {
    Clock clock;
    if (parse_clock(value, &clock) && clock.zone.empty()) canonical = clock_text(clock);
  } else if (type.kind == TypeKind::kTimestamp) {
    canonical = timestamp_text(value, type.zoned);
  } else if (type.kind == TypeKind::kEnum) {
    for (const std::string& label : type.labels) {
      if (label == text) canonical = label;
    }
  } else if (type.kind == TypeKind::kString || text.size() <= type.width) {
    canonical = std::string(text);
  }
  if (!canonical) return not_a(text, type);
  literal.text = std::move(*canonical);
  return literal;
}

Result<std::string> interval_literal(std::string_view text) {
  std::int64_t parts[3] = {0, 0, 0};  // months, days, microseconds
  std::string_view rest = without_space(text);
  const auto fail = [&] {
    return usage_error(fmt::format("'{}' is not an interval", text.substr(0, 64)), {},
                       "write for example '1 day', '2 hours 30 minutes' or '04:05:06'");
  };
  if (rest.empty()) return fail();
  while (!rest.empty()) {
    const std::size_t number_end = std::min(rest.find_first_not_of("+-0123456789.:"), rest.size());
    const std::string_view number = rest.substr(0, number_end);
    rest = without_space(rest.substr(number_end));
    if (number.find(':') != std::string_view::npos) {
      const bool negative = number.starts_with('-');
      Clock clock;
      if (!parse_clock(negative ? number.substr(1) : number, &clock)) return fail();
      clock.fraction.resize(6, '0');
      std::int64_t fraction = 0;
      std::from_chars(clock.fraction.data(), clock.fraction.data() + 6, fraction);
      const std::int64_t size = (clock.hour * 3600LL + clock.minute * 60LL + clock.second) * 1'000'000 + fraction;
      if (__builtin_add_overflow(parts[2], negative ? -size : size, &parts[2])) return fail();
      continue;
    }
    std::size_t name_end = 0;
    while (name_end < rest.size() && ((rest[name_end] | 32) >= 'a' && (rest[name_end] | 32) <= 'z')) ++name_end;
    if (!add_interval_part(number, lower_text(rest.substr(0, name_end)), parts)) return fail();
    rest = without_space(rest.substr(name_end));
  }
  return fmt::format("{},{},{}", parts[0], parts[1], parts[2]);
}

}  // namespace tipple
