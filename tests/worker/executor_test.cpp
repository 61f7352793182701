#include "worker/executor.h"

#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/chunk_load.h"

namespace tipple::testing_load {
namespace {

RunnerConfig config() {
  RunnerConfig result;
  result.threads = 2;
  result.memory_bytes = 128 * limits::kMiB;
  return result;
}

class ThreadedExecutorTest : public ::testing::Test {
 protected:
  ThreadedExecutorTest() {
    load_.table("t", {column("id", "int32"), column("text", "string")});
    setup_.attempt = random_id();
    executor_ = std::make_unique<ThreadedExecutor>(load_.job(), Warehouse::open(load_.job().warehouse, true).value(),
                                                   setup_, config());
  }

  ChunkTask chunk(std::uint32_t id, const std::string& content) {
    return ChunkTask{ChunkId(id), 0, SourceId(0), {load_.file(fmt::format("{}.csv", id), content)}, std::nullopt};
  }

  std::vector<TaskResult> drain() {
    std::vector<TaskResult> results;
    while (!executor_->idle()) {
      if (auto result = executor_->poll()) {
        results.push_back(std::move(*result));
      } else {
        std::this_thread::yield();
      }
    }
    return results;
  }

  TestLoad load_;
  LoadSetup setup_;
  std::unique_ptr<ThreadedExecutor> executor_;
};

TEST_F(ThreadedExecutorTest, ReportsEveryChunk) {
  for (std::uint32_t id = 0; id < 20; ++id) executor_->start(chunk(id, fmt::format("id,text\n{},a\n", id)));
  std::map<ChunkId, ChunkReport> reports;
  for (TaskResult& result : drain()) {
    auto& report = std::get<ChunkReport>(result);
    reports[report.chunk] = std::move(report);
  }
  ASSERT_EQ(reports.size(), 20u);
  for (const auto& [id, report] : reports) {
    EXPECT_EQ(report.tables[0].rows.rows_out, 1u);
    EXPECT_TRUE(std::filesystem::exists(load_.job().warehouse / report.tables[0].part->path));
    EXPECT_GT(report.run_ns, 0u);
    EXPECT_GT(report.memory_peak_bytes, 0u);
  }
  EXPECT_TRUE(executor_->idle());
}

TEST_F(ThreadedExecutorTest, TellsWhichFailuresAreWorthAnotherTry) {
  const ChunkTask gone = chunk(1, "id,text\n1,a\n");
  std::filesystem::remove(gone.segments[0].path);
  ChunkTask changed = chunk(2, "id,text\n1,a\n");
  changed.segments[0].mtime_ns += 1;
  executor_->start(gone);
  executor_->start(changed);
  executor_->start(chunk(3, "id,name\n1,a\n"));
  executor_->start(chunk(4, "id,text\n1,a\n"));
  std::map<ChunkId, bool> retryable;
  std::size_t reports = 0;
  for (const TaskResult& result : drain()) {
    if (const auto* failure = std::get_if<ChunkFailure>(&result)) {
      retryable[failure->chunk] = failure->retryable;
    } else {
      ++reports;
    }
  }
  EXPECT_THAT(retryable, ::testing::ElementsAre(::testing::Pair(ChunkId(1), true), ::testing::Pair(ChunkId(2), false),
                                                ::testing::Pair(ChunkId(3), false)));
  EXPECT_EQ(reports, 1u);
}

TEST_F(ThreadedExecutorTest, ScansBoundaries) {
  const ChunkTask task = chunk(0, "id,text\n1,\"a\nb\"\n2,c\n");
  ScanTask scan{ChunkId(0), SourceId(0), task.segments[0], {0, 10, 17}};
  executor_->start(scan);
  const auto results = drain();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(std::get<ScanReport>(results[0]).starts, (std::vector<std::uint64_t>{0, 16, 20}));
}

TEST_F(ThreadedExecutorTest, RevokedChunksLeaveNothing) {
  std::string content = "id,text\n";
  for (int i = 0; i < 50'000; ++i) content += fmt::format("{},some text\n", i);
  for (std::uint32_t id = 0; id < 4; ++id) executor_->start(chunk(id, content));
  for (std::uint32_t id = 1; id < 4; ++id) executor_->revoke(ChunkId(id), 0);
  std::vector<std::uint32_t> reported;
  for (const TaskResult& result : drain()) reported.push_back(std::get<ChunkReport>(result).chunk.value());
  EXPECT_THAT(reported, ::testing::Contains(0u));
}

TEST_F(ThreadedExecutorTest, StopsWithoutAResult) {
  std::string content = "id,text\n";
  for (int i = 0; i < 200'000; ++i) content += fmt::format("{},some text\n", i);
  executor_->start(chunk(0, content));
  executor_->start(chunk(1, content));
  executor_->stop();
  for (const TaskResult& result : drain()) EXPECT_TRUE(std::holds_alternative<ChunkReport>(result));
  executor_->start(chunk(2, content));
  EXPECT_TRUE(executor_->idle());
}

}  // namespace
}  // namespace tipple::testing_load
