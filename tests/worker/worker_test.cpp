#include "worker/worker.h"

#include <gtest/gtest.h>

#include <deque>

#include "coordinator/in_process_transport.h"

namespace tipple {
namespace {

struct ExecutorLog {
  std::vector<Task> started;
  std::vector<std::pair<ChunkId, std::uint32_t>> revoked;
  std::deque<TaskResult> results;
  bool stopped = false;
};

class LoggingExecutor final : public TaskExecutor {
 public:
  explicit LoggingExecutor(ExecutorLog& log) : log_(log) {}
  void start(Task task) override { log_.started.push_back(std::move(task)); }
  void revoke(ChunkId chunk, std::uint32_t issue) override { log_.revoked.emplace_back(chunk, issue); }
  std::optional<TaskResult> poll() override {
    if (log_.results.empty()) return std::nullopt;
    std::optional<TaskResult> first(std::move(log_.results.front()));
    log_.results.pop_front();
    return first;
  }
  bool idle() const override { return log_.results.empty(); }
  void stop() override { log_.stopped = true; }

 private:
  ExecutorLog& log_;
};

constexpr auto kLease = std::chrono::seconds(30);

// Rank `self` of two, with the test in the coordinator's place.
class Bench {
 public:
  explicit Bench(std::uint32_t self = 1, std::optional<Error> fails = std::nullopt)
      : hub_(2),
        coordinator_(hub_.transport(WorkerId{1 - self})),
        transport_(hub_.transport(WorkerId{self})),
        worker_(*transport_, clock, Hello{"host", 1, 2},
                [this, fails](const LoadSetup&) -> Result<std::unique_ptr<TaskExecutor>> {
                  if (fails) return *fails;
                  return std::unique_ptr<TaskExecutor>(std::make_unique<LoggingExecutor>(log));
                }) {}

  Worker& worker() { return worker_; }
  void set_up() {
    LoadSetup setup;
    setup.lease_ns = std::chrono::nanoseconds(kLease).count();
    worker_.on_message(tipple::Setup{setup});
  }
  void assign(std::uint32_t chunk, std::uint32_t issue) {
    ChunkTask task;
    task.chunk = ChunkId{chunk};
    task.issue = issue;
    worker_.on_message(Assign{task});
  }
  // Kinds of the messages sent since the last call.
  std::vector<std::size_t> sent() {
    std::vector<std::size_t> kinds;
    last.clear();
    auto& inbox = transport_->self() == kCoordinator ? *transport_ : *coordinator_;
    while (auto received = inbox.receive()) {
      kinds.push_back(received->message.index());
      last.push_back(std::move(received->message));
    }
    return kinds;
  }

  ManualClock clock;
  ExecutorLog log;
  std::vector<Message> last;

 private:
  MemoryHub hub_;
  std::unique_ptr<Transport> coordinator_;
  std::unique_ptr<Transport> transport_;
  Worker worker_;
};

constexpr std::size_t kHello = 0, kHeartbeat = 1, kReport = 2, kFailure = 3, kGoodbye = 6;
using Kinds = std::vector<std::size_t>;

TEST(Worker, SaysHelloUntilItIsSetUp) {
  Bench bench;
  bench.worker().step();
  bench.worker().step();
  EXPECT_EQ(bench.sent(), Kinds{kHello});
  bench.clock.advance(std::chrono::seconds(1));
  bench.worker().step();
  EXPECT_EQ(bench.sent(), Kinds{kHello});
  bench.set_up();
  EXPECT_EQ(bench.sent(), (Kinds{kHello, kHeartbeat}));
  bench.clock.advance(std::chrono::seconds(1));
  bench.worker().step();
  EXPECT_EQ(bench.sent(), Kinds{});
}

TEST(Worker, GivesUpWithoutASetup) {
  Bench bench;
  bench.clock.advance(std::chrono::minutes(6));
  bench.worker().step();
  EXPECT_TRUE(bench.worker().done());
  EXPECT_EQ(bench.worker().exit_code(), 5);
}

TEST(Worker, RunsTasksAndReports) {
  Bench bench;
  bench.set_up();
  bench.assign(3, 0);
  bench.worker().on_message(Revoke{ChunkId{3}, 0});
  bench.worker().on_message(Publish{});
  ASSERT_EQ(bench.log.started.size(), 2U);
  EXPECT_EQ(std::get<ChunkTask>(bench.log.started[0]).chunk, ChunkId{3});
  EXPECT_TRUE(std::holds_alternative<PublishTask>(bench.log.started[1]));
  EXPECT_EQ(bench.log.revoked.size(), 1U);
  bench.sent();
  bench.log.results.push_back(ChunkReport{});
  bench.worker().step();
  EXPECT_EQ(bench.sent(), Kinds{kReport});
}

TEST(Worker, ATaskThatComesTwiceRunsOnce) {
  Bench bench;
  bench.set_up();
  bench.assign(3, 1);
  bench.assign(3, 1);
  bench.assign(3, 0);
  bench.assign(3, 2);
  EXPECT_EQ(bench.log.started.size(), 2U);
}

TEST(Worker, ATaskThatOvertakesTheSetupWaitsForIt) {
  Bench bench;
  bench.assign(3, 0);
  EXPECT_TRUE(bench.log.started.empty());
  bench.set_up();
  EXPECT_EQ(bench.log.started.size(), 1U);
}

TEST(Worker, LeavesWhenToldTo) {
  Bench bench;
  bench.set_up();
  bench.sent();
  bench.worker().on_message(Finish{75});
  EXPECT_EQ(bench.sent(), Kinds{kGoodbye});
  EXPECT_TRUE(bench.worker().done());
  EXPECT_TRUE(bench.log.stopped);
  EXPECT_EQ(bench.worker().exit_code(), 75);
}

TEST(Worker, AnswersKeepTheLeaseAlive) {
  Bench bench;
  bench.set_up();
  for (int i = 0; i < 20; ++i) {
    bench.clock.advance(kLease / 3);
    bench.worker().step();
    for (const auto kind : bench.sent()) {
      if (kind != kHeartbeat) continue;
      bench.worker().on_message(HeartbeatAnswer{std::get<Heartbeat>(bench.last.back()).sequence});
    }
  }
  EXPECT_FALSE(bench.worker().done());
}

TEST(Worker, StopsWhenItsLeaseLapsesCountedFromWhenItAsked) {
  Bench bench;
  bench.set_up();
  bench.clock.advance(kLease - std::chrono::seconds(1));
  bench.worker().on_message(HeartbeatAnswer{1});  // asked at the beginning, answered late
  bench.clock.advance(std::chrono::seconds(2));
  bench.worker().step();
  EXPECT_TRUE(bench.worker().done());
  EXPECT_TRUE(bench.log.stopped);
  EXPECT_EQ(bench.worker().exit_code(), 5);
}

TEST(Worker, TheCoordinatorsOwnWorkerHasNoLease) {
  Bench bench(0);
  bench.set_up();
  bench.clock.advance(10 * kLease);
  bench.worker().step();
  EXPECT_FALSE(bench.worker().done()) << "a suspended process goes on when it is continued";
}

TEST(Worker, SaysWhyItCannotBegin) {
  Bench bench(1, environment_error("no such folder", "/warehouse"));
  bench.set_up();
  EXPECT_EQ(bench.sent(), (Kinds{kFailure, kGoodbye}));
  EXPECT_EQ(std::get<ChunkFailure>(bench.last[0]).chunk, kNoChunk);
  EXPECT_TRUE(bench.worker().done());
  EXPECT_EQ(bench.worker().exit_code(), 5);
}

}  // namespace
}  // namespace tipple
