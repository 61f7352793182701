// Dialects of samples that people meet.
#include "formats/sniff_dialect.h"

#include <gmock/gmock.h>

namespace tipple {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SniffedDialect sniff(std::string_view sample) { return sniff_dialect(sample, {}); }

TEST(SniffDialect, Comma) {
  const SniffedDialect found = sniff("id,name,price\n1,a b,2.50\n2,\"c, d\",3\n");
  EXPECT_EQ(found.dialect, CsvDialect{});
  EXPECT_THAT(found.fields, ElementsAre("id", "name", "price"));
  EXPECT_THAT(found.evidence, ::testing::Contains(HasSubstr("3 of 3 sampled records have 3 fields")));
}

TEST(SniffDialect, SemicolonsWithDecimalCommas) { EXPECT_EQ(sniff("a;b\n1,5;2,5\n3,5;4,5\n").dialect.delimiter, ';'); }

TEST(SniffDialect, Tab) { EXPECT_EQ(sniff("x\ty\n1, 2\t3\n4, 5\t6\n").dialect.delimiter, '\t'); }
TEST(SniffDialect, Bar) { EXPECT_EQ(sniff("x|y|z\n1|2|a, b\n4|5|c\n").dialect.delimiter, '|'); }
TEST(SniffDialect, Space) { EXPECT_EQ(sniff("x y z\n1 2 3\n4 5 6\n").dialect.delimiter, ' '); }

TEST(SniffDialect, TimesDoNotMakeColonsDelimiters) {
  EXPECT_EQ(sniff("at,n\n10:00:00,1\n11:00:00,2\n").dialect.delimiter, ',');
}

TEST(SniffDialect, OneColumn) {
  const SniffedDialect found = sniff("word\nsome\nothers\n");
  EXPECT_EQ(found.dialect.delimiter, ',');
  EXPECT_THAT(found.fields, ElementsAre("word"));
}

TEST(SniffDialect, SingleQuotes) {
  const SniffedDialect found = sniff("a,b\n'x, y',1\n'z, z',2\n");
  EXPECT_EQ(found.dialect.quote, '\'');
}

TEST(SniffDialect, BackslashEscapes) {
  const SniffedDialect found = sniff("a,b\n\"x \\\"y\\\", z\",1\n\"p\",2\n");
  EXPECT_EQ(found.dialect.escape, '\\');
}

TEST(SniffDialect, CommentsAndPreambles) {
  const SniffedDialect comments = sniff("# made, by, us, today\na,b\n1,2\n# more\n3,4\n");
  EXPECT_EQ(comments.dialect.comment, '#');
  EXPECT_THAT(comments.fields, ElementsAre("a", "b"));
  const SniffedDialect preamble = sniff("Report of May\n\nDate;Value\n2024-05-01;1\n2024-05-02;2\n2024-05-03;2\n");
  EXPECT_EQ(preamble.dialect.skip_rows, 2U);
  EXPECT_THAT(preamble.fields, ElementsAre("Date", "Value"));
}

TEST(SniffDialect, HashedHeaderIsNoComment) {
  const SniffedDialect found = sniff("#chrom\tstart\nchr1\t5\nchr2\t7\n");
  EXPECT_FALSE(found.dialect.comment.has_value());
  EXPECT_THAT(found.fields, ElementsAre("#chrom", "start"));
}

TEST(SniffDialect, WithoutHeader) {
  const SniffedDialect found = sniff("1,a\n2,b\n3,c\n");
  EXPECT_FALSE(found.dialect.header);
  EXPECT_THAT(found.fields, ElementsAre("column_1", "column_2"));
}

TEST(SniffDialect, HeaderThatALoadRefusesIsSkipped) {
  const SniffedDialect found = sniff(",x,x\n1,2,3\n4,5,6\n");
  EXPECT_TRUE(found.renamed);
  EXPECT_FALSE(found.dialect.header);
  EXPECT_EQ(found.dialect.skip_rows, 1U);
  EXPECT_THAT(found.fields, ElementsAre("column_1", "x", "x_2"));
}

TEST(SniffDialect, CarriageReturns) { EXPECT_EQ(sniff("a,b\r1,2\r3,4\r").dialect.newline, CsvDialect::Newline::kCr); }

TEST(SniffDialect, EvidenceStaysOnItsLine) {
  for (const std::string& line : sniff("\"a\nb\",c\n1,2\n3,4\n").evidence)
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

}  // namespace
}  // namespace tipple
