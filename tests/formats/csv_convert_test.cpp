// The converter as a whole: quotes, nulls, places of rejects, cuts.
#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/limits.h"
#include "tests/formats/csv_convert_testing.h"

namespace tipple::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Table two_columns(bool nullable = true) {
  Table table;
  table.columns = {column("a", "int32", nullable), column("b", "string", nullable)};
  return table;
}

TEST(CsvConvert, QuotedFields) {
  const ConvertedBatch batch =
      convert(two_columns(), "\"1\",\"x, y\"\n2,\"say \"\"hi\"\"\"\n3,\"two\nlines\"\n4,\"\"\n5,\"\"\"\"\n");
  EXPECT_THAT(batch.rejects, IsEmpty());
  EXPECT_THAT(cells(batch, 0), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(cells(batch, 1), ElementsAre("x, y", "say \"hi\"", "two\nlines", "", "\""));
}

TEST(CsvConvert, LongQuotedFieldsOfEveryLength) {
  std::string text;
  std::vector<std::string> want;
  for (std::size_t length = 0; length < 80; ++length) {
    for (std::size_t quote = 0; quote <= length; ++quote) {
      std::string value(length, 'v');
      if (quote < length) value[quote] = '"';
      std::string written = value;
      if (quote < length) written.insert(quote, 1, '"');
      text += "1,\"" + written + "\"\n";
      want.push_back(value);
    }
  }
  const ConvertedBatch batch = convert(two_columns(), text);
  EXPECT_THAT(batch.rejects, IsEmpty());
  EXPECT_EQ(cells(batch, 1), want);
}

TEST(CsvConvert, TextAfterClosingQuoteIsRejected) {
  const ConvertedBatch batch = convert(two_columns(), "1,\"x\"y\n\"2\"3,z\n4,\"x\"\"y\"z\n5,\"x\" \n6,ok\n");
  EXPECT_THAT(rules(batch), ElementsAre("quote", "quote", "quote", "quote"));
  EXPECT_THAT(cells(batch, 0), ElementsAre("6"));
  EXPECT_EQ(batch.rejects[1].column, "a");
}

TEST(CsvConvert, QuotesInBareFieldsAreOrdinary) {
  const ConvertedBatch batch = convert(two_columns(), "1,12\" monitor\n2,a\"b\"c\n");
  EXPECT_THAT(cells(batch, 1), ElementsAre("12\" monitor", "a\"b\"c"));
}

TEST(CsvConvert, CarriageReturns) {
  EXPECT_THAT(cells(convert(two_columns(), "1,a\r\n2,\"b\"\r\n3,c\r\r\n4,d\n5,e\r"), 1),
              ElementsAre("a", "b", "c\r", "d", "e"));
  Table numbers = two_columns();
  std::swap(numbers.columns[0], numbers.columns[1]);
  EXPECT_THAT(cells(convert(numbers, "a,1\r\nb,2\r\n"), 1), ElementsAre("1", "2"));
  EXPECT_THAT(rules(convert(numbers, "a\r,1\r\n\"b\"\r,2\r\n")), ElementsAre("quote"));
  Table mac = two_columns();
  mac.dialect.newline = CsvDialect::Newline::kCr;
  EXPECT_THAT(cells(convert(mac, "1,a\n\r2,b\r"), 1), ElementsAre("a\n", "b"));
  Table one;
  one.columns = {column("a", "string")};
  EXPECT_THAT(cells(convert(one, "x\r\ny\r\n")), ElementsAre("x", "y"));
}

TEST(CsvConvert, EscapeCharacter) {
  Table table = two_columns();
  table.dialect.escape = '\\';
  table.dialect.null_texts = {"\\N"};
  const ConvertedBatch batch = convert(
      table, "1,\"a\\\"b\"\n2,a\\,b\n\\3,\\\\\n\\N,\\N\n\"5\",\"\\N\"\n6,\"a\"\"b\"\n7,\\\"q\n8,end\\\r\r\n9,\\");
  EXPECT_THAT(cells(batch, 0), ElementsAre("1", "2", "3", "null", "5", "7", "8"));
  EXPECT_THAT(cells(batch, 1), ElementsAre("a\"b", "a,b", "\\", "null", "N", "\"q", "end\r"));
  EXPECT_THAT(rules(batch), ElementsAre("quote", "quote"));
}

TEST(CsvConvert, NoQuoteCharacter) {
  Table table = two_columns();
  table.dialect.quote.reset();
  EXPECT_THAT(cells(convert(table, "1,\"a\"\n2,\"\n"), 1), ElementsAre("\"a\"", "\""));
}

TEST(CsvConvert, SpecialCharactersThatStandInValues) {
  Table table;
  table.columns = {column("a", "int32"), column("b", "enum(x1,y)")};
  table.dialect.quote = '1';
  EXPECT_THAT(cells(convert(table, "121,y\n23,1x111\n"), 0), ElementsAre("2", "23"));
  EXPECT_THAT(rules(convert(table, "1234,y\n")), ElementsAre("quote"));
}

TEST(CsvConvert, Nulls) {
  Table table = two_columns();
  table.dialect.null_texts = {"", "NA", "-1", "a longer text for null"};
  const ConvertedBatch batch = convert(table, "NA,NA\n-1,a longer text for null\n,\n1,\"NA\"\n2,\"\"\n3,NAN\n4,na\n");
  EXPECT_THAT(batch.rejects, IsEmpty());
  EXPECT_THAT(cells(batch, 0), ElementsAre("null", "null", "null", "1", "2", "3", "4"));
  EXPECT_THAT(cells(batch, 1), ElementsAre("null", "null", "null", "NA", "", "NAN", "na"));
  EXPECT_THAT(rules(convert(table, "\"NA\",x\n\"\",x\n")), ElementsAre("type", "type"));
  Table strict = two_columns(false);
  strict.dialect.null_texts = {"NA"};
  const ConvertedBatch rejected = convert(strict, "NA,x\n1,NA\n2,\n,x\n");
  EXPECT_THAT(rules(rejected), ElementsAre("not_null", "not_null", "type"));
  EXPECT_THAT(cells(rejected, 1), ElementsAre(""));
}

TEST(CsvConvert, NullsOfEveryType) {
  for (const char* type : {"int8", "uint64", "float32", "float64", "decimal(9,2)", "decimal(38,5)", "bool", "date",
                           "time", "timestamp", "timestamp_tz", "string", "string(4)", "enum(a,b)"}) {
    std::vector<std::string> fields(100);
    const ConvertedBatch batch = convert_fields(type, fields, true);
    EXPECT_EQ(batch.batch->column(0)->null_count(), 100) << type;
    EXPECT_EQ(convert_fields(type, fields, false).rejects.size(), 100) << type;
  }
}

TEST(CsvConvert, NoBitmapWithoutNulls) {
  EXPECT_EQ(convert(two_columns(), "1,a\n").batch->column(0)->null_bitmap(), nullptr);
}

TEST(CsvConvert, PlacesOfRejects) {
  Table table = two_columns();
  table.dialect.comment = '#';
  table.keep_raw = true;
  const std::string text = "1,a\n\n#note\nx,b\n2,\"l1\nl2\"\r\n3\n4,5,6\r\n\ny,c";
  const ConvertedBatch batch = convert(table, text, {"in.csv", 1000, 7});
  ASSERT_THAT(rules(batch), ElementsAre("type", "arity", "arity", "type"));
  EXPECT_EQ(batch.rows_in, 6);
  EXPECT_THAT(cells(batch, 0), ElementsAre("1", "2"));
  const std::vector<std::string> raws = {"x,b", "3", "4,5,6", "y,c"};
  const std::vector<std::uint64_t> lines = {3, 6, 7, 9};
  for (std::size_t i = 0; i < raws.size(); ++i) {
    EXPECT_EQ(batch.rejects[i].raw, raws[i]);
    EXPECT_EQ(batch.rejects[i].path, "in.csv");
    EXPECT_EQ(batch.rejects[i].offset, 1000 + text.find(raws[i], i == 1 ? text.find("\n3\n") + 1 : 0));
    EXPECT_EQ(batch.rejects[i].line, 7 + lines[i]);
  }
  EXPECT_EQ(batch.rejects[0].column, "a");
  EXPECT_EQ(batch.rejects[1].column, "");
  EXPECT_EQ(batch.rejects[1].reason, "has 1 field, expected 2");
  EXPECT_EQ(batch.rejects[2].reason, "has 3 fields, expected 2");
}

TEST(CsvConvert, OneRejectPerRecordByTableOrder) {
  Table table = two_columns(false);
  const ConvertedBatch batch = convert(table, "x,\n1,\n2,b\n");
  ASSERT_EQ(batch.rejects.size(), 2U);
  EXPECT_EQ(batch.rejects[0].column, "a");
  EXPECT_EQ(batch.rejects[1].column, "b");
  EXPECT_EQ(batch.rejects[1].offset, 3U);
}

TEST(CsvConvert, OpenQuoteAtTheEnd) {
  for (const std::string before : {"", "1,a\n", "1,a\n1\n"}) {
    const ConvertedBatch batch = convert(two_columns(), before + "2,\"abc\nd");
    ASSERT_FALSE(batch.rejects.empty());
    EXPECT_EQ(batch.rejects.back().rule, "quote");
    EXPECT_EQ(batch.rejects.back().offset, before.size());
    EXPECT_THAT(batch.rejects.back().reason, HasSubstr("not closed before the end of the file"));
  }
}

TEST(CsvConvert, OverlongFieldsAndRecords) {
  const std::string field(limits::kFieldBytesMax, 'x');
  EXPECT_EQ(convert(two_columns(), "1," + field + "\n").batch->num_rows(), 1);
  EXPECT_THAT(rules(convert(two_columns(), "1," + field + "y\n2,b\n")), ElementsAre("field_bytes"));
  EXPECT_THAT(rules(convert(two_columns(), "1,\"" + field + "y\"\n2,b\n")), ElementsAre("field_bytes"));
  std::string huge(limits::kRecordBytesMax, 'x');
  EXPECT_THAT(rules(convert(two_columns(), "1,a\n2," + huge + "\n3,c\n")), ElementsAre("record_bytes"));
}

TEST(CsvConvert, NothingIn) {
  const ConvertedBatch batch = convert(two_columns(), "");
  EXPECT_EQ(batch.batch->num_rows(), 0);
  EXPECT_EQ(batch.rows_in, 0U);
}

TEST(CsvConvert, ColumnsInAnyOrderAndTwice) {
  Table table;
  table.columns = {column("c", "string"), column("a", "int8"), column("again", "string"), column("c2", "enum(x,y)")};
  const CsvConverter converter = CsvConverter::make(table.dialect, table.columns, {2, 0, 0, 2}, false).value();
  const PaddedText text("1,skipped,x\r\n2,\"sk\",y\r\n");
  CsvIndex index;
  (void)CsvIndexer(table.dialect, 3).index(text.span(), true, index);
  const auto batch = converter.convert(text.span(), index, {}, false, arrow::default_memory_pool());
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(cells(*batch, 0), ElementsAre("x", "y"));
  EXPECT_THAT(cells(*batch, 1), ElementsAre("1", "2"));
  EXPECT_THAT(cells(*batch, 2), ElementsAre("1", "2"));
  EXPECT_THAT(cells(*batch, 3), ElementsAre("0", "1"));
}

// A file of good and bad rows, with nulls, quotes and every kind of column.
struct Mixed {
  Table table;
  std::string text;
  explicit Mixed(std::size_t records) {
    table.columns = {column("i", "int64"),
                     column("s", "string", true),
                     column("b", "bool", true),
                     column("d", "decimal(12,3)", true),
                     column("t", "timestamp", true),
                     column("f", "float32"),
                     column("e", "enum(aa,b)", true),
                     column("n", "string(5)")};
    for (std::size_t k = 0; k < records; ++k) {
      const char* bools[] = {"true", "", "0", "yes", "maybe"};
      text += fmt::format("{},{},{},{}.{:03},2024-{:02}-1{} 0{}:00:00,{},{},n{}{}", k,
                          k % 7 == 0 ? "\"q,\n\"\"q\"" : "plain", bools[k % 5], k, k % 1000, k % 13 + 1, k % 10, k % 10,
                          0.5 * static_cast<double>(k), k % 3 == 0 ? "" : "aa", k % 97,
                          k % 11 == 3   ? ",extra\n"
                          : k % 17 == 5 ? "\xFF\n"
                          : k % 19 == 7 ? "\r\n"
                                        : "\n");
    }
  }
};

TEST(CsvConvert, EveryCutGivesTheSame) {
  const Mixed mixed(120);
  const ConvertedBatch whole = convert(mixed.table, mixed.text);
  ASSERT_GT(whole.rejects.size(), 10U);
  ASSERT_GT(whole.batch->num_rows(), 10);
  std::size_t cut = 0;
  CsvBoundaryScanner scanner(mixed.table.dialect);
  std::size_t cuts = 0;
  while (const auto end = scanner.scan(std::span(mixed.text).subspan(cut), 0, true)) {
    cut += *end;
    ++cuts;
    const auto lines = static_cast<std::uint64_t>(
        std::count(mixed.text.begin(), mixed.text.begin() + static_cast<std::ptrdiff_t>(cut), '\n'));
    const ConvertedBatch first = convert(mixed.table, mixed.text.substr(0, cut), {}, false);
    const ConvertedBatch second = convert(mixed.table, mixed.text.substr(cut), {"", cut, lines});
    const auto batch = arrow::ConcatenateRecordBatches({first.batch, second.batch});
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE((*batch)->Equals(*whole.batch)) << "cut at " << cut;
    std::vector<Reject> rejects = first.rejects;
    rejects.insert(rejects.end(), second.rejects.begin(), second.rejects.end());
    ASSERT_EQ(rejects.size(), whole.rejects.size());
    for (std::size_t i = 0; i < rejects.size(); ++i) {
      ASSERT_EQ(rejects[i].offset, whole.rejects[i].offset);
      ASSERT_EQ(rejects[i].line, whole.rejects[i].line);
      ASSERT_EQ(rejects[i].rule, whole.rejects[i].rule);
      ASSERT_EQ(rejects[i].reason, whole.rejects[i].reason);
    }
  }
  EXPECT_EQ(cuts, whole.rows_in);
}

TEST(CsvConvert, RejectedRowsLeaveTheOthersAsTheyWere) {
  const Mixed mixed(5000);
  const ConvertedBatch with = convert(mixed.table, mixed.text);
  std::string good;
  std::size_t at = 0;
  std::size_t next_reject = 0;
  CsvBoundaryScanner scanner(mixed.table.dialect);
  while (const auto end = scanner.scan(std::span(mixed.text).subspan(at), 0, true)) {
    if (next_reject < with.rejects.size() && with.rejects[next_reject].offset == at) {
      ++next_reject;
    } else {
      good += mixed.text.substr(at, *end);
    }
    at += *end;
  }
  EXPECT_EQ(next_reject, with.rejects.size());
  const ConvertedBatch without = convert(mixed.table, good);
  EXPECT_THAT(without.rejects, IsEmpty());
  EXPECT_TRUE(without.batch->Equals(*with.batch));
}

}  // namespace
}  // namespace tipple::testing
