// Logs that are known by their lines: the pattern that a job file gets takes them apart.
#include "formats/sniff_log.h"

#include <gmock/gmock.h>
#include <re2/re2.h>

namespace tipple {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCommon = R"re(10.0.0.1 - ada [10/Oct/2024:13:55:36 +0000] "GET /a\"b HTTP/1.1" 200 2326)re";
constexpr const char* kCombined =
    R"re(10.0.0.1 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.1" 404 - "http://a/" "Mozilla/5.0 (X11)")re";
constexpr const char* kSyslog = "Oct  1 10:00:01 node17 sshd[4242]: Accepted publickey for ada";
constexpr const char* kKernel = "Oct 11 10:00:01 node17 kernel: [12.5] Out of memory";
constexpr const char* kSlurm = "[2024-10-01T10:00:01.123] error: node17: not responding";

std::string lines(std::initializer_list<const char*> all) {
  std::string text;
  for (const char* line : all) text += std::string(line) + "\n";
  return text;
}

struct Known {
  std::string text;
  const char* evidence;
  const char* group;
  const char* value;  // of the first line
};

TEST(SniffLog, KnownLogs) {
  const Known all[] = {
      {lines({kCommon, kCommon}), "common format", "request", R"re(GET /a\"b HTTP/1.1)re"},
      {lines({kCombined}), "combined format", "agent", "Mozilla/5.0 (X11)"},
      {lines({kSyslog, kKernel}), "syslog", "message", "Accepted publickey for ada"},
      {lines({kSlurm, "[2024-10-01T10:00:02] done"}), "Slurm", "message", "node17: not responding"},
  };
  for (const Known& known : all) {
    const auto found = sniff_log(known.text);
    ASSERT_TRUE(found) << known.text;
    EXPECT_THAT(found->evidence, HasSubstr(known.evidence));
    const RE2 pattern(found->pattern);
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern.NumberOfCapturingGroups()) + 1);
    const std::string first = known.text.substr(0, known.text.find('\n'));
    ASSERT_TRUE(
        pattern.Match(first, 0, first.size(), RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size())));
    const auto group = static_cast<std::size_t>(pattern.NamedCapturingGroups().at(known.group));
    EXPECT_EQ(groups[group].as_string(), known.value);
  }
}

TEST(SniffLog, AFewOtherLinesAreAllowedButNotMany) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += std::string(kSyslog) + "\r\n";
  EXPECT_TRUE(sniff_log(text + "-- rotated --\n"));
  EXPECT_FALSE(sniff_log(lines({kSyslog, "a,b", "1,2"})));
  EXPECT_FALSE(sniff_log("\n\n"));
  EXPECT_FALSE(sniff_log({}));
}

}  // namespace
}  // namespace tipple
