// Dates and times in formats of their own.
#include "formats/time_format.h"

#include <gmock/gmock.h>

namespace tipple {
namespace {

using ::testing::HasSubstr;

TimeFormat compiled(const std::string& format, const std::string& type) {
  auto out = TimeFormat::compile(format, parse_data_type(type).value());
  EXPECT_TRUE(out.ok()) << out.error().to_string();
  return std::move(out).value();
}

constexpr std::int64_t kNone = INT64_MIN;

std::int64_t parsed(const std::string& format, const std::string& type, std::string_view text) {
  std::int64_t value = 0;
  return compiled(format, type).parse(text, &value).good() ? value : kNone;
}

TEST(TimeFormat, Dates) {
  EXPECT_EQ(parsed("%d/%m/%Y", "date", "29/02/2000"), 11016);
  EXPECT_EQ(parsed("%m/%d/%Y", "date", "2/29/2000"), 11016);
  EXPECT_EQ(parsed("%d-%b-%y", "date", "29-fEB-00"), 11016);
  EXPECT_EQ(parsed("%A, %d. %B %Y", "date", "Tuesday,  29. February 2000"), 11016);
  EXPECT_EQ(parsed("%Y%j", "date", "2000060"), 11016);
  EXPECT_EQ(parsed("%Y%m%d", "date", "20000229"), 11016);
  EXPECT_EQ(parsed("%F %T", "date", "2000-02-29 23:59:59"), 11016);
}

TEST(TimeFormat, TextsThatAreNoDates) {
  for (const char* text : {"29/02/2001", "31/04/2000", "0/1/2000", "1/13/2000", "1/1/200", "1/1/20000", "1/1/0000", "",
                           " 1/1/2000", "1/1/2000 ", "1-1-2000", "001/1/2000", "+1/1/2000"}) {
    EXPECT_EQ(parsed("%d/%m/%Y", "date", text), kNone) << text;
  }
  EXPECT_EQ(parsed("%Y%j", "date", "2001366"), kNone);
  EXPECT_EQ(parsed("%d %b %Y", "date", "1 Foo 2000"), kNone);
  EXPECT_EQ(parsed("%d %b %Y", "date", "1 Janu 2000"), kNone);
}

TEST(TimeFormat, Times) {
  constexpr std::int64_t kHour = 3'600'000'000;
  EXPECT_EQ(parsed("%H:%M", "time", "7:05"), 7 * kHour + 300'000'000);
  EXPECT_EQ(parsed("%I:%M %p", "time", "12:00 AM"), 0);
  EXPECT_EQ(parsed("%I:%M %p", "time", "12:00 pm"), 12 * kHour);
  EXPECT_EQ(parsed("%I%p", "time", "11PM"), 23 * kHour);
  EXPECT_EQ(parsed("%H:%M:%S.%f", "time", "00:00:00.5"), 500'000);
  EXPECT_EQ(parsed("%H:%M:%S.%f", "time", "00:00:00.000001000"), 1);
  EXPECT_EQ(parsed("%H:%M:%S.%f", "time", "00:00:00.0000001"), kNone);
  EXPECT_EQ(parsed("%H:%M:%S", "time", "23:59:60"), kNone);
  EXPECT_EQ(parsed("%H:%M", "time", "24:00"), kNone);
}

TEST(TimeFormat, TimestampsAndZones) {
  constexpr std::int64_t kSecond = 1'000'000;
  EXPECT_EQ(parsed("%d/%b/%Y:%H:%M:%S %z", "timestamp_tz", "01/Jan/1970:01:00:00 +0100"), 0);
  EXPECT_EQ(parsed("%Y-%m-%d %H:%M:%S%z", "timestamp_tz", "1970-01-01 00:00:01Z"), kSecond);
  EXPECT_EQ(parsed("%Y-%m-%d %H:%M:%S %z", "timestamp_tz", "1969-12-31 18:30:00 -05:30"), 0);
  EXPECT_EQ(parsed("%Y-%m-%d %H:%M:%S %Z", "timestamp_tz", "1970-01-01 00:00:00 UTC"), 0);
  EXPECT_EQ(parsed("%Y-%m-%d %H:%M:%S %Z", "timestamp_tz", "1970-01-01 00:00:00 CET"), kNone);
  EXPECT_EQ(parsed("%m/%d/%Y %R", "timestamp", "1/2/1970 0:01"), 86'460 * kSecond);
  EXPECT_EQ(parsed("%s", "timestamp_tz", "-1"), -kSecond);
  EXPECT_EQ(parsed("%s.%f", "timestamp", "-0.25"), -250'000);
  EXPECT_EQ(parsed("%s", "date", "-1"), -1);
  EXPECT_EQ(parsed("%s", "timestamp", "253402300799"), 253'402'300'799 * kSecond);
  EXPECT_EQ(parsed("%s", "timestamp", "253402300800"), kNone);
  EXPECT_EQ(parsed("%s", "timestamp", "99999999999999999999999"), kNone);
}

TEST(TimeFormat, FormatsThatAreNone) {
  const auto refused = [](const std::string& format, const std::string& type) {
    const auto out = TimeFormat::compile(format, parse_data_type(type).value());
    return out.ok() ? std::string("accepted") : out.error().what;
  };
  EXPECT_THAT(refused("%Q", "date"), HasSubstr("%Q"));
  EXPECT_THAT(refused("%Y-%m-%d %", "date"), HasSubstr("lone %"));
  EXPECT_THAT(refused("%Y-%m-%b", "date"), HasSubstr("twice"));
  EXPECT_THAT(refused("%Y", "date"), HasSubstr("day of the year"));
  EXPECT_THAT(refused("%m-%d", "date"), HasSubstr("no year"));
  EXPECT_THAT(refused("%H:%M", "date"), HasSubstr("no year"));
  EXPECT_THAT(refused("%Y-%m-%d", "time"), HasSubstr("a date or a zone"));
  EXPECT_THAT(refused("%I:%M", "time"), HasSubstr("%p together"));
  EXPECT_THAT(refused("%F %T %z", "timestamp"), HasSubstr("only timestamp_tz"));
  EXPECT_THAT(refused("%F %T", "timestamp_tz"), HasSubstr("no zone"));
  EXPECT_THAT(refused("%s %z", "timestamp_tz"), HasSubstr("whole of a time"));
  EXPECT_THAT(refused("%F", "int32"), HasSubstr("takes no format"));
}

}  // namespace
}  // namespace tipple
