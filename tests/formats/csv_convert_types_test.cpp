// Each type's values and what it rejects.
#include <cmath>
#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/formats/csv_convert_testing.h"

namespace tipple::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

struct Case {
  std::string type;
  std::string field;
  std::string want;  // Arrow's words for the value, or "!rule"
};

class CsvConvertTypes : public ::testing::TestWithParam<Case> {};

TEST_P(CsvConvertTypes, Value) {
  const Case& c = GetParam();
  const ConvertedBatch batch = convert_fields(c.type, {c.field});
  const std::string got = batch.rejects.empty() ? cells(batch)[0] : "!" + batch.rejects[0].rule;
  EXPECT_EQ(got, c.want) << c.type << " of " << c.field
                         << (batch.rejects.empty() ? "" : ": " + batch.rejects[0].reason);
}

TEST_P(CsvConvertTypes, QuotedValue) {  // the slow way gives what the fast way gives
  const Case& c = GetParam();
  if (c.field.find('"') != std::string::npos || c.want == "!not_null") return;
  const ConvertedBatch batch = convert_fields(c.type, {"\"" + c.field + "\""});
  EXPECT_EQ(batch.rejects.empty() ? cells(batch)[0] : "!" + batch.rejects[0].rule, c.want)
      << c.type << " of " << c.field;
}

std::vector<Case> int_cases() {
  std::vector<Case> cases;
  const auto add = [&](const std::string& type, const std::string& low, const std::string& below,
                       const std::string& high, const std::string& above) {
    for (const std::string& v : {low, high}) cases.push_back({type, v, v});
    for (const std::string& v :
         {below, above, std::string("99999999999999999999"), std::string("123456789012345678901234")}) {
      cases.push_back({type, v, "!range"});
    }
    cases.push_back({type, "+7", "7"});
    cases.push_back({type, "-0", "0"});
    cases.push_back({type, "007", "7"});
    cases.push_back({type, "0000000000000000000000000000000000000042", "42"});
    cases.push_back({type, "", "!not_null"});
    for (const char* v : {"-", "+", "+-1", "--1", " 1", "1 ", "1.0", "1e3", "0x1", "a", "12a", "12345678a",
                          "1234567890a", "/", ":", "1,", "\xB1"}) {
      if (std::string(v) != "1,") cases.push_back({type, v, "!type"});
    }
  };
  add("int8", "-128", "-129", "127", "128");
  add("int16", "-32768", "-32769", "32767", "32768");
  add("int32", "-2147483648", "-2147483649", "2147483647", "2147483648");
  add("int64", "-9223372036854775808", "-9223372036854775809", "9223372036854775807", "9223372036854775808");
  add("uint8", "0", "-1", "255", "256");
  add("uint16", "0", "-1", "65535", "65536");
  add("uint32", "0", "-1", "4294967295", "4294967296");
  add("uint64", "0", "-1", "18446744073709551615", "18446744073709551616");
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Ints, CsvConvertTypes, ::testing::ValuesIn(int_cases()));

INSTANTIATE_TEST_SUITE_P(
    Others, CsvConvertTypes,
    ::testing::Values(
        Case{"decimal(9,2)", "12.34", "12.34"}, Case{"decimal(9,2)", "-0.05", "-0.05"},
        Case{"decimal(9,2)", "+1", "1.00"}, Case{"decimal(9,2)", "1.", "1.00"}, Case{"decimal(9,2)", ".5", "0.50"},
        Case{"decimal(9,2)", "9999999.99", "9999999.99"}, Case{"decimal(9,2)", "10000000", "!range"},
        Case{"decimal(9,2)", "10000000.00", "!range"}, Case{"decimal(9,2)", "1.2300000", "1.23"},
        Case{"decimal(9,2)", "1.231", "!range"}, Case{"decimal(9,2)", "0000000000000000000000001.5", "1.50"},
        Case{"decimal(9,2)", "1e2", "!type"}, Case{"decimal(9,2)", ".", "!type"}, Case{"decimal(9,2)", "-", "!type"},
        Case{"decimal(9,2)", "1.2.3", "!type"}, Case{"decimal(9,2)", "--1", "!type"},
        Case{"decimal(9,2)", "-+1", "!type"}, Case{"decimal(2,2)", "0.99", "0.99"},
        Case{"decimal(2,2)", "1.00", "!range"}, Case{"decimal(1,0)", "9", "9"}, Case{"decimal(1,0)", "10", "!range"},
        Case{"decimal(18,0)", "999999999999999999", "999999999999999999"},
        Case{"decimal(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
        Case{"decimal(38,0)", "-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"},
        Case{"decimal(38,0)", "100000000000000000000000000000000000000", "!range"},
        Case{"decimal(38,30)", "12345678.5", "12345678.500000000000000000000000000000"},
        Case{"decimal(38,30)", "123456789.5", "!range"},
        Case{"decimal(38,38)", "0.12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678"},
        Case{"decimal(38,19)", "-1234567.123456789", "-1234567.1234567890000000000"}));

INSTANTIATE_TEST_SUITE_P(
    Bools, CsvConvertTypes,
    ::testing::Values(Case{"bool", "true", "true"}, Case{"bool", "TRUE", "true"}, Case{"bool", "False", "false"},
                      Case{"bool", "t", "true"}, Case{"bool", "F", "false"}, Case{"bool", "1", "true"},
                      Case{"bool", "0", "false"}, Case{"bool", "yes", "true"}, Case{"bool", "No", "false"},
                      Case{"bool", "y", "!type"}, Case{"bool", "2", "!type"}, Case{"bool", "truee", "!type"},
                      Case{"bool", "tru", "!type"}, Case{"bool", "\x11", "!type"}, Case{"bool", "false ", "!type"},
                      Case{"bool", std::string("FALS\x45\x01", 6), "!type"}));

INSTANTIATE_TEST_SUITE_P(
    Dates, CsvConvertTypes,
    ::testing::Values(Case{"date", "1970-01-01", "1970-01-01"}, Case{"date", "2024-02-29", "2024-02-29"},
                      Case{"date", "2000-02-29", "2000-02-29"}, Case{"date", "1900-02-29", "!type"},
                      Case{"date", "2023-02-29", "!type"}, Case{"date", "2023-04-31", "!type"},
                      Case{"date", "0001-01-01", "0001-01-01"}, Case{"date", "9999-12-31", "9999-12-31"},
                      Case{"date", "0000-01-01", "!type"}, Case{"date", "2023-00-10", "!type"},
                      Case{"date", "2023-13-10", "!type"}, Case{"date", "2023-01-00", "!type"},
                      Case{"date", "2023-01-32", "!type"}, Case{"date", "2023-1-1", "!type"},
                      Case{"date", "2023/01/01", "!type"}, Case{"date", "20230101", "!type"},
                      Case{"date", "2023-01-011", "!type"}, Case{"date", "2023-0a-01", "!type"},
                      Case{"date", "-023-01-01", "!type"}, Case{"date", "2023-01-01 00:00", "!type"}));

INSTANTIATE_TEST_SUITE_P(
    Times, CsvConvertTypes,
    ::testing::Values(Case{"time", "00:00", "00:00:00.000000"}, Case{"time", "23:59:59", "23:59:59.000000"},
                      Case{"time", "12:34:56.5", "12:34:56.500000"}, Case{"time", "12:34:56.123456", "12:34:56.123456"},
                      Case{"time", "12:34:56.123456000", "12:34:56.123456"}, Case{"time", "12:34:56.1234567", "!range"},
                      Case{"time", "12:34:56.0000000000", "!type"}, Case{"time", "24:00:00", "!type"},
                      Case{"time", "12:60", "!type"}, Case{"time", "12:00:60", "!type"}, Case{"time", "1:00", "!type"},
                      Case{"time", "12:34:", "!type"}, Case{"time", "12:34:56.", "!type"},
                      Case{"time", "12:34.5", "!type"}, Case{"time", "12-34-56", "!type"},
                      Case{"time", "12:3456", "!type"}));

INSTANTIATE_TEST_SUITE_P(
    Timestamps, CsvConvertTypes,
    ::testing::Values(
        Case{"timestamp", "2013-01-01 05:15:59", "2013-01-01 05:15:59.000000"},
        Case{"timestamp", "2013-01-01T05:15:59", "2013-01-01 05:15:59.000000"},
        Case{"timestamp", "2013-01-01 05:15", "2013-01-01 05:15:00.000000"},
        Case{"timestamp", "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"},
        Case{"timestamp", "0001-01-01 00:00:00", "0001-01-01 00:00:00.000000"},
        Case{"timestamp", "9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999"},
        Case{"timestamp", "2013-01-01 05:15:59.1234567", "!range"}, Case{"timestamp", "2013-01-01", "!type"},
        Case{"timestamp", "2013-01-01 05:15:59Z", "!type"}, Case{"timestamp", "2013-01-01 05:15:59+01", "!type"},
        Case{"timestamp", "2013-01-01x05:15:59", "!type"}, Case{"timestamp", "2013-02-30 05:15:59", "!type"},
        Case{"timestamp", "2013-01-01 24:15:59", "!type"}, Case{"timestamp", "2013-01-01  5:15:59", "!type"},
        Case{"timestamp_tz", "2013-01-01 05:15:59Z", "2013-01-01 05:15:59.000000Z"},
        Case{"timestamp_tz", "2013-01-01T05:15:59+02", "2013-01-01 03:15:59.000000Z"},
        Case{"timestamp_tz", "2013-01-01T00:15-05:30", "2013-01-01 05:45:00.000000Z"},
        Case{"timestamp_tz", "2013-01-01T00:15:00.25-05:30", "2013-01-01 05:45:00.250000Z"},
        Case{"timestamp_tz", "2013-01-01 05:15:59", "!type"}, Case{"timestamp_tz", "2013-01-01 05:15:59z", "!type"},
        Case{"timestamp_tz", "2013-01-01 05:15:59+0", "!type"},
        Case{"timestamp_tz", "2013-01-01 05:15:59+01:", "!type"},
        Case{"timestamp_tz", "2013-01-01 05:15:59+24", "!type"},
        Case{"timestamp_tz", "2013-01-01 05:15:59ZZ", "!type"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, CsvConvertTypes,
    ::testing::Values(Case{"string", "abc", "abc"}, Case{"string", "a\"b", "a\"b"}, Case{"string", " a ", " a "},
                      Case{"string", "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
                      Case{"string", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"}, Case{"string", "", "!not_null"},
                      Case{"string", "a\xC3", "!encoding"}, Case{"string", "\x80", "!encoding"},
                      Case{"string", "\xC0\x80", "!encoding"}, Case{"string", "\xE0\x80\x80", "!encoding"},
                      Case{"string", "\xED\xA0\x80", "!encoding"}, Case{"string", "\xF4\x90\x80\x80", "!encoding"},
                      Case{"string", "\xF5", "!encoding"}, Case{"string", std::string("a\0b", 3), "!nul"},
                      Case{"string(3)", "abc", "abc"}, Case{"string(3)", "abcd", "!length"},
                      Case{"string(3)", "\xC3\xBC\xC3\xBC", "!length"},
                      Case{"string(40)", "0123456789012345678901234567890123456789",
                           "0123456789012345678901234567890123456789"},
                      Case{"string(39)", "0123456789012345678901234567890123456789", "!length"},
                      Case{"enum(red,green,very long label indeed)", "green", "1"},
                      Case{"enum(red,green,very long label indeed)", "very long label indeed", "2"},
                      Case{"enum(red,green,very long label indeed)", "very long label inside", "!enum"},
                      Case{"enum(red,green,very long label indeed)", "re", "!enum"},
                      Case{"enum(red,green,very long label indeed)", "reds", "!enum"}));

TEST(CsvConvertReasons, NameWhatToDo) {
  EXPECT_THAT(convert_fields("timestamp", {"2013-01-01 05:15:59Z"}).rejects[0].reason, HasSubstr("timestamp_tz"));
  EXPECT_THAT(convert_fields("enum(red,green)", {"gren"}).rejects[0].reason, HasSubstr("nearest is \"green\""));
  EXPECT_THAT(convert_fields("int8", {"300"}).rejects[0].reason, HasSubstr("\"300\" is out of range for int8"));
  EXPECT_THAT(convert_fields("int8", {std::string(200, 'x')}).rejects[0].reason,
              HasSubstr(std::string(64, 'x') + "...\""));
  EXPECT_THAT(convert_fields("int8", {"\x01\xFF"}).rejects[0].reason, HasSubstr("\\x01\\xff"));
}

TEST(CsvConvertFloats, SpecialValues) {
  const ConvertedBatch batch =
      convert_fields("float64", {"nan", "NaN", "-nan", "inf", "-Infinity", "+INF", "1e-400", "-0", ".5", "5.", "+1e3"});
  ASSERT_TRUE(batch.rejects.empty()) << batch.rejects[0].reason;
  EXPECT_THAT(cells(batch), ElementsAre("nan", "nan", "nan", "inf", "-inf", "inf", "0", "-0", "0.5", "5", "1000"));
  const ConvertedBatch bad = convert_fields("float64", {"nan(1)", "1e400", "-1e400", "infin", "0x1p3", "1e", ".", "-",
                                                        "1 ", " 1", "--1", "1.2.3", "1_0", "e5"});
  EXPECT_EQ(bad.batch->num_rows(), 0);
  EXPECT_THAT(rules(bad), ElementsAre("type", "range", "range", "type", "type", "type", "type", "type", "type", "type",
                                      "type", "type", "type", "type"));
  EXPECT_THAT(rules(convert_fields("float32", {"1e39", "3.4e38"})), ElementsAre("range"));
}

TEST(CsvConvertFloats, BitsOfStrtod) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  std::vector<std::string> texts;
  for (int i = 0; i < 300'000; ++i) {
    const double any = std::bit_cast<double>(random());
    const double usual = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 60)) / 1e6;
    const double value = i % 3 == 0 && std::isfinite(any) ? any : usual;
    switch (random() % 6) {
      case 0:
        texts.push_back(fmt::format("{:.17g}", value));
        break;
      case 1:
        texts.push_back(fmt::format("{}", value));
        break;
      case 2:
        texts.push_back(fmt::format("{:.{}f}", usual, random() % 12));
        break;
      case 3:
        texts.push_back(fmt::format("{:.{}e}", value, random() % 20));
        break;
      case 4:
        texts.push_back(fmt::format("{}.{}", random() % 100'000'000, random() >> (random() % 60)));
        break;
      default:
        texts.push_back(fmt::format("{}{}.{:0{}}", random() % 2 != 0 ? "-" : "00", random() % 1000,
                                    random() % 100'000'000, random() % 16));
        break;
    }
  }
  // Exactly between two floats, and a little to either side: where rounding twice would go wrong.
  for (const char* text :
       {"16777217", "16777217.000000", "16777216.9999999999", "16777217.0000000001", "0.500000029802322387695312",
        "9007199254740993", "9007199254740992.5", "900719925474.0993", "90071992547409.93"}) {
    texts.emplace_back(text);
  }
  std::erase_if(texts, [](const std::string& text) { return std::isinf(std::strtod(text.c_str(), nullptr)); });
  const ConvertedBatch doubles = convert_fields("float64", texts);
  const ConvertedBatch floats = convert_fields("float32", texts);
  ASSERT_TRUE(doubles.rejects.empty()) << doubles.rejects[0].reason;
  const auto& got64 = static_cast<const arrow::DoubleArray&>(*doubles.batch->column(0));
  const auto& got32 = static_cast<const arrow::FloatArray&>(*floats.batch->column(0));
  std::int64_t row32 = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const double want64 = std::strtod(texts[i].c_str(), nullptr);
    const float want32 = std::strtof(texts[i].c_str(), nullptr);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(got64.Value(static_cast<std::int64_t>(i))),
              std::bit_cast<std::uint64_t>(want64))
        << texts[i];
    if (std::isinf(want32)) continue;  // rejected
    ASSERT_EQ(std::bit_cast<std::uint32_t>(got32.Value(row32++)), std::bit_cast<std::uint32_t>(want32)) << texts[i];
  }
  EXPECT_EQ(row32, got32.length());
}

TEST(CsvConvertDates, EveryDay) {
  std::vector<std::string> fields;
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int year = 1; year <= 9999; ++year) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (int month = 1; month <= 12; ++month) {
      const int days = kDays[month - 1] + (leap && month == 2 ? 1 : 0);
      for (int day = 1; day <= days; ++day) fields.push_back(fmt::format("{:04}-{:02}-{:02}", year, month, day));
    }
  }
  const ConvertedBatch batch = convert_fields("date", fields);
  ASSERT_TRUE(batch.rejects.empty()) << batch.rejects[0].reason;
  const auto& days = static_cast<const arrow::Date32Array&>(*batch.batch->column(0));
  for (std::int64_t i = 0; i < days.length(); ++i)
    ASSERT_EQ(days.Value(i), i - 719162) << fields[static_cast<std::size_t>(i)];
}

TEST(CsvConvertEnums, ManyLabels) {
  std::string type = "enum(";
  std::vector<std::string> labels;
  for (int i = 0; i < 5000; ++i) labels.push_back(fmt::format("{}{}", i % 2 == 0 ? "a common beginning " : "l", i));
  for (const std::string& label : labels) type += (type.back() == '(' ? "" : ",") + label;
  const ConvertedBatch batch = convert_fields(type + ")", labels);
  ASSERT_TRUE(batch.rejects.empty()) << batch.rejects[0].reason;
  const auto& codes = static_cast<const arrow::UInt16Array&>(*batch.batch->column(0));
  for (std::int64_t i = 0; i < codes.length(); ++i) ASSERT_EQ(codes.Value(i), i);
}

}  // namespace
}  // namespace tipple::testing
