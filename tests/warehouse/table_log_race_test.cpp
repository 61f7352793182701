// Writers that commit to one table at once: exactly one winner for each version, none lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <set>
#include <thread>

#include "tests/warehouse/sample_table.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

class TableLogRace : public testing::Test {
 protected:
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path() / "w", true).value();
};

constexpr int kRacers = 4;
constexpr int kCommitsEach = 200;

void race(const Warehouse& warehouse, int racer, bool* ok) {
  for (int i = 0; i < kCommitsEach; ++i) {
    LoggedPart part;
    part.path = "data/" + std::to_string(racer) + "-" + std::to_string(i);
    const auto outcome = commit_version(warehouse, "t", {{"id", type("int64"), false}}, Codec::kDeflate, {part},
                                        sample_commit(WriteMode::kAppend, 1));
    *ok = *ok && outcome.ok() && !outcome->already;
  }
}

void expect_every_commit_once(const Warehouse& warehouse) {
  const auto table = read_table(warehouse, "t");
  ASSERT_TRUE(table.ok()) << table.error().to_string();
  EXPECT_EQ((*table)->version, static_cast<std::uint64_t>(kRacers * kCommitsEach - 1));
  EXPECT_EQ((*table)->parts.size(), static_cast<std::size_t>(kRacers * kCommitsEach));
  std::set<std::string> seen;
  std::map<int, int> last;  // each writer's commits keep their order
  for (const LoggedPart& part : (*table)->parts) {
    EXPECT_TRUE(seen.insert(part.path).second) << part.path;
    int racer = 0;
    int number = 0;
    ASSERT_EQ(std::sscanf(part.path.c_str(), "data/%d-%d", &racer, &number), 2);
    EXPECT_EQ(number, last[racer]++);
  }
}

TEST_F(TableLogRace, RacingThreadsLoseNoCommit) {
  bool ok[kRacers];
  {
    std::vector<std::jthread> racers;
    for (int racer = 0; racer < kRacers; ++racer) {
      ok[racer] = true;
      racers.emplace_back([&, racer] { race(warehouse_, racer, &ok[racer]); });
    }
  }
  EXPECT_THAT(ok, testing::Each(true));
  expect_every_commit_once(warehouse_);
}

TEST_F(TableLogRace, RacingProcessesLoseNoCommit) {
  std::vector<pid_t> children;
  for (int racer = 0; racer < kRacers; ++racer) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool ok = true;
      race(warehouse_, racer, &ok);
      ::_exit(ok ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_every_commit_once(warehouse_);
}

}  // namespace
}  // namespace tipple
