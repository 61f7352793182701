// Fields below each other: where they begin and end, what a header is, and what is no such text.
#include "formats/sniff_fixed.h"

#include <gmock/gmock.h>

#include "formats/sniff_dialect.h"

namespace tipple {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names_of(const SniffedFixed& found) {
  std::vector<std::string> names;
  for (const FixedField& field : found.fields) names.push_back(field.name);
  return names;
}

TEST(SniffFixed, WithoutAHeader) {
  const auto found = sniff_fixed(
      "  1  Ulm         48.40\n 12  Aalen      448.84\n123  Bad Urach       1\n  4                7.5\n", {});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->fields,
              ElementsAre(FixedField{"column_1", 0, 3}, FixedField{"column_2", 5, 9}, FixedField{"column_3", 14, 0}));
  EXPECT_EQ(found->skip_rows, 0u);
  EXPECT_THAT(found->evidence[0], HasSubstr("4 of 4 sampled lines"));
}

TEST(SniffFixed, AHeaderGivesTheNames) {
  const auto found = sniff_fixed("id   name     height\n\n  1  Ulm       48.40\n 12  Aalen    448.84\n  3  Bonn\n", {});
  ASSERT_TRUE(found);
  EXPECT_THAT(names_of(*found), ElementsAre("id", "name", "height"));
  EXPECT_EQ(found->skip_rows, 2u);
}

TEST(SniffFixed, LinesInFrontAndALineOfDashes) {
  const auto found = sniff_fixed(
      "Stations of the network\n  id | x  name\n ---- ----------\n    1 Ulm\n    2 Aalen\n   13 Bonn\n", {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->skip_rows, 3u);
  EXPECT_EQ(found->fields.size(), 2u);
  EXPECT_THAT(found->evidence[1], HasSubstr("the line above the one of dashes"));
}

TEST(SniffFixed, ADateAndATimeAreOneField) {
  const auto found = sniff_fixed("2024-01-01 10:00:00  a 1\n2024-01-02 11:30:00  b 2\n2024-01-03 12:00:00  c 3\n", {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->fields.size(), 3u);
  EXPECT_EQ(found->fields[0].width, 19u);
}

TEST(SniffFixed, PositionsCountCharacters) {
  const auto found = sniff_fixed("K\xC3\xB6ln   12\nUlm     7\n\xC3\x9C     123\n", {});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->fields, ElementsAre(FixedField{"column_1", 0, 4}, FixedField{"column_2", 4, 0}));
}

TEST(SniffFixed, CommentsAreNoLines) {
  const auto found = sniff_fixed("# made by a program, in May\n  1  Ulm\n 12  Aalen\n  3  Bonn\n# end\n", {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->comment, '#');
  EXPECT_EQ(found->fields.size(), 2u);
}

TEST(SniffFixed, WhatStandsElsewhereInTheFileCounts) {
  const std::string_view sample = "1    2\n3    4\n5    6\n";
  ASSERT_TRUE(sniff_fixed(sample, {}));
  EXPECT_FALSE(sniff_fixed(sample, "123456\n")) << "there is no place without text any more";
}

TEST(SniffFixed, ProseAndTabsAndShortTextsAreNone) {
  EXPECT_FALSE(sniff_fixed("some words and more\nother words of text\nthese  are a third\n", {}));
  EXPECT_FALSE(sniff_fixed("1\t2\n3\t4\n5\t6\n", {}));
  EXPECT_FALSE(sniff_fixed("1  2\n3  4\n", {})) << "two lines may look so by chance";
  EXPECT_FALSE(sniff_fixed({}, {}));
  EXPECT_FALSE(sniff_fixed(std::string(5000, 'x') + " 1\n", {}));
}

// The two are compared by their scores.
TEST(SniffFixed, DelimitedTextScoresHigherAsSuch) {
  for (const char* text : {"a,b\n1, 2\n3, 4\n5, 6\n", "1 2 3\n4 5 6\n7 8 9\n", "x; 1\ny; 2\nz; 3\nz; 3; 4\n"}) {
    const auto fixed = sniff_fixed(text, {});
    EXPECT_LE(fixed ? fixed->score : 0, sniff_dialect(text, {}).score + 0.05) << text;
  }
}

}  // namespace
}  // namespace tipple
