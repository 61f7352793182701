// Lines as records: the splitter against a plain reading of the rules, the scanner, the head.
#include "formats/line_index.h"

#include <random>

#include <gmock/gmock.h>

#include "formats/line_kernels.h"
#include "tests/base/test_seed.h"

namespace tipple {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> lines_of(std::string_view text, bool final, LineRules rules,
                                  RecordBinding::Split* split = nullptr) {
  LineIndex index;
  const RecordBinding::Split got = LineSplitter(rules).split({text.data(), text.size()}, final, index);
  if (split != nullptr) *split = got;
  std::vector<std::string> lines;
  for (const LineIndex::Line line : index.lines()) lines.emplace_back(text.substr(line.begin, line.end - line.begin));
  EXPECT_EQ(index.record_count(), lines.size());
  return lines;
}

TEST(LineIndex, LineEndsBlankAndCommentLines) {
  RecordBinding::Split split;
  EXPECT_THAT(lines_of("a\r\n\n\r\n#c\nb\r\r\n \nrest", false, {'#', false}, &split), ElementsAre("a", "b\r", " "));
  EXPECT_EQ(split.whole, 15U);
  EXPECT_EQ(split.lines, 6U);
  EXPECT_THAT(lines_of(" \t\n x\n\r", true, {std::nullopt, true}, &split), ElementsAre(" x"));
  EXPECT_EQ(split.whole, 7U);
  EXPECT_THAT(lines_of("last\r", true, {}), ElementsAre("last"));
  EXPECT_THAT(lines_of("", true, {}), ElementsAre());
}

// Every length around the kernels' words, in text of every density of line ends.
TEST(LineIndex, RandomTextAgainstThePlainWay) {
  std::mt19937_64 random(test_seed());
  for (int run = 0; run < 300; ++run) {
    const std::size_t size = random() % 20'000;
    const unsigned density = 1U << (random() % 12);
    std::string text(size, 'x');
    for (char& c : text) {
      if (random() % density == 0) c = "\n\n\r#"[random() % 4];
    }
    std::vector<std::uint32_t> want;
    for (std::size_t i = 0; i < size; ++i) {
      if (text[i] == '\n') want.push_back(static_cast<std::uint32_t>(i));
    }
    std::vector<std::uint32_t> got(size);
    got.resize(find_line_ends(text.data(), 0, size, got.data()));
    ASSERT_EQ(got, want);

    std::vector<std::string> records;
    std::size_t begin = 0;
    for (const std::uint32_t end : want) {
      std::string line = text.substr(begin, end - begin);
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty() && line[0] != '#') records.push_back(line);
      begin = end + 1;
    }
    RecordBinding::Split split;
    ASSERT_EQ(lines_of(text, false, {'#', false}, &split), records);
    ASSERT_EQ(split.whole, begin);
    ASSERT_EQ(split.lines, want.size());
  }
}

TEST(LineScanner, FindsTheFirstLineEndFromAnOffset) {
  LineScanner scanner;
  EXPECT_TRUE(scanner.at_record_start());
  EXPECT_EQ(scanner.scan(std::string_view("ab\ncd\ne"), 0, true), 3U);
  EXPECT_EQ(scanner.lines(), 1U);
  EXPECT_TRUE(scanner.at_record_start());
  EXPECT_EQ(scanner.scan(std::string_view("ab\ncd\ne"), 3, false), 6U);
  EXPECT_EQ(scanner.lines(), 3U);
  EXPECT_FALSE(scanner.at_record_start());
  EXPECT_EQ(scanner.scan(std::string_view("none"), 0, true), std::nullopt);
  EXPECT_EQ(scanner.scan(std::string_view("\n"), 1, true), std::nullopt);
  EXPECT_EQ(scanner.lines(), 4U);
  EXPECT_TRUE(scanner.at_record_start());
}

TEST(LineHead, BomAndSkippedRows) {
  const auto head = [](std::string_view text, bool complete, std::uint32_t skip) {
    return read_line_head({text.data(), text.size()}, complete, skip, "in").value();
  };
  EXPECT_EQ(head("\xEF\xBB\xBFx", true, 0).data_begin, 3U);
  EXPECT_EQ(head("\xEF\xBB", true, 0).data_begin, 0U);
  EXPECT_GT(head("\xEF\xBB", false, 0).data_begin, 2U);
  EXPECT_EQ(head("\xEF\xBB\xBF"
                 "a\nb\nc",
                 true, 2)
                .data_begin,
            7U);
  EXPECT_EQ(head("\xEF\xBB\xBF"
                 "a\nb\nc",
                 true, 2)
                .lines,
            2U);
  EXPECT_EQ(head("a\nb", true, 9).data_begin, 3U);
  EXPECT_GT(head("a\nb", false, 2).data_begin, 3U);
  const std::string endless((16 << 20) + 1, 'x');
  EXPECT_FALSE(read_line_head({endless.data(), endless.size()}, false, 1, "in").ok());
}

}  // namespace
}  // namespace tipple
