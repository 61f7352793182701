#include "cli/output.h"

#include <gmock/gmock.h>

namespace tipple {
namespace {

TEST(Output, CountsHaveThousandsSeparators) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(336'776), "336,776");
  EXPECT_EQ(count_text(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Output, BytesHaveThreeDigits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1024), "1.00 KiB");
  EXPECT_EQ(bytes_text(31'053'850), "29.6 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{300} << 30), "300 GiB");
}

TEST(Output, SecondsReadLikeATime) {
  EXPECT_EQ(seconds_text(0.5), "0.50 s");
  EXPECT_EQ(seconds_text(59.2), "59 s");
  EXPECT_EQ(seconds_text(200), "3 min 20 s");
  EXPECT_EQ(seconds_text(7500), "2 h 05 min");
}

TEST(Output, TimesAreUtc) { EXPECT_EQ(time_text(1'357'034'400'000), "2013-01-01 10:00:00 UTC"); }

TEST(Output, TablesAlignByDisplayedWidth) {
  EXPECT_EQ(text_table({{"name", ">rows"}, {"größe", "1"}, {"b", "1,000"}}),
            "name    rows\ngröße      1\nb      1,000\n");
}

TEST(Output, ErrorsCarryKindAndExitCode) {
  const Json document = error_json(usage_error("no table `x`", "warehouse", "It has: y"));
  EXPECT_EQ(document["outcome"], "failed");
  EXPECT_EQ(document["error"]["kind"], "usage");
  EXPECT_EQ(document["error"]["exit_code"], 2);
  EXPECT_EQ(document["error"]["hint"], "It has: y");
}

TEST(Output, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(json_text(Json{{"path", "a\xff"}}, -1), "{\"path\":\"a\xEF\xBF\xBD\"}\n");
}

}  // namespace
}  // namespace tipple
