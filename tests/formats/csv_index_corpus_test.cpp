// Each case of the CSV language, on each kernel, moved across the edges of words, cut at each place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/csv_index.h"
#include "tests/formats/csv_index_reference.h"

namespace tipple {
namespace {

using csv_reference::Record;
using testing::ElementsAre;
using testing::IsEmpty;

struct Case {
  std::string_view text;
  std::uint32_t fields = 2;
};

using namespace std::string_view_literals;

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {""sv},
      {"\n"sv},
      {"\r\n"sv},
      {"\r"sv},
      {"\n\n\n"sv},
      {"\r\n\r\n"sv},
      {"a"sv, 1},
      {"a\n"sv, 1},
      {"\n"sv, 1},
      {"\r\n"sv, 1},
      {"a\n\nb\n"sv, 1},
      {"a\r\n\r\nb\r\n"sv, 1},
      {"a,b\nc,d\n"sv},
      {"a,b\r\nc,d\r\n"sv},
      {"a,b\nc,d"sv},
      {"a,b\r\nc,d\r"sv},
      {"a,b\n\r"sv},
      {",\n,\n"sv},
      {",\r\n,\r\n"sv},
      {","sv},
      {"a,"sv},
      {"a,\n"sv},
      {",,\n"sv, 3},
      {"a,b\n\nc,d\n"sv},
      {"a,b\n\r\nc,d\n"sv},
      {"a,b\n\rc,d\n"sv},
      {"\"a\",\"b\"\n"sv},
      {"\"a\nb\",c\n"sv},
      {"\"a\r\nb\",\"c\r\n\"\r\n"sv},
      {"\"a,b\",c\n"sv},
      {"\"\",\"\"\n"sv},
      {"\"\"\n"sv, 1},
      {"\"a\"\"b\",c\n"sv},
      {"\"\"\"\",c\n"sv},
      {"\"\"\"a\"\"\",c\n"sv},
      {"\"a\"\"\n\"\"b\",c\n"sv},
      {"\"\"\"\"\"\"\"\",c\n"sv},
      {"12\" monitor,b\n"sv},
      {"a\"b\"c,d\n"sv},
      {"a\"\nb\",c\n"sv},
      {"a,b\"\"\n"sv},
      {"a\",b\nc,\"d\n\"\n"sv},
      {"\"a\"b,c\n"sv},
      {"\"a\"b\"c\",d\n"sv},
      {"\"a\" \"b\n\",c\n"sv},
      {"\"a\"\rb,c\n"sv},
      {"\"a\"\r\n"sv, 1},
      {"\"a\"\r\"b\n"sv},
      {"\"a"sv},
      {"a,\"b\n"sv},
      {"a,\"b\"\""sv},
      {"a,\"b\""sv},
      {"\""sv},
      {"\"\""sv},
      {"\"\"\""sv},
      {"a,b\n\"c\nd,e\n"sv},
      {"a\0b,c\0\n"sv},
      {"\0\n"sv, 1},
      {"\"\0\n\0\",\0\n"sv},
      {"a,b,c\nd\ne,f\n"sv},
      {"a,b\nc\n"sv},
      {"a,b\nc,d,e"sv},
      {"#c\na,b\n"sv},
      {"a,b\n#c,\"d\ne,f\n"sv},
      {"#\n#\n#"sv},
      {"a,#b\n #c,d\n"sv},
      {"\"#\n#\",b\n#"sv},
      {"#a\r\nb,c\r\n#"sv},
      {"\n#a\n\nb,c\n"sv},
      {"a\\,b,c\n"sv},
      {"a\\\nb,c\n"sv},
      {"\"a\\\"\nb\",c\n"sv},
      {"\"a\\\\\",c\n"sv},
      {"\\\"a\nb\",c\n"sv},
      {"\\\n,b\n"sv},
      {"a,\\"sv},
      {"\"a\\"sv},
      {"\\#a,b\n"sv},
      {"#a\\\nb,c\n"sv},
      {"\"a\"\\,b,c\n"sv},
      {"\\"sv, 1},
      {"a\rb,c\rd\ne,f\r"sv},
      {"\ra,b\r\rc,d\r"sv},
      {"\"a\rb\",c\r"sv},
      {"a;b\n\"c;d\";e\n"sv},
      {"a\tb\n'c\td'\te\n"sv},
  };
  return all;
}

std::vector<CsvDialect> dialects() {
  std::vector<CsvDialect> all(9);
  all[1].escape = '\\';
  all[2].comment = '#';
  all[3].escape = '\\', all[3].comment = '#';
  all[4].newline = CsvDialect::Newline::kCr;
  all[5].quote.reset();
  all[6].quote.reset(), all[6].escape = '\\', all[6].comment = '#';
  all[7].delimiter = ';', all[7].comment = '#';
  all[8].delimiter = '\t', all[8].quote = '\'';
  return all;
}

class CsvIndexCorpus : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { force_csv_kernel(GetParam()); }
  void TearDown() override { force_csv_kernel({}); }
};

TEST_P(CsvIndexCorpus, EveryCaseAtEveryPlaceInAWord) {
  for (const CsvDialect& dialect : dialects()) {
    const char end = dialect.newline == CsvDialect::Newline::kCr ? '\r' : '\n';
    for (const Case& test : cases()) {
      for (std::size_t padding = 0; padding <= 130; ++padding) {
        // A record of the right shape in front, a field and records behind.
        std::string text(padding, 'x');
        for (std::uint32_t i = 1; i < test.fields && padding > 0; ++i) text += dialect.delimiter;
        if (padding > 0) text += end;
        text += test.text;
        for (const bool final : {false, true}) {
          ASSERT_EQ(csv_reference::index_difference(text, dialect, test.fields, final), "");
        }
        ASSERT_EQ(csv_reference::scan_difference(text, dialect, false, text.size() + 1, 0), "");
        for (int i = 0; i < 20; ++i) text += std::string("yyyy") + dialect.delimiter + "zzz" + end;
        ASSERT_EQ(csv_reference::index_difference(text, dialect, test.fields, true), "");
        ASSERT_EQ(csv_reference::scan_difference(text, dialect, true, text.size() + 1, padding), "");
      }
    }
  }
}

// index(block).whole bytes and index(rest) give what one index of both gives, at every cut.
void expect_two_blocks_are_one(std::string_view text, const CsvDialect& dialect, std::uint32_t fields) {
  const CsvIndexer indexer(dialect, fields);
  const auto whole = csv_reference::read(text, dialect, fields, true);
  CsvIndex index;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const csv_reference::Exact head(text.substr(0, cut));
    const auto first = indexer.index(head.span(), false, index);
    std::vector<Record> records = csv_reference::records_of(index);
    ASSERT_LE(first.whole, cut);
    const csv_reference::Exact rest(text.substr(first.whole));
    const auto second = indexer.index(rest.span(), true, index);
    for (Record& record : csv_reference::records_of(index)) {
      record.begin += first.whole;
      for (std::size_t& end : record.ends) end += first.whole;
      records.push_back(std::move(record));
    }
    ASSERT_EQ(records, whole.records) << "cut at " << cut << " of " << csv_reference::quoted_for_message(text);
    ASSERT_EQ(first.lines + second.lines, whole.lines) << "cut at " << cut;
    ASSERT_EQ(second.open_quote, whole.open_quote) << "cut at " << cut;
  }
}

TEST_P(CsvIndexCorpus, TwoBlocksAreOne) {
  for (const CsvDialect& dialect : dialects()) {
    std::string all;
    for (const Case& test : cases()) {
      all += test.text;
      std::string longer(test.text);
      for (int i = 0; i < 10; ++i) longer += std::string("yyyy") + dialect.delimiter + "zzz\r\n";
      ASSERT_NO_FATAL_FAILURE(expect_two_blocks_are_one(test.text, dialect, test.fields));
      ASSERT_NO_FATAL_FAILURE(expect_two_blocks_are_one(longer, dialect, test.fields));
    }
    ASSERT_NO_FATAL_FAILURE(expect_two_blocks_are_one(all, dialect, 2));
  }
}

TEST_P(CsvIndexCorpus, PiecesOfEverySizeAreOne) {
  for (const CsvDialect& dialect : dialects()) {
    std::string text;
    for (const Case& test : cases()) text += test.text;
    for (std::size_t piece = 1; piece <= 200; ++piece) {
      for (const bool inside : {false, true}) {
        ASSERT_EQ(csv_reference::scan_difference(text, dialect, inside, piece, piece * 7 % text.size()), "");
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, CsvIndexCorpus, testing::ValuesIn(csv_kernels()),
                         [](const auto& kernel) { return std::string(kernel.param); });

// What the reference itself must say, spelled out once.
std::vector<std::size_t> ends_of(std::string_view text, std::uint32_t fields, const CsvDialect& dialect = {}) {
  CsvIndex index;
  const CsvIndexer indexer(dialect, fields);
  EXPECT_EQ(indexer.index(text, true, index).whole, text.size());
  return {index.field_ends().begin(), index.field_ends().end()};
}

TEST(CsvIndex, FieldsEndAtDelimitersAndLineEnds) {
  EXPECT_THAT(ends_of("ab,c\n,d\n", 2), ElementsAre(2, 4, 5, 7));
  EXPECT_THAT(ends_of("ab,c\r\n,d\r\n", 2), ElementsAre(2, 5, 6, 9));
  EXPECT_THAT(ends_of("a,b", 2), ElementsAre(1, 3));
  EXPECT_THAT(ends_of("a,", 2), ElementsAre(1, 2));
}

TEST(CsvIndex, QuotesHideDelimitersAndLineEnds) {
  EXPECT_THAT(ends_of("\"a,\n\"\"b\",c\n", 2), ElementsAre(8, 10));
  EXPECT_THAT(ends_of("12\" monitor,\"b\"c\n", 2), ElementsAre(11, 16));
  CsvDialect escaped;
  escaped.escape = '\\';
  EXPECT_THAT(ends_of("\"a\\\",\",b\\,c\n", 2, escaped), ElementsAre(6, 11));
}

TEST(CsvIndex, BlankLinesAreNothingExceptInOneColumn) {
  EXPECT_THAT(ends_of("\n\r\n", 2), IsEmpty());
  EXPECT_THAT(ends_of("\n\r\n", 1), ElementsAre(0, 2));
}

TEST(CsvIndex, UniformOnlyIfEveryRecordHasTheFieldsAndNothingIsSkipped) {
  const CsvIndexer indexer(CsvDialect{}, 2);
  CsvIndex index;
  const auto uniform = [&](std::string_view text) {
    (void)indexer.index(text, true, index);
    return index.uniform();
  };
  EXPECT_TRUE(uniform("a,b\nc,d\n"));
  EXPECT_TRUE(uniform(""));
  EXPECT_FALSE(uniform("a,b\n\nc,d\n"));
  EXPECT_FALSE(uniform("a,b,c\nd\n"));  // four fields, two records
  EXPECT_FALSE(uniform("a\nb,c,d\n"));
  ASSERT_EQ(index.records().size(), 2U);
  EXPECT_EQ(index.records()[1].begin, 2U);
  EXPECT_EQ(index.records()[1].first_field, 1U);
}

TEST(CsvIndex, AnOpenQuoteAtTheEndIsSaid) {
  const CsvIndexer indexer(CsvDialect{}, 2);
  CsvIndex index;
  EXPECT_TRUE(indexer.index(std::string_view("a,\"b\n"), true, index).open_quote);
  EXPECT_FALSE(indexer.index(std::string_view("a,\"b\"\n"), true, index).open_quote);
  const auto split = indexer.index(std::string_view("a,b\nc,\"d\n"), false, index);
  EXPECT_EQ(split.whole, 4U);
  EXPECT_EQ(split.lines, 1U);
  EXPECT_FALSE(split.open_quote);
}

TEST(CsvIndex, BuffersAreKeptFromBlockToBlock) {
  std::string text;
  while (text.size() < 1 << 20) text += "abc,defg\n";
  const CsvIndexer indexer(CsvDialect{}, 2);
  CsvIndex index;
  (void)indexer.index(text, true, index);
  const std::uint64_t used = index.bytes_used();
  (void)indexer.index(text, true, index);
  EXPECT_EQ(index.bytes_used(), used);
  EXPECT_EQ(index.record_count(), text.size() / 9);
}

TEST(CsvBoundaryScanner, FirstRecordEndAtOrAfterAPlace) {
  const std::string_view text = "a,b\n\"c\nd\",e\nf,g\n";
  const auto scan = [&](std::size_t from) { return CsvBoundaryScanner(CsvDialect{}).scan(text, from); };
  EXPECT_EQ(scan(0), 4U);
  EXPECT_EQ(scan(3), 4U);
  EXPECT_EQ(scan(4), 12U);
  EXPECT_EQ(scan(12), 16U);
  EXPECT_EQ(scan(16), std::nullopt);
  EXPECT_EQ(scan(99), std::nullopt);
}

}  // namespace
}  // namespace tipple
