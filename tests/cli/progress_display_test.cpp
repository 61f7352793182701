#include "cli/progress_display.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace tipple {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Loading {
  LoadTotals totals;
  Progress progress;
  Loading() {
    totals.chunks = 3;
    totals.bytes = 300 << 20;
    totals.tables = {RowAccount{1000, 990, 10, 0, 0}, RowAccount{5, 5, 0, 0, 0}};
    totals.stages.busy_ns[5] = 7;
    progress.chunks_total = 4;
    progress.bytes_total = 400 << 20;
    progress.done = &totals;
    progress.bytes_resumed = 100 << 20;
    progress.chunks_resumed = 1;
  }
};

TEST(ProgressDisplay, RateAndTimeToGoLeaveOutWhatEarlierAttemptsDid) {
  const Loading loading;
  const std::string line = progress_line(loading.progress, 2.0);
  EXPECT_THAT(line, HasSubstr(" 75%"));
  EXPECT_THAT(line, HasSubstr("300 MiB of 400 MiB"));
  EXPECT_THAT(line, HasSubstr("100 MiB/s"));
  EXPECT_THAT(line, HasSubstr("ETA 1.00 s"));
  EXPECT_THAT(line, HasSubstr("995 rows"));
  EXPECT_THAT(line, HasSubstr("10 rejects"));
  EXPECT_THAT(line, HasSubstr(std::string("slowest: ") + kStageNames[5]));
}

TEST(ProgressDisplay, NothingDoneYetHasNoTimeToGo) {
  Loading loading;
  loading.totals = {};
  loading.progress.bytes_resumed = 0;
  EXPECT_THAT(progress_line(loading.progress, 0.0), Not(HasSubstr("ETA")));
}

TEST(ProgressDisplay, AnEmptyInputIsDone) {
  Loading loading;
  loading.totals = {};
  loading.progress.bytes_total = loading.progress.bytes_resumed = 0;
  EXPECT_THAT(progress_line(loading.progress, 0.0), HasSubstr("100%"));
}

TEST(ProgressDisplay, PublishingAndStoppingSaySo) {
  Loading loading;
  loading.progress.phase = Phase::kPublishing;
  EXPECT_EQ(progress_line(loading.progress, 1.0), "publishing");
  loading.progress.phase = Phase::kDraining;
  EXPECT_THAT(progress_line(loading.progress, 1.0), HasSubstr("stopping"));
}

TEST(ProgressDisplay, LogLinesAreJson) {
  const Loading loading;
  const std::string line = progress_json(loading.progress, 2.0, "progress");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto document = nlohmann::json::parse(line);
  EXPECT_EQ(document["event"], "progress");
  EXPECT_EQ(document["chunks_done"], 3);
  EXPECT_EQ(document["chunks_resumed"], 1);
  EXPECT_EQ(document["rows"], 995);
}

}  // namespace
}  // namespace tipple
