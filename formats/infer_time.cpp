#include "formats/infer_time.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "formats/time_format.h"

namespace tipple {
namespace {

// Preferred first. Two that swap day and month stand side by side.
constexpr std::string_view kDates[] = {"%m/%d/%Y",  "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
                                       "%Y-%m-%d",  "%Y/%m/%d", "%d-%b-%Y", "%d %b %Y", "%b %d %Y",
                                       "%b %d, %Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%y"};
constexpr std::string_view kClocks[] = {"", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"};
constexpr std::string_view kZoned[] = {"%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %z",
                                       "%Y-%m-%dT%H:%M:%S%z",  "%Y-%m-%dT%H:%M:%S.%f%z",   "%Y-%m-%d %H:%M:%S %Z"};
constexpr std::string_view kOthers[] = {"%a %b %d %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%S"};
constexpr std::string_view kTimes[] = {"%I:%M %p", "%I:%M:%S %p", "%H:%M", "%H:%M:%S"};

struct Candidate {
  std::string text;
  DataType type;
  TimeFormat format;
};

DataType type_of(TypeKind kind, bool zoned) {
  DataType type;
  type.kind = kind;
  type.zoned = zoned;
  return type;
}

const std::vector<Candidate>& candidates() {
  static const std::vector<Candidate> kCandidates = [] {
    std::vector<Candidate> all;
    const auto add = [&all](std::string text, const DataType& type) {
      auto format = TimeFormat::compile(text, type);
      TIPPLE_CHECK(format.ok(), "every format of the list is one");
      all.push_back({std::move(text), type, std::move(*format)});
    };
    for (const std::string_view clock : kClocks) {
      const DataType type = type_of(clock.empty() ? TypeKind::kDate : TypeKind::kTimestamp, false);
      for (const std::string_view date : kDates) add(std::string(date) + std::string(clock), type);
    }
    for (const std::string_view text : kZoned) add(std::string(text), type_of(TypeKind::kTimestamp, true));
    for (const std::string_view text : kOthers) add(std::string(text), type_of(TypeKind::kTimestamp, false));
    for (const std::string_view text : kTimes) add(std::string(text), type_of(TypeKind::kTime, false));
    TIPPLE_CHECK(all.size() <= 128, "a set of formats has 128 bits");
    return all;
  }();
  return kCandidates;
}

TimeFormatSet bit(std::size_t k) { return TimeFormatSet{1} << k; }

// Cheap grounds on which nearly every text is none of them.
bool may_be_time(std::string_view text) {
  constexpr std::size_t kBytesMin = 4;  // 9:30
  constexpr std::size_t kBytesMax = 40;
  if (text.size() < kBytesMin || text.size() > kBytesMax) return false;
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits >= 3 && text.find_first_of("/.-: ") != std::string_view::npos;
}

// `text` with day and month swapped; empty if it is not that kind.
std::string swapped(std::string text) {
  const std::size_t day = text.find("%d");
  const std::size_t month = text.find("%m");
  if (day == std::string::npos || month == std::string::npos) return {};
  std::swap(text[day + 1], text[month + 1]);
  return text;
}

}  // namespace

TimeFormatSet matching_time_formats(std::string_view text, TimeFormatSet among) {
  TimeFormatSet found = 0;
  if (among == 0 || !may_be_time(text)) return found;
  const auto& all = candidates();
  for (std::size_t k = 0; k < all.size(); ++k) {
    std::int64_t value = 0;
    if ((among & bit(k)) != 0 && all[k].format.parse(text, &value).good()) found |= bit(k);
  }
  return found;
}

TimeFormatSet iso_date_formats() {
  static const TimeFormatSet kSet = matching_time_formats("2024-11-22", kAllTimeFormats);
  return kSet;
}

TimeFormatSet iso_timestamp_formats(char separator) {
  static const TimeFormatSet kSpace = matching_time_formats("2024-11-22 23:24:25", kAllTimeFormats);
  static const TimeFormatSet kT = matching_time_formats("2024-11-22T23:24:25", kAllTimeFormats);
  return separator == ' ' ? kSpace : kT;
}

TimeFormatChoice choose_time_format(TimeFormatSet possible) {
  const auto& all = candidates();
  std::size_t first = 0;
  while ((possible & bit(first)) == 0) ++first;
  TIPPLE_CHECK(first < all.size(), "one of the list is possible");
  TimeFormatChoice choice{all[first].text, all[first].type, {}};
  const std::string other = swapped(all[first].text);
  for (std::size_t k = first + 1; k < all.size(); ++k) {
    if ((possible & bit(k)) != 0 && all[k].text == other) choice.other = all[k].text;
  }
  return choice;
}

}  // namespace tipple
