// The head of a file, the binding of columns, and the guess at a record's start.
#include <algorithm>

#include <gmock/gmock.h>

#include "base/limits.h"
#include "tests/formats/csv_convert_testing.h"

namespace tipple::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<FileHead> head_of(std::string_view text, const CsvDialect& dialect = {}, bool complete = true,
                         const std::vector<std::string>& fields = {}) {
  return read_csv_head({text.data(), text.size()}, complete, dialect, fields, "in.csv");
}

TEST(CsvConvertHead, Names) {
  const auto head = head_of(
      "\xEF\xBB\xBF"
      "a,\"b \"\"c\"\"\",\"two\nlines\"\r\n1,2,3\r\n");
  ASSERT_TRUE(head.ok());
  EXPECT_THAT(head->fields, ElementsAre("a", "b \"c\"", "two\nlines"));
  EXPECT_EQ(head->data_begin, 28U);
  EXPECT_EQ(head->lines, 2U);
}

TEST(CsvConvertHead, SkippedRowsCommentsAndBlankLines) {
  CsvDialect dialect;
  dialect.skip_rows = 2;
  dialect.comment = '#';
  const std::string text = "title, \"of\nthis\n\r\n#c\na,b\n1,2\n";
  const auto head = head_of(text, dialect);
  ASSERT_TRUE(head.ok());
  EXPECT_THAT(head->fields, ElementsAre("a", "b"));
  EXPECT_EQ(text.substr(head->data_begin), "1,2\n");
  EXPECT_EQ(head->lines, 5U);
}

TEST(CsvConvertHead, NamesFromTheJob) {
  CsvDialect dialect;
  dialect.header = false;
  const auto head = head_of("1,2\n", dialect, true, {"a", "b"});
  ASSERT_TRUE(head.ok());
  EXPECT_THAT(head->fields, ElementsAre("a", "b"));
  EXPECT_EQ(head->data_begin, 0U);
  EXPECT_EQ(head_of("1,2\n", dialect).error().kind, ErrorKind::kUsage);
}

TEST(CsvConvertHead, EmptyFileAndHeaderOnly) {
  EXPECT_THAT(head_of("")->fields, IsEmpty());
  EXPECT_EQ(head_of("")->data_begin, 0U);
  EXPECT_THAT(head_of("a,b")->fields, ElementsAre("a", "b"));
  EXPECT_EQ(head_of("a,b")->data_begin, 3U);
  EXPECT_EQ(head_of("a,b\n")->data_begin, 4U);
  CsvDialect dialect;
  dialect.skip_rows = 5;
  EXPECT_THAT(head_of("a\nb\n", dialect)->fields, IsEmpty());
}

TEST(CsvConvertHead, AsksForMore) {
  const std::string text =
      "\xEF\xBB\xBF"
      "skipped\na,\"b\nc\"\n1,2\n";
  CsvDialect dialect;
  dialect.skip_rows = 1;
  const std::size_t end = text.find("1,2");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto head = head_of(text.substr(0, size), dialect, false);
    ASSERT_TRUE(head.ok()) << size;
    if (size < end) {
      EXPECT_GT(head->data_begin, size);
    } else {
      EXPECT_EQ(head->data_begin, end);
    }
  }
}

TEST(CsvConvertHead, Faults) {
  EXPECT_THAT(head_of("a,b,a\n").error().to_string(), HasSubstr("positions 1 and 3"));
  EXPECT_THAT(head_of("a,,b\n").error().to_string(), HasSubstr("name 2 of the header is empty"));
  EXPECT_THAT(head_of("a,\"b\"x\n").error().to_string(), HasSubstr("closing quote"));
  EXPECT_THAT(head_of("a,\"b\n").error().to_string(), HasSubstr("not closed"));
  EXPECT_EQ(head_of(std::string(limits::kRecordBytesMax + 1, 'x'), {}, false).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(head_of(std::string(limits::kRecordBytesMax + 1, 'x') + "\n1\n").error().kind, ErrorKind::kUsage);
  std::string wide = "c";
  for (std::uint32_t i = 0; i < limits::kColumnsMax; ++i) wide += ",c" + std::to_string(i);
  EXPECT_THAT(head_of(wide).error().to_string(), HasSubstr("4097 names"));
}

TEST(CsvConvertHead, Binding) {
  const auto head = head_of("year,month,dep_delay\n");
  ColumnSpec delay = column("delay", "int32");
  delay.from = "dep_delay";
  EXPECT_THAT(*bind_csv_columns(*head, {delay, column("year", "int16")}, "in.csv"), ElementsAre(2, 0));
  const auto unknown = bind_csv_columns(*head, {column("dep_dely", "int32")}, "in.csv");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(unknown.error().to_string(), HasSubstr("did you mean \"dep_delay\""));
}

// Every offset of a file: is the guess the first true record start at or after it?
struct Guesses {
  std::size_t right = 0;
  std::size_t all = 0;
};

Guesses guess_everywhere(const Table& table, const std::string& text) {
  std::vector<std::size_t> starts = {0};
  CsvBoundaryScanner scanner(table.dialect);
  while (const auto end = scanner.scan(std::span(text).subspan(starts.back()), 0, true))
    starts.push_back(starts.back() + *end);
  const CsvConverter converter = table.converter();
  Guesses guesses;
  for (std::size_t at = 1; at < text.size(); ++at) {
    const auto want = *std::lower_bound(starts.begin(), starts.end(), at);
    const auto got = guess_csv_record_start(std::span(text).subspan(at), text[at - 1], true, table.dialect, converter,
                                            table.fields());
    guesses.right += (got ? *got + at : text.size()) == want ? 1 : 0;
    ++guesses.all;
  }
  return guesses;
}

Table guess_table() {
  Table table;
  table.columns = {column("id", "int32"), column("note", "string", true), column("day", "date")};
  return table;
}

TEST(CsvConvertGuess, PlainFile) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ",some text,2024-01-01\n";
  const Guesses guesses = guess_everywhere(guess_table(), text);
  EXPECT_EQ(guesses.right, guesses.all);
}

TEST(CsvConvertGuess, NewlinesInQuotes) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ",\"first line\nsecond, line\n\",2024-01-01\n";
  const Guesses guesses = guess_everywhere(guess_table(), text);
  EXPECT_EQ(guesses.right, guesses.all);
}

TEST(CsvConvertGuess, DoubledQuotesAndEmptyLinesInQuotes) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += std::to_string(i) + ",\"he said \"\"no\"\"\n\n\nand left\",2024-01-01\r\n";
  const Guesses guesses = guess_everywhere(guess_table(), text);
  EXPECT_EQ(guesses.right, guesses.all);
}

TEST(CsvConvertGuess, NothingStarts) {
  const Table table = guess_table();
  const CsvConverter converter = table.converter();
  const std::string text = "no line end at all";
  EXPECT_FALSE(guess_csv_record_start(text, 'x', false, table.dialect, converter, 3).has_value());
  EXPECT_EQ(guess_csv_record_start(std::string_view("1,a,2024-01-01\n"), '\n', false, table.dialect, converter, 3), 0U);
  EXPECT_FALSE(guess_csv_record_start(std::string_view("x\n"), 'x', true, table.dialect, converter, 3).has_value());
}

TEST(CsvConvertGuess, NoQuotes) {
  Table table = guess_table();
  table.dialect.quote.reset();
  std::string text;
  for (int i = 0; i < 50; ++i) text += std::to_string(i) + ",\"half,2024-01-01\n";
  const Guesses guesses = guess_everywhere(table, text);
  EXPECT_EQ(guesses.right, guesses.all);
}

}  // namespace
}  // namespace tipple::testing
