#include "base/fault_point.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <set>

namespace tipple {
namespace {

// Each runs in a process of its own: the environment is read once.
void pass(const char* at, const char* rank, int passings, int my_rank = 0) {
  ::setenv("TIPPLE_KILL_AT", at, 1);
  if (rank != nullptr) ::setenv("TIPPLE_KILL_RANK", rank, 1);
  set_fault_rank(my_rank);
  for (int i = 0; i < passings; ++i) fault_point("chunk-started");
  std::exit(0);
}

class FaultPointDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(FaultPointDeathTest, KillsAtTheNamedPassing) {
  EXPECT_EXIT(pass("chunk-started:3", nullptr, 3), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(pass("chunk-started:3", nullptr, 2), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(pass("chunk-started", nullptr, 1), testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FaultPointDeathTest, OtherNamesAndOtherRanksPass) {
  EXPECT_EXIT(pass("part-closed:1", nullptr, 5), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(pass("chunk-started:1", "2", 5, 1), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(pass("chunk-started:1", "2", 5, 2), testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPoint, NamesAreDistinct) {
  EXPECT_EQ(std::set<std::string_view>(kFaultPoints.begin(), kFaultPoints.end()).size(), kFaultPoints.size());
}

}  // namespace
}  // namespace tipple
