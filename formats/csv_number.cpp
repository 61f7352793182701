#include "formats/csv_number.h"

#include <algorithm>
#include <cmath>

#include <fast_float/fast_float.h>

namespace tipple {
namespace {

constexpr CsvVerdict kNotOfType{CsvRule::kType, nullptr};
constexpr CsvVerdict kOutOfRange{CsvRule::kRange, nullptr};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Removes a leading sign. True if it was a minus.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

bool equals_any_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
         });
}

}  // namespace

template <typename T>
CsvVerdict CsvIntParser<T>::parse(std::string_view text, T* out) const {
  const bool negative = take_sign(text);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return kNotOfType;
  const std::uint64_t limit =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(std::int64_t{std::numeric_limits<T>::min()})
               : static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::uint64_t digit = static_cast<std::uint64_t>(c - '0');
    if (digit > limit || value > (limit - digit) / 10) return kOutOfRange;
    value = value * 10 + digit;
  }
  *out = static_cast<T>(negative ? std::uint64_t{0} - value : value);
  return {};
}

template struct CsvIntParser<std::int8_t>;
template struct CsvIntParser<std::int16_t>;
template struct CsvIntParser<std::int32_t>;
template struct CsvIntParser<std::int64_t>;
template struct CsvIntParser<std::uint8_t>;
template struct CsvIntParser<std::uint16_t>;
template struct CsvIntParser<std::uint32_t>;
template struct CsvIntParser<std::uint64_t>;

template <typename T>
CsvVerdict CsvFloatParser<T>::parse(std::string_view text, T* out) const {
  const bool negative = take_sign(text);
  T value = 0;
  if (text.empty()) return kNotOfType;
  if (is_digit(text[0]) || text[0] == '.') {
    const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
    // Releases of fast_float differ in whether out of range is an error; the value (0 or infinity) is the same in all.
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) return kNotOfType;
    if (std::isinf(value)) return kOutOfRange;
  } else if (equals_any_case(text, "inf") || equals_any_case(text, "infinity")) {
    value = std::numeric_limits<T>::infinity();
  } else if (equals_any_case(text, "nan")) {
    *out = std::numeric_limits<T>::quiet_NaN();  // one bit pattern for all, whatever the sign
    return {};
  } else {
    return kNotOfType;
  }
  *out = negative ? -value : value;
  return {};
}

template struct CsvFloatParser<float>;
template struct CsvFloatParser<double>;

CsvDecimalParser::CsvDecimalParser(std::uint8_t precision, std::uint8_t scale)
    : precision_(precision), scale_(scale), fraction_fast_max_(std::min<std::uint32_t>(scale, 19)) {
  for (std::uint32_t fraction = 0; fraction <= fraction_fast_max_; ++fraction) {
    const int digits = int{precision} - int{scale} + static_cast<int>(fraction);
    // A scale of 20 and more leaves the fast path only the values with enough fraction digits.
    const bool reachable = scale - fraction <= 19;
    limits_[fraction] = !reachable    ? 0
                        : digits > 19 ? std::numeric_limits<std::uint64_t>::max()
                                      : kPowersOfTen[std::max(digits, 0)];
  }
}

CsvVerdict CsvDecimalParser::parse(std::string_view text, Value* out) const {
  constexpr CsvVerdict kTooFine{CsvRule::kRange, "it has more fraction digits than the scale"};
  constexpr CsvVerdict kTooLarge{CsvRule::kRange, "it has more digits than the precision"};
  const bool negative = take_sign(text);
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = dot < text.size() ? text.substr(dot + 1) : std::string_view();
  if (whole.empty() && fraction.empty()) return kNotOfType;
  if (!std::all_of(whole.begin(), whole.end(), is_digit)) return kNotOfType;
  if (!std::all_of(fraction.begin(), fraction.end(), is_digit)) return kNotOfType;

  unsigned __int128 limit = 1;  // 10^precision <= 10^38 < 2^127
  for (int i = 0; i < precision_; ++i) limit *= 10;
  unsigned __int128 value = 0;
  const auto append = [&](unsigned digit) {
    value = value * 10 + digit;
    return value < limit;
  };
  for (const char c : whole) {
    if (!append(static_cast<unsigned>(c - '0'))) return kTooLarge;
  }
  for (std::size_t i = 0; i < scale_; ++i) {
    if (!append(i < fraction.size() ? static_cast<unsigned>(fraction[i] - '0') : 0)) return kTooLarge;
  }
  for (std::size_t i = scale_; i < fraction.size(); ++i) {
    if (fraction[i] != '0') return kTooFine;
  }
  *out = negative ? -static_cast<Value>(value) : static_cast<Value>(value);
  return {};
}

}  // namespace tipple
