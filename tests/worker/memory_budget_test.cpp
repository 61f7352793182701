#include "worker/memory_budget.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "base/ids.h"
#include "base/limits.h"

namespace tipple {
namespace {

using limits::kGiB;
using limits::kMiB;

class MemoryBudgetTest : public testing::Test {
 protected:
  void SetUp() override {
    environment_.root = fs::path(testing::TempDir()) / ("budget-" + random_id().to_hex());
    write("proc/meminfo", "MemTotal:       33554432 kB\nMemFree:         1048576 kB\nMemAvailable:   16777216 kB\n");
  }
  void TearDown() override { fs::remove_all(environment_.root); }

  void write(const std::string& name, const std::string& content) {
    fs::create_directories((environment_.root / name).parent_path());
    std::ofstream(environment_.root / name) << content;
  }

  void expect(std::uint64_t bytes, const std::string& source, std::uint32_t ranks_here = 1) {
    const auto budget = memory_budget_in(environment_, std::nullopt, ranks_here);
    ASSERT_TRUE(budget.ok()) << budget.error().to_string();
    EXPECT_EQ(budget->bytes, bytes);
    EXPECT_EQ(budget->source, source);
  }

  ResourceEnvironment environment_;
};

TEST_F(MemoryBudgetTest, AFlagIsUsedWholeWhateverElseIsThere) {
  environment_.variables["SLURM_MEM_PER_NODE"] = "1024";
  const auto budget = memory_budget_in(environment_, 256 * kMiB, 8);
  ASSERT_TRUE(budget.ok());
  EXPECT_EQ(budget->bytes, 256 * kMiB);
  EXPECT_EQ(budget->source, "flag");
}

TEST_F(MemoryBudgetTest, AFlagTooSmallForAnyBlockIsRefused) {
  EXPECT_EQ(memory_budget_in(environment_, 1000, 1).error().kind, ErrorKind::kUsage);
}

TEST_F(MemoryBudgetTest, TheMachineIsTheLastResort) { expect(12 * kGiB, "machine"); }

TEST_F(MemoryBudgetTest, RanksOfANodeShareIt) { expect(3 * kGiB, "machine", 4); }

TEST_F(MemoryBudgetTest, SlurmPerNode) {
  environment_.variables["SLURM_MEM_PER_NODE"] = "8192";
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "1073741824\n");
  expect(6 * kGiB, "slurm");
}

TEST_F(MemoryBudgetTest, SlurmPerCpu) {
  environment_.variables = {{"SLURM_MEM_PER_CPU", "1024"}, {"SLURM_CPUS_ON_NODE", "8"}};
  expect(3 * kGiB, "slurm", 2);
}

TEST_F(MemoryBudgetTest, SlurmsZeroMeansTheWholeNode) {
  environment_.variables["SLURM_MEM_PER_NODE"] = "0";
  expect(12 * kGiB, "machine");
}

TEST_F(MemoryBudgetTest, Cgroup2TakesTheSmallestLimitOnTheWayUp) {
  write("proc/self/cgroup", "0::/user.slice/job_7/step_0\n");
  write("sys/fs/cgroup/user.slice/memory.max", "max\n");
  write("sys/fs/cgroup/user.slice/job_7/memory.max", std::to_string(4 * kGiB) + "\n");
  write("sys/fs/cgroup/user.slice/job_7/step_0/memory.max", std::to_string(8 * kGiB) + "\n");
  expect(3 * kGiB, "cgroup");
}

TEST_F(MemoryBudgetTest, Cgroup2WithoutLimits) {
  write("proc/self/cgroup", "0::/a\n");
  write("sys/fs/cgroup/a/memory.max", "max\n");
  expect(12 * kGiB, "machine");
}

TEST_F(MemoryBudgetTest, Cgroup1) {
  write("proc/self/cgroup", "12:cpu,cpuacct:/x\n9:memory:/slurm/job_7\n");
  write("sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", std::to_string(2 * kGiB) + "\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(2 * kGiB / 4 * 3, "cgroup");
}

TEST_F(MemoryBudgetTest, Cgroup1WithoutLimits) {
  write("proc/self/cgroup", "9:memory:/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(12 * kGiB, "machine");
}

TEST_F(MemoryBudgetTest, TooManyRanksAreRefusedWithWhatToDo) {
  const auto budget = memory_budget_in(environment_, std::nullopt, 100'000);
  ASSERT_FALSE(budget.ok());
  EXPECT_NE(budget.error().hint.find("--memory"), std::string::npos);
}

TEST_F(MemoryBudgetTest, NothingKnownIsAnError) {
  fs::remove_all(environment_.root);
  EXPECT_FALSE(memory_budget_in(environment_, std::nullopt, 1).ok());
}

TEST_F(MemoryBudgetTest, ThisMachineHasMemoryAndProcessors) {
  const auto budget = memory_budget(std::nullopt, 1);
  ASSERT_TRUE(budget.ok()) << budget.error().to_string();
  EXPECT_GT(budget->bytes, 0u);
  EXPECT_GE(thread_count(std::nullopt, 1), 1u);
}

TEST_F(MemoryBudgetTest, Threads) {
  environment_.affinity_cpus = 8;
  EXPECT_EQ(thread_count_in(environment_, 3, 4), 3u);
  EXPECT_EQ(thread_count_in(environment_, 0, 4), 1u);
  EXPECT_EQ(thread_count_in(environment_, std::nullopt, 2), 4u);
  EXPECT_EQ(thread_count_in(environment_, std::nullopt, 100), 1u);
  EXPECT_EQ(thread_count_in(environment_, std::nullopt, 0), 8u);
  environment_.variables["SLURM_CPUS_PER_TASK"] = "5";
  EXPECT_EQ(thread_count_in(environment_, std::nullopt, 2), 5u);
  environment_.variables["SLURM_CPUS_PER_TASK"] = "many";
  EXPECT_EQ(thread_count_in(environment_, std::nullopt, 2), 4u);
}

}  // namespace
}  // namespace tipple
