#include "cli/launch.h"

#include <cstdlib>
#include <map>
#include <string>

#include <gmock/gmock.h>

namespace tipple {
namespace {

// The variables of launchers, cleared for the test and put back after it.
class LauncherPlaceTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kNames) {
      if (const char* value = std::getenv(name)) saved_[name] = value;
      ::unsetenv(name);
    }
  }
  void TearDown() override {
    for (const char* name : kNames) ::unsetenv(name);
    for (const auto& [name, value] : saved_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }

  static constexpr const char* kNames[] = {"OMPI_COMM_WORLD_SIZE",
                                           "OMPI_COMM_WORLD_RANK",
                                           "OMPI_COMM_WORLD_LOCAL_SIZE",
                                           "SLURM_STEP_NUM_TASKS",
                                           "SLURM_PROCID",
                                           "SLURM_STEP_TASKS_PER_NODE",
                                           "PMIX_RANK",
                                           "PMI_RANK"};
  std::map<std::string, std::string> saved_;
};

TEST_F(LauncherPlaceTest, AloneThereIsNoPlace) { EXPECT_FALSE(launcher_place().has_value()); }

TEST_F(LauncherPlaceTest, MpirunNamesRankSizeAndNeighbours) {
  set("OMPI_COMM_WORLD_SIZE", "8");
  set("OMPI_COMM_WORLD_RANK", "5");
  set("OMPI_COMM_WORLD_LOCAL_SIZE", "4");
  const auto place = launcher_place();
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->rank, 5u);
  EXPECT_EQ(place->ranks, 8u);
  EXPECT_EQ(place->ranks_here, 4u);
}

TEST_F(LauncherPlaceTest, SrunWithSeveralTasksIsALauncher) {
  set("SLURM_STEP_NUM_TASKS", "3");
  set("SLURM_PROCID", "2");
  set("SLURM_STEP_TASKS_PER_NODE", "2,1");
  set("PMIX_RANK", "2");
  const auto place = launcher_place();
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->rank, 2u);
  EXPECT_EQ(place->ranks, 3u);
  EXPECT_EQ(place->ranks_here, 2u);
}

TEST_F(LauncherPlaceTest, ABatchScriptIsNotALauncher) {
  set("SLURM_PROCID", "0");
  set("SLURM_STEP_NUM_TASKS", "1");
  EXPECT_FALSE(launcher_place().has_value());
}

TEST_F(LauncherPlaceTest, UnreadableNumbersAreNotAPlace) {
  set("OMPI_COMM_WORLD_SIZE", "many");
  EXPECT_FALSE(launcher_place().has_value());
}

}  // namespace
}  // namespace tipple
