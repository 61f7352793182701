// Fixed width: fields by position, at every cut.
#include "formats/fixed_format.h"

#include <gmock/gmock.h>

#include "tests/formats/line_format_testing.h"

namespace tipple::testing_lines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SourceSpec fixed_source() {
  SourceSpec source;
  source.name = "stations";
  source.format = SourceFormat::kFixedWidth;
  source.csv.header = false;
  source.fixed = {{"id", 0, 4}, {"name", 4, 6}, {"height", 10, 5}, {"wide", 15, 40}};
  return source;
}

Outcome read_fixed(const std::vector<ColumnSpec>& columns, std::string_view text,
                   const SourceSpec& source = fixed_source()) {
  const auto format = make_fixed_format(source);
  return read_all(**format, {columns, true, true, false}, text);
}

const std::vector<ColumnSpec> kColumns = {column("id", "int32"), column("name", "string"), column("height", "float64")};

TEST(FixedFormat, FieldsByPosition) {
  const Outcome outcome = read_fixed(kColumns, "  12Ulm    48.4\n   7 a b  -1.50 and more\n0003           \n");
  EXPECT_THAT(outcome.rejects, IsEmpty());
  EXPECT_THAT(outcome.cells(0), ElementsAre("12", "7", "3"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("Ulm", "a b", "null"));
  EXPECT_THAT(outcome.cells(2), ElementsAre("48.4", "-1.5", "null"));
  EXPECT_THAT(outcome.origins, ElementsAre(0U, 16U, 41U));
}

TEST(FixedFormat, ShortLines) {
  const Outcome outcome = read_fixed(kColumns, "  12Ul\n  13\n  14Ulm    48\n 1\n  15Ulm   \n  16Ulm     \n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("12", "13", "15", "16"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("Ul", "null", "Ulm", "Ulm"));
  EXPECT_THAT(outcome.rules(), ElementsAre("arity", "arity"));
  EXPECT_THAT(outcome.rejects[0], HasSubstr("12|2|height|arity|  14Ulm    48"));
  EXPECT_EQ(outcome.reasons[0], "the line ends inside the field, after 3 of its 5 characters");
}

TEST(FixedFormat, LongFieldsAreTrimmed) {
  const std::string wide = "a text of more than thirty-two bytes, ok";
  const Outcome outcome =
      read_fixed({column("wide", "string")}, std::string(15, '.') + wide + "\n" + std::string(15, '.') +
                                                 std::string(40, ' ') + "\n" + std::string(15, '.') + "   x\n");
  EXPECT_THAT(outcome.cells(), ElementsAre(wide, "null", "x"));
}

TEST(FixedFormat, BadValues) {
  const Outcome outcome = read_fixed(kColumns, "  1xUlm    48.4\n  12\xC3\xBClm    48.4\n  12Ulm\xFF   48.4\n");
  EXPECT_THAT(outcome.rules(), ElementsAre("type", "encoding"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("\xC3\xBClm"));
}

// As the program that wrote the line counted them, whatever their bytes are here.
TEST(FixedFormat, PositionsCountCharacters) {
  const Outcome outcome = read_fixed(kColumns,
                                     "   1K\xC3\xB6ln  -12.5\n   2\xE2\x82\xAC\xF0\x9F\x8D\xBA        7\n   3Ulm    "
                                     "8.25 \xC3\xBC\n   4\xC3\xBC\n   5\xC3\xBClm    9\n");
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("K\xC3\xB6ln", "\xE2\x82\xAC\xF0\x9F\x8D\xBA", "Ulm", "\xC3\xBC"));
  EXPECT_THAT(outcome.cells(2), ElementsAre("-12.5", "7", "8.25", "null"));
  EXPECT_THAT(outcome.reasons, ElementsAre("the line ends inside the field, after 2 of its 5 characters"));
}

TEST(FixedFormat, LinesThatAreNotUtf8AreRejectedWhole) {
  const Outcome outcome = read_fixed({column("id", "int32")}, "   1Ulm\n   2\xFCnd\n   3\xC3\xBC\n");
  EXPECT_THAT(outcome.cells(), ElementsAre("1", "3")) << "where characters end is not known";
  EXPECT_THAT(outcome.rules(), ElementsAre("encoding"));
}

TEST(FixedFormat, AFieldWithoutAWidthGoesToTheEndOfTheLine) {
  SourceSpec source = fixed_source();
  source.fixed = {{"id", 0, 4}, {"height", 4, 0}};
  const Outcome outcome = read_fixed({column("id", "int32"), column("height", "float64")},
                                     "   1 48.4\n   2\n   3      1234567890.125   \n   4\n\xC3\xBC  6  7\n", source);
  EXPECT_THAT(outcome.cells(0), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(outcome.cells(1), ElementsAre("48.4", "null", "1234567890.125", "null"));
  EXPECT_THAT(outcome.rules(), ElementsAre("type"));
}

TEST(FixedFormat, CommentsNullsAndSkippedRows) {
  SourceSpec source = fixed_source();
  source.csv.comment = '#';
  source.csv.skip_rows = 1;
  source.csv.null_texts = {"-99", ""};
  const Outcome outcome = read_fixed(kColumns, "id  name  height\n#   a comment\n\n   1Ulm     -99\r\n#", source);
  EXPECT_THAT(outcome.cells(2), ElementsAre("null"));
  EXPECT_EQ(outcome.rows_in, 1U);
}

TEST(FixedFormat, UnknownAndAbsentFields) {
  const SourceSpec source = fixed_source();
  const auto format = make_fixed_format(source);
  const FileHead head{{"id", "name", "height", "wide"}, 0, 0};
  const auto unknown = (*format)->bind(head, {BoundTable{{column("naem", "string")}}}, "in");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().to_string(), HasSubstr("did you mean \"name\"?"));

  SourceSpec no_nulls = fixed_source();
  no_nulls.csv.null_texts = {};
  const auto other = make_fixed_format(no_nulls);
  const Outcome outcome =
      read_all(**other, {{column("id", "int32"), column("gone", "string")}, false, false, true}, "   1x\n   2y\n");
  EXPECT_THAT(outcome.cells(1), ElementsAre("null", "null"));
}

TEST(FixedFormat, MistakesOfTheSource) {
  SourceSpec source = fixed_source();
  source.fixed.clear();
  EXPECT_FALSE(make_fixed_format(source).ok());
  source.fixed = {{"a", 0, 1}, {"a", 1, 1}};
  EXPECT_THAT(make_fixed_format(source).error().to_string(), HasSubstr("twice"));
}

TEST(FixedFormat, FormatsOfDates) {
  SourceSpec source = fixed_source();
  source.fixed = {{"day", 0, 10}};
  EXPECT_THAT(
      read_fixed({column("day", "date", true, {}, "%d.%m.%Y")}, "31.12.2023\n30.2.2024 \n 1.3.2024 \n", source).cells(),
      ElementsAre("2023-12-31", "2024-03-01"));
}

TEST(FixedFormat, SameAtEveryCut) {
  const SourceSpec source = fixed_source();
  const auto format = make_fixed_format(source);
  expect_same_at_every_cut(
      **format, {kColumns, true, true, false},
      "\xEF\xBB\xBF  12Ulm    48.4\r\n\n   7 a b  -1.5\n  x\n\r\n  13\n   4\xC3\xBC b    -1.5\n  5\xC3\xBC\n  6\xFC\r");
}

}  // namespace
}  // namespace tipple::testing_lines
