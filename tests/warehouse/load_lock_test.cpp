#include "warehouse/load_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <optional>
#include <thread>

#include "tests/warehouse/sample_table.h"

namespace tipple {
namespace {

using testing::HasSubstr;

class LoadLockTest : public testing::Test {
 protected:
  // As if the holder had stopped touching it long ago.
  void make_old() const {
    const timespec old{std::time(nullptr) - kLockStaleSeconds - 10, 0};
    const timespec times[2] = {old, old};
    ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path(), true).value();
  fs::path path_ = folder_.path() / "_lock";
};

TEST_F(LoadLockTest, ASecondTakerLearnsWhoHoldsIt) {
  const LoadId load = random_id();
  auto lock = LoadLock::take(warehouse_, load);
  ASSERT_TRUE(lock.ok()) << lock.error().to_string();
  const auto refused = LoadLock::take(warehouse_, random_id());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kLocked);
  EXPECT_THAT(refused.error().what, HasSubstr("load " + load.to_hex()));
  EXPECT_THAT(refused.error().what, HasSubstr("pid " + std::to_string(::getpid())));
  EXPECT_THAT(refused.error().what, HasSubstr("since 20"));
}

TEST_F(LoadLockTest, ItIsFreeAgainAfterRelease) {
  { ASSERT_TRUE(LoadLock::take(warehouse_, random_id()).ok()); }
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(LoadLock::take(warehouse_, random_id()).ok());
}

TEST_F(LoadLockTest, AMovedLockIsReleasedOnce) {
  auto first = LoadLock::take(warehouse_, random_id());
  std::optional<LoadLock> second(std::move(first).value());
  EXPECT_TRUE(fs::exists(path_));
  second.reset();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(LoadLockTest, TheLockOfAKilledProcessIsTakenOverAtOnce) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = LoadLock::take(warehouse_, random_id());
    ::kill(::getpid(), lock.ok() ? SIGKILL : SIGTERM);
  }
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT),
            0);  // dead, not reaped: a zombie holds nothing
  ASSERT_EQ(info.si_status, SIGKILL);
  ASSERT_TRUE(fs::exists(path_));
  EXPECT_TRUE(LoadLock::take(warehouse_, random_id()).ok());
  ::waitpid(child, nullptr, 0);
}

TEST_F(LoadLockTest, AForkedChildDoesNotReleaseItsParentsLock) {
  auto lock = LoadLock::take(warehouse_, random_id());
  ASSERT_TRUE(lock.ok());
  const pid_t child = ::fork();
  if (child == 0) {
    { const LoadLock inherited = std::move(lock).value(); }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(LoadLockTest, AReusedPidIsNotTheHolder) {
  std::string text;
  {
    auto lock = LoadLock::take(warehouse_, random_id());
    text = *read_file(path_, 10'000);
  }
  const auto at = text.find("\"pid_started\":");
  ASSERT_NE(at, std::string::npos);
  text.insert(at + 14, "1");  // our pid, but another start
  ASSERT_TRUE(write_file_synced(path_, text).ok());
  EXPECT_TRUE(LoadLock::take(warehouse_, random_id()).ok());
}

TEST_F(LoadLockTest, AnotherHostsLockEndsByItsAge) {
  ASSERT_TRUE(
      write_file_synced(path_,
                        R"({"host":"elsewhere","pid":1,"slurm_job":"4711","load":"aa","since":1700000000,"nonce":"n"})")
          .ok());
  const auto refused = LoadLock::take(warehouse_, random_id());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().what, HasSubstr("on elsewhere, pid 1, Slurm job 4711, since 2023-11-14T22:13:20Z"));
  make_old();
  EXPECT_TRUE(LoadLock::take(warehouse_, random_id()).ok());
}

TEST_F(LoadLockTest, ALockThatCannotBeReadEndsByItsAge) {
  ASSERT_TRUE(write_file_synced(path_, "{\"host\": 5, garbage").ok());
  EXPECT_EQ(LoadLock::take(warehouse_, random_id()).error().kind, ErrorKind::kLocked);
  make_old();
  EXPECT_TRUE(LoadLock::take(warehouse_, random_id()).ok());
}

TEST_F(LoadLockTest, ATakerThatDiedHalfwayBlocksNobodyForEver) {
  ASSERT_TRUE(write_file_synced(path_, R"({"host":"elsewhere","pid":1,"nonce":"n"})").ok());
  make_old();
  const fs::path takeover = path_.string() + ".takeover-n";
  ASSERT_TRUE(write_file_synced(takeover, "x").ok());
  EXPECT_EQ(LoadLock::take(warehouse_, random_id()).error().kind, ErrorKind::kLocked);
  const timespec old{std::time(nullptr) - kLockStaleSeconds - 10, 0};
  const timespec times[2] = {old, old};
  ASSERT_EQ(::utimensat(AT_FDCWD, takeover.c_str(), times, 0), 0);
  EXPECT_TRUE(LoadLock::take(warehouse_, random_id()).ok());
}

TEST_F(LoadLockTest, OneOfManyTakersOfAStaleLockWins) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(
        write_file_synced(path_, R"({"host":"elsewhere","pid":1,"nonce":")" + random_id().to_hex() + "\"}").ok());
    make_old();
    std::atomic<int> winners{0};
    std::atomic<int> done{0};
    constexpr int kTakers = 4;
    {
      std::vector<std::jthread> takers;
      for (int i = 0; i < kTakers; ++i) {
        takers.emplace_back([&] {
          auto lock = LoadLock::take(warehouse_, random_id());
          winners += lock.ok() ? 1 : 0;
          ++done;
          while (done != kTakers) std::this_thread::yield();  // the winner holds it until all have tried
        });
      }
    }
    EXPECT_EQ(winners, 1);
  }
}

}  // namespace
}  // namespace tipple
