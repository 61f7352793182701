#include "formats/csv_time.h"

#include <cstring>

namespace tipple {
namespace {

constexpr CsvVerdict kNotOfType{CsvRule::kType, nullptr};
constexpr CsvVerdict kNoSuchDay{CsvRule::kType, "there is no such day"};
constexpr CsvVerdict kTooFine{CsvRule::kRange, "it is finer than a microsecond"};
constexpr CsvVerdict kZoneUnwanted{CsvRule::kType, "it has a time zone, which only timestamp_tz reads"};
constexpr CsvVerdict kZoneMissing{CsvRule::kType, "it has no time zone (Z, +HH or +HH:MM), which only timestamp reads"};

constexpr std::size_t kFractionDigitsMax = 9;
constexpr std::size_t kDateBytes = 10;

// Two digits at the front of `text` that are at most `max`, taken off; false if there are none.
bool take_pair(std::string_view& text, std::uint32_t max, std::uint32_t* out) {
  if (text.size() < 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return false;
  *out = static_cast<std::uint32_t>((text[0] - '0') * 10 + (text[1] - '0'));
  text.remove_prefix(2);
  return *out <= max;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

CsvVerdict take_fraction(std::string_view& text, std::int64_t* micros) {
  std::int64_t value = 0;
  bool too_fine = false;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits) {
    if (digits < 6) {
      value = value * 10 + (text[0] - '0');
    } else {
      too_fine = too_fine || text[0] != '0';
    }
    text.remove_prefix(1);
  }
  if (digits == 0 || digits > kFractionDigitsMax) return kNotOfType;
  if (too_fine) return kTooFine;
  for (; digits < 6; ++digits) value *= 10;
  *micros += value;
  return {};
}

// HH:MM[:SS[.f{1,9}]], taken off the front.
CsvVerdict take_time(std::string_view& text, std::int64_t* micros) {
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  if (!take_pair(text, 23, &hour) || !take(text, ':') || !take_pair(text, 59, &minute)) return kNotOfType;
  const bool seconds = take(text, ':');
  if (seconds && !take_pair(text, 59, &second)) return kNotOfType;
  *micros = (hour * 3600 + minute * 60 + second) * kMicrosPerSecond;
  return seconds && take(text, '.') ? take_fraction(text, micros) : CsvVerdict{};
}

CsvVerdict take_date(std::string_view& text, std::int32_t* days) {
  if (text.size() < kDateBytes) return kNotOfType;
  char padded[16] = {};
  std::memcpy(padded, text.data(), kDateBytes);
  switch (read_date(padded, days)) {
    case CsvDateFault::kNone:
      break;
    case CsvDateFault::kForm:
      return kNotOfType;
    case CsvDateFault::kDay:
      return kNoSuchDay;
  }
  text.remove_prefix(kDateBytes);
  return {};
}

// Z or +-HH[:MM], the whole of `text`.
bool read_zone(std::string_view text, std::int64_t* offset_micros) {
  *offset_micros = 0;
  if (text == "Z") return true;
  const bool west = take(text, '-');
  if (!west && !take(text, '+')) return false;
  std::uint32_t hours = 0;
  std::uint32_t minutes = 0;
  if (!take_pair(text, 23, &hours)) return false;
  if (!text.empty() && (!take(text, ':') || !take_pair(text, 59, &minutes))) return false;
  *offset_micros = (hours * 3600 + minutes * 60) * kMicrosPerSecond * (west ? -1 : 1);
  return text.empty();
}

}  // namespace

CsvVerdict CsvDateParser::parse(std::string_view text, std::int32_t* out) const {
  const CsvVerdict verdict = take_date(text, out);
  return verdict.good() && !text.empty() ? kNotOfType : verdict;
}

CsvVerdict CsvTimeParser::parse(std::string_view text, std::int64_t* out) const {
  const CsvVerdict verdict = take_time(text, out);
  return verdict.good() && !text.empty() ? kNotOfType : verdict;
}

CsvVerdict CsvTimestampParser::parse(std::string_view text, std::int64_t* out) const {
  std::int32_t days = 0;
  std::int64_t micros = 0;
  CsvVerdict verdict = take_date(text, &days);
  if (!verdict.good()) return verdict;
  if (!take(text, ' ') && !take(text, 'T')) return kNotOfType;
  verdict = take_time(text, &micros);
  if (!verdict.good()) return verdict;
  std::int64_t offset = 0;
  if (!text.empty() && !read_zone(text, &offset)) return kNotOfType;
  if (!text.empty() && !zoned_) return kZoneUnwanted;
  if (text.empty() && zoned_) return kZoneMissing;
  *out = days * kSecondsPerDay * kMicrosPerSecond + micros - offset;
  return {};
}

}  // namespace tipple
