#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>

#include "base/check.h"

namespace tipple {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return usage_error("odd", "here", "give an even one");
  return number / 2;
}

Result<int> quarter(int number) {
  TIPPLE_TRY(const int once, half(number));
  TIPPLE_TRY(int twice, half(once));
  return twice;
}

Status check_even(int number) {
  TIPPLE_RETURN_IF_ERROR(half(number));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*half(4), 2);
  EXPECT_TRUE(static_cast<bool>(half(4)));
  const auto failed = half(3);
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().to_string(), "here: odd (give an even one)");
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_FALSE(quarter(6).ok());
  EXPECT_FALSE(quarter(3).ok());
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_FALSE(check_even(1).ok());
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> made(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, AnErrorsTextLeavesOutWhatIsEmpty) {
  EXPECT_EQ(Error{}.to_string(), "");
  EXPECT_EQ(environment_error("broken").to_string(), "broken");
  EXPECT_EQ(system_error(ENOENT, "cannot open", "/x").to_string(), "/x: cannot open: No such file or directory");
}

TEST(Result, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(exit_code(ErrorKind::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorKind::kStrict), 3);
  EXPECT_EQ(exit_code(ErrorKind::kQuality), 4);
  EXPECT_EQ(exit_code(ErrorKind::kEnvironment), 5);
  EXPECT_EQ(exit_code(ErrorKind::kLocked), 6);
  EXPECT_EQ(exit_code(ErrorKind::kCheckpointed), 75);
}

TEST(CheckDeathTest, ValueOfAFailedResultStopsWithItsText) {
  EXPECT_DEATH((void)half(3).value(), "here: odd");
  EXPECT_DEATH((void)half(2).error(), "error\\(\\) of a good result");
  EXPECT_DEATH((void)Status().error(), "error\\(\\) of a good status");
}

TEST(CheckDeathTest, AHandlerThatReturnsStillEndsInAbort) {
  EXPECT_EXIT(
      {
        set_check_handler(
            [](const char*, const char* message, const char*, int) { std::fprintf(stderr, "seen: %s\n", message); });
        TIPPLE_CHECK(1 == 2, "numbers differ");
      },
      testing::KilledBySignal(SIGABRT), "seen: numbers differ");
}

TEST(Check, HandlersAreSwapped) {
  const CheckHandler mine = [](const char*, const char*, const char*, int) {};
  const CheckHandler original = set_check_handler(mine);
  EXPECT_EQ(set_check_handler(nullptr), mine);
  EXPECT_EQ(set_check_handler(original), original);
}

}  // namespace
}  // namespace tipple
