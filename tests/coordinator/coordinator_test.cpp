#include "coordinator/coordinator.h"

#include <gtest/gtest.h>

#include "coordinator/in_process_transport.h"
#include "coordinator/run_loop.h"

namespace tipple {
namespace {

class VectorJournal final : public JournalWriter {
 public:
  Status append(const JournalEntry& entry) override {
    if (fail_append) return environment_error("no space left on device", "attempt-1");
    entries.push_back(entry);
    return {};
  }
  Status sync() override {
    if (fail_sync) return environment_error("input/output error", "attempt-1");
    synced = entries.size();
    return {};
  }
  template <typename T>
  [[nodiscard]] std::size_t count() const {
    std::size_t found = 0;
    for (const auto& entry : entries) found += std::holds_alternative<T>(entry) ? 1 : 0;
    return found;
  }

  std::vector<JournalEntry> entries;
  std::size_t synced = 0;
  bool fail_append = false;
  bool fail_sync = false;
};

ChunkPlan whole_files(std::uint32_t count) {
  ChunkPlan plan;
  plan.sources.push_back({SourceId{0}, {}});
  for (std::uint32_t i = 0; i < count; ++i) {
    Extent extent;
    extent.path = "/in/" + std::to_string(i);
    extent.size = 10;
    extent.mtime_ns = 77;
    plan.sources[0].extents.push_back(extent);
    plan.chunks.push_back({ChunkId{i}, SourceId{0}, {{i, 0, 10}}, 10});
  }
  plan.bytes = 10 * count;
  return plan;
}

// Rank 0's coordinator with the test as its one worker.
class Bench {
 public:
  explicit Bench(std::uint32_t chunks, const LoadState& earlier = {}, RejectLimits limits = {})
      : transport_(hub_.transport(kCoordinator)),
        coordinator_(whole_files(chunks), LoadSetup{}, earlier, journal, *transport_, clock, config(limits)) {}

  std::vector<Message> say(const Message& message) {
    coordinator_.on_message(kCoordinator, message);
    return heard();
  }
  std::vector<Message> heard() {
    std::vector<Message> messages;
    while (auto received = transport_->receive()) messages.push_back(std::move(received->message));
    return messages;
  }
  std::vector<Message> join() {
    say(Hello{});
    return say(Hello{});
  }
  std::vector<Message> report(std::uint32_t chunk, std::uint64_t rejected = 0) {
    ChunkReport report;
    report.chunk = ChunkId{chunk};
    TableReport table;
    table.rows.rows_in = table.rows.rejected = rejected;
    report.tables = {table};
    return say(report);
  }
  Coordinator& coordinator() { return coordinator_; }

  ManualClock clock;
  VectorJournal journal;

 private:
  static CoordinatorConfig config(RejectLimits limits) {
    CoordinatorConfig made;
    made.reject_limits = {limits};
    return made;
  }
  MemoryHub hub_;
  std::unique_ptr<Transport> transport_;
  Coordinator coordinator_;
};

template <typename T>
const T* find(const std::vector<Message>& messages) {
  for (const auto& message : messages) {
    if (const T* found = std::get_if<T>(&message)) return found;
  }
  return nullptr;
}

TEST(Coordinator, ALoadFromHelloToGoodbye) {
  Bench bench(2);
  const auto setup = bench.say(Hello{});
  ASSERT_NE(find<tipple::Setup>(setup), nullptr);
  EXPECT_EQ(find<tipple::Setup>(setup)->load.lease_ns, Duration(std::chrono::seconds(30)).count());
  const auto assigned = bench.say(Hello{});
  ASSERT_EQ(assigned.size(), 2U);
  const ChunkTask& task = std::get<Assign>(assigned[0]).task;
  EXPECT_EQ(task.segments, (std::vector<TaskSegment>{{"/in/0", 10, 77, 0, 10}}));
  EXPECT_TRUE(bench.report(0).empty());
  const auto publish = bench.report(1);
  EXPECT_NE(find<Publish>(publish), nullptr);
  EXPECT_EQ(bench.journal.count<JournalAccepted>(), 2U);
  EXPECT_EQ(bench.journal.synced, 2U) << "durable before Publish goes out";
  const auto finish = bench.say(PublishReport{{{"t", 3, false}}, std::nullopt});
  ASSERT_NE(find<Finish>(finish), nullptr);
  EXPECT_EQ(find<Finish>(finish)->exit_code, 0);
  EXPECT_FALSE(bench.coordinator().done());
  bench.say(Goodbye{});
  EXPECT_TRUE(bench.coordinator().done());
  const LoadOutcome outcome = bench.coordinator().outcome();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.published[0].version, 3U);
  EXPECT_EQ(outcome.totals.bytes, 20U);
  EXPECT_EQ(bench.journal.count<JournalPublished>(), 1U);
  EXPECT_EQ(bench.journal.count<JournalClosed>(), 1U);
  EXPECT_EQ(bench.journal.synced, bench.journal.entries.size());
}

TEST(Coordinator, ARefusedPublicationEndsWithItsError) {
  Bench bench(1);
  bench.join();
  bench.report(0);
  const auto finish =
      bench.say(PublishReport{{}, Error{ErrorKind::kQuality, "too many rejects", "t", "raise max_rows"}});
  EXPECT_EQ(find<Finish>(finish)->exit_code, 4);
  bench.say(Goodbye{});
  EXPECT_EQ(bench.coordinator().outcome().error->what, "too many rejects");
  EXPECT_EQ(bench.journal.count<JournalPublished>(), 0U);
}

TEST(Coordinator, WhatEarlierAttemptsDidIsNotDoneAgain) {
  LoadState earlier;
  earlier.accepted[ChunkId{1}].chunk = ChunkId{1};
  Bench bench(3, earlier);
  EXPECT_EQ(bench.coordinator().outcome().chunks_resumed, 1U);
  const auto assigned = bench.join();
  ASSERT_EQ(assigned.size(), 2U);
  EXPECT_EQ(std::get<Assign>(assigned[0]).task.chunk, ChunkId{0});
  EXPECT_EQ(std::get<Assign>(assigned[1]).task.chunk, ChunkId{2});
  EXPECT_EQ(bench.journal.count<JournalAccepted>(), 0U);
}

TEST(Coordinator, AJournalOfAnotherPlanIsRefused) {
  LoadState earlier;
  earlier.accepted[ChunkId{9}].chunk = ChunkId{9};
  Bench bench(3, earlier);
  EXPECT_EQ(find<Finish>(bench.heard())->exit_code, 5);
  bench.say(Goodbye{});
  EXPECT_NE(bench.coordinator().outcome().error->what.find("chunk 9"), std::string::npos);
}

TEST(Coordinator, AJournalThatCannotBeWrittenEndsTheLoad) {
  Bench bench(2);
  bench.join();
  bench.journal.fail_append = true;
  EXPECT_EQ(find<Finish>(bench.report(0))->exit_code, 5);
  bench.say(Goodbye{});
  EXPECT_EQ(bench.coordinator().outcome().error->what, "no space left on device");
}

TEST(Coordinator, AJournalThatCannotBeSyncedPublishesNothing) {
  Bench bench(1);
  bench.join();
  bench.journal.fail_sync = true;
  const auto messages = bench.report(0);
  EXPECT_EQ(find<Publish>(messages), nullptr);
  EXPECT_EQ(find<Finish>(messages)->exit_code, 5);
}

TEST(Coordinator, TheJournalIsSyncedOnceASecond) {
  Bench bench(3);
  bench.join();
  bench.report(0);
  bench.coordinator().step();
  EXPECT_EQ(bench.journal.synced, 0U);
  bench.clock.advance(std::chrono::seconds(1));
  bench.coordinator().step();
  EXPECT_EQ(bench.journal.synced, 1U);
}

TEST(Coordinator, HopelessRejectsEndTheLoadEarly) {
  Bench bench(9, {}, {5, 0.0, false});
  bench.join();
  EXPECT_EQ(find<Publish>(bench.report(0, 5 + kRejectsBeyondMax)), nullptr);
  EXPECT_NE(find<Publish>(bench.report(1, 1)), nullptr) << "the publisher says what is wrong";
  Bench percent(9, {}, {5, 0.1, false});
  percent.join();
  EXPECT_EQ(find<Publish>(percent.report(0, 1'000'000)), nullptr) << "the rest may dilute them";
}

TEST(Coordinator, AStopCheckpoints) {
  Bench bench(5);
  bench.join();
  bench.coordinator().request_stop();
  EXPECT_NE(find<Revoke>(bench.heard()), nullptr);
  EXPECT_EQ(find<Finish>(bench.report(0))->exit_code, 75);
  bench.say(Goodbye{});
  const LoadOutcome outcome = bench.coordinator().outcome();
  EXPECT_EQ(outcome.exit_code, 75);
  EXPECT_EQ(outcome.error->kind, ErrorKind::kCheckpointed);
}

TEST(Coordinator, AWorkerThatCannotBeginEndsALoadThatHasNoOther) {
  Bench bench(1);
  bench.say(Hello{});
  bench.say(ChunkFailure{kNoChunk, 0, environment_error("no such folder", "/warehouse"), false});
  bench.say(Goodbye{});
  EXPECT_TRUE(bench.coordinator().done());
  EXPECT_EQ(bench.coordinator().outcome().error->what, "no such folder");
  EXPECT_EQ(bench.coordinator().outcome().exit_code, 5);
}

TEST(Coordinator, OpeningWritesInputsInPieces) {
  VectorJournal journal;
  std::vector<SourceExtents> inputs{{SourceId{0}, std::vector<Extent>(kInputsPerFrameMax + 1)}, {SourceId{1}, {}}};
  ASSERT_TRUE(journal_opening(journal, {}, inputs, true).ok());
  EXPECT_EQ(journal.count<JournalInputs>(), 3U) << "a source without files has its entry too";
  EXPECT_EQ(journal.synced, 4U);
  VectorJournal later;
  ASSERT_TRUE(journal_opening(later, {}, inputs, false).ok());
  EXPECT_EQ(later.entries.size(), 1U);
}

// A worker that answers at once, for the loop itself.
class EchoWorker {
 public:
  explicit EchoWorker(Transport& transport) : transport_(transport) {}
  void on_message(const Message& message) {
    if (std::holds_alternative<tipple::Setup>(message)) transport_.send(kCoordinator, Hello{});
    if (const auto* assign = std::get_if<Assign>(&message)) {
      ChunkReport report;
      report.chunk = assign->task.chunk;
      report.issue = assign->task.issue;
      transport_.send(kCoordinator, report);
    }
    if (std::holds_alternative<Publish>(message))
      transport_.send(kCoordinator, PublishReport{{{"t", 1, false}}, std::nullopt});
    if (std::holds_alternative<Finish>(message)) {
      transport_.send(kCoordinator, Goodbye{});
      done_ = true;
    }
  }
  void step() {
    if (!said_hello_) transport_.send(kCoordinator, Hello{});
    said_hello_ = true;
  }
  [[nodiscard]] bool done() const { return done_; }

 private:
  Transport& transport_;
  bool said_hello_ = false;
  bool done_ = false;
};

TEST(RunLoop, OneRankIsAWholeCluster) {
  MemoryHub hub;
  const auto transport = hub.transport(kCoordinator);
  VectorJournal journal;
  const SteadyClock clock;
  CoordinatorConfig config;
  config.reject_limits.resize(1);
  Coordinator coordinator(whole_files(100), LoadSetup{}, {}, journal, *transport, clock, config);
  EchoWorker worker(*transport);
  const std::atomic<int> stops{0};
  std::uint64_t ticks = 0;
  run_loop(&coordinator, worker, *transport, stops, [&] { ++ticks; });
  EXPECT_EQ(coordinator.outcome().exit_code, 0);
  EXPECT_EQ(coordinator.outcome().totals.chunks, 100U);
  EXPECT_EQ(journal.count<JournalAccepted>(), 100U);
  EXPECT_GT(ticks, 0U);
}

}  // namespace
}  // namespace tipple
