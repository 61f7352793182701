// Log lines: a regular expression's named groups are the fields, at every cut.
#include "formats/log_format.h"

#include <gmock/gmock.h>

#include "tests/formats/line_format_testing.h"

namespace tipple::testing_lines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SourceSpec log_source(const std::string& pattern) {
  SourceSpec source;
  source.name = "access";
  source.format = SourceFormat::kLog;
  source.csv.header = false;
  source.pattern = pattern;
  return source;
}

const std::string kAccess =
    R"re((?P<host>\S+) \S+ \S+ \[(?P<at>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)(?: "(?P<agent>[^"]*)")?)re";

const std::vector<ColumnSpec> kColumns = {
    column("host", "string"), column("at", "timestamp_tz", true, {}, "%d/%b/%Y:%H:%M:%S %z"), column("status", "int16"),
    column("bytes", "int64"), column("agent", "string")};

Outcome read_log(const SourceSpec& source, const std::vector<ColumnSpec>& columns, std::string_view text) {
  const auto format = make_log_format(source);
  EXPECT_TRUE(format.ok()) << format.error().to_string();
  return read_all(**format, {columns, true, true, false}, text);
}

TEST(LogFormat, AccessLog) {
  SourceSpec source = log_source(kAccess);
  source.csv.null_texts = {"", "-"};
  const Outcome outcome = read_log(source, kColumns,
                                   "10.0.0.1 - - [01/Feb/2024:10:20:30 +0100] \"GET / HTTP/1.1\" 200 512 \"curl\"\n"
                                   "10.0.0.2 - - [01/Feb/2024:10:20:31 Z] \"GET /x HTTP/1.1\" 304 -\r\n"
                                   "garbage\n\n"
                                   "10.0.0.3 - - [31/Feb/2024:10:20:31 Z] \"\" 200 1\n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("2024-02-01 09:20:30.000000Z", "2024-02-01 10:20:31.000000Z"));
  EXPECT_THAT(outcome.cells(3), ElementsAre("512", "null"));
  EXPECT_THAT(outcome.cells(4), ElementsAre("curl", "null"));
  EXPECT_THAT(outcome.rules(), ElementsAre("pattern", "type"));
  EXPECT_THAT(outcome.rejects[0], HasSubstr("|2||pattern|garbage"));
}

TEST(LogFormat, TheWholeLineMustMatch) {
  const SourceSpec source = log_source(R"((?P<n>\d+))");
  const Outcome outcome = read_log(source, {column("n", "int32")}, "12\n12 \nx12\n");
  EXPECT_THAT(outcome.cells(), ElementsAre("12"));
  EXPECT_THAT(outcome.rules(), ElementsAre("pattern", "pattern"));
}

TEST(LogFormat, InvalidUtf8SaysSo) {
  const SourceSpec source = log_source(R"((?P<n>.*))");
  EXPECT_THAT(read_log(source, {column("n", "string")}, "a\xC3\n\xC3\xA9\n").rules(), ElementsAre("encoding"));
}

TEST(LogFormat, MistakesOfThePattern) {
  const SourceSpec open = log_source("(?P<a>");
  ASSERT_FALSE(make_log_format(open).ok());
  EXPECT_EQ(make_log_format(open).error().kind, ErrorKind::kUsage);
  EXPECT_THAT(make_log_format(open).error().to_string(), HasSubstr("missing )"));
  const SourceSpec unnamed = log_source("(a)");
  EXPECT_THAT(make_log_format(unnamed).error().to_string(), HasSubstr("no named group"));
  const SourceSpec huge = log_source("(?P<a>((((((a{1,100}){1,100}){1,100}){1,100}))))");
  EXPECT_FALSE(make_log_format(huge).ok());
}

TEST(LogFormat, MistakesOfATimeFormat) {
  const SourceSpec source = log_source(kAccess);
  const auto format = make_log_format(source);
  const FileHead head{{"host", "at", "request", "status", "bytes", "agent"}, 0, 0};
  const auto binding = (*format)->bind(head, {BoundTable{{column("at", "timestamp", true, {}, "%Q")}}}, "in");
  ASSERT_FALSE(binding.ok());
  EXPECT_THAT(binding.error().to_string(), HasSubstr("column \"at\""));
}

// A pattern on which a backtracking engine never ends.
TEST(LogFormat, HostilePatternsTakeLinearTime) {
  const SourceSpec source = log_source("(?P<a>(x+x+)+y)");
  EXPECT_THAT(read_log(source, {column("a", "string")}, std::string(200'000, 'x') + "\n").rules(),
              ElementsAre("pattern"));
}

TEST(LogFormat, SameAtEveryCut) {
  SourceSpec source = log_source(R"((?P<a>\w+)(?:=(?P<b>\d+))?)");
  source.csv.comment = '#';
  source.csv.skip_rows = 1;
  const auto format = make_log_format(source);
  expect_same_at_every_cut(**format, {{column("a", "string"), column("b", "int16")}, true, true, false},
                           "\xEF\xBB\xBFhead line\nab=12\r\n#no\n\nc\n=\nde=99999\nf=7");
}

}  // namespace
}  // namespace tipple::testing_lines
