#include "coordinator/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace tipple {
namespace {

using enum Rule;

// Every cell of phase x event, written down a second time: a change of the table has to be meant.
TEST(SchedulerTable, EveryPhaseAndEvent) {
  struct Row {
    EventKind event;
    Rule loading, draining, publishing, finishing;
  };
  const Row rows[] = {
      {EventKind::kWorkerJoined, kJoin, kJoin, kJoin, kJoin},
      {EventKind::kHeard, kHear, kHear, kHear, kHear},
      {EventKind::kChunkReported, kReport, kReport, kIgnore, kIgnore},
      {EventKind::kChunkDropped, kDrop, kDrop, kDrop, kIgnore},
      {EventKind::kChunkAccepted, kAccept, kAccept, kIgnore, kIgnore},
      {EventKind::kChunkRefused, kRefuse, kRefuse, kIgnore, kIgnore},
      {EventKind::kChunkFailed, kFail, kFail, kDrop, kIgnore},
      {EventKind::kWorkerLost, kLose, kLose, kLose, kLose},
      {EventKind::kLeaseTick, kTick, kTick, kTick, kTick},
      {EventKind::kScanWanted, kScan, kIgnore, kIgnore, kIgnore},
      {EventKind::kScanEnded, kScanEnd, kScanEnd, kScanEnd, kIgnore},
      {EventKind::kStopRequested, kDrain, kHalt, kIgnore, kIgnore},
      {EventKind::kHalted, kHalt, kHalt, kHalt, kIgnore},
      {EventKind::kPublishRequested, kPublishNow, kIgnore, kIgnore, kIgnore},
      {EventKind::kPublishEnded, kIgnore, kIgnore, kPublishEnd, kIgnore},
      {EventKind::kWorkerLeft, kLose, kLose, kLose, kLeave},
  };
  ASSERT_EQ(std::size(rows), kEventKinds);
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const Row& row = rows[i];
    ASSERT_EQ(static_cast<std::size_t>(row.event), i);
    EXPECT_EQ(rule_of(Phase::kLoading, row.event), row.loading) << i;
    EXPECT_EQ(rule_of(Phase::kDraining, row.event), row.draining) << i;
    EXPECT_EQ(rule_of(Phase::kPublishing, row.event), row.publishing) << i;
    EXPECT_EQ(rule_of(Phase::kFinishing, row.event), row.finishing) << i;
    EXPECT_EQ(rule_of(Phase::kEnded, row.event), kIgnore) << i;
  }
}

TEST(SchedulerTable, EveryChunkStateAndEvent) {
  using enum ChunkState;
  for (const ChunkState state : {kReady, kRunning, kWaiting, ChunkState::kAccepted}) {
    const bool accepted = state == ChunkState::kAccepted;
    EXPECT_EQ(next_state(state, ChunkEvent::kReported), accepted ? state : kWaiting);
    EXPECT_EQ(next_state(state, ChunkEvent::kAccepted), ChunkState::kAccepted);
    EXPECT_EQ(next_state(state, ChunkEvent::kRefused), state == kWaiting ? kReady : state);
    EXPECT_EQ(next_state(state, ChunkEvent::kAbandoned), state == kRunning ? kReady : state);
  }
}

class Bench {
 public:
  Bench(std::uint32_t workers, std::vector<std::uint64_t> sizes, SchedulerConfig config = {})
      : scheduler_(with(config, workers), sizes) {}

  std::vector<Action> apply(EventKind kind, WorkerId worker = kNoWorker, std::uint32_t chunk = 0,
                            std::uint32_t issue = 0) {
    Event event;
    event.kind = kind;
    event.worker = worker;
    event.chunk = ChunkId{chunk};
    event.issue = issue;
    event.retryable = retryable;
    event.exit_code = exit_code;
    std::vector<Action> actions;
    scheduler_.apply(event, now, actions);
    return actions;
  }
  std::vector<Action> join(std::uint32_t worker) { return apply(EventKind::kWorkerJoined, WorkerId{worker}); }
  std::vector<Action> done(std::uint32_t worker, std::uint32_t chunk, std::uint32_t issue = 0) {
    auto actions = apply(EventKind::kChunkReported, WorkerId{worker}, chunk, issue);
    const auto more = apply(EventKind::kChunkAccepted, kNoWorker, chunk);
    actions.insert(actions.end(), more.begin(), more.end());
    return actions;
  }
  Scheduler& scheduler() { return scheduler_; }

  TimePoint now{};
  bool retryable = true;
  int exit_code = 5;

 private:
  static SchedulerConfig with(SchedulerConfig config, std::uint32_t workers) {
    config.workers = workers;
    return config;
  }
  Scheduler scheduler_;
};

Action assign(std::uint32_t worker, std::uint32_t chunk, std::uint32_t issue = 0) {
  return {ActionKind::kAssign, WorkerId{worker}, ChunkId{chunk}, issue, 0};
}
Action revoke(std::uint32_t worker, std::uint32_t chunk, std::uint32_t issue = 0) {
  return {ActionKind::kRevoke, WorkerId{worker}, ChunkId{chunk}, issue, 0};
}
Action publish(std::uint32_t worker) { return {ActionKind::kPublish, WorkerId{worker}, {}, 0, 0}; }
Action finish(std::uint32_t worker, int code) { return {ActionKind::kFinish, WorkerId{worker}, {}, 0, code}; }

using Actions = std::vector<Action>;

TEST(Scheduler, LargestChunksFirstThreeToAWorker) {
  Bench bench(1, {10, 30, 20, 30, 5});
  EXPECT_EQ(bench.join(0), (Actions{assign(0, 1), assign(0, 3), assign(0, 2)}));
  EXPECT_EQ(bench.done(0, 1), (Actions{assign(0, 0)}));
}

TEST(Scheduler, PrefetchLeavesAChunkForEveryWorkerThatIsStillToCome) {
  Bench bench(3, {1, 1, 1});
  EXPECT_EQ(bench.join(0), (Actions{assign(0, 0)}));
  EXPECT_EQ(bench.join(1), (Actions{assign(1, 1)}));
  EXPECT_EQ(bench.join(2), (Actions{assign(2, 2)}));
}

TEST(Scheduler, PublishesWhenAllIsAcceptedAndFinishesWhenAllHaveLeft) {
  Bench bench(2, {1, 1});
  bench.join(0);
  bench.join(1);
  bench.done(0, 0);
  EXPECT_EQ(bench.done(1, 1), (Actions{publish(0)}));
  bench.exit_code = 0;
  EXPECT_EQ(bench.apply(EventKind::kPublishEnded, WorkerId{1}), Actions{}) << "only the publisher's word counts";
  EXPECT_EQ(bench.apply(EventKind::kPublishEnded, WorkerId{0}), (Actions{finish(0, 0), finish(1, 0)}));
  EXPECT_EQ(bench.apply(EventKind::kWorkerLeft, WorkerId{1}), Actions{});
  EXPECT_EQ(bench.apply(EventKind::kWorkerLeft, WorkerId{0}), (Actions{{ActionKind::kEnd, kNoWorker, {}, 0, 0}}));
  EXPECT_EQ(bench.scheduler().phase(), Phase::kEnded);
}

TEST(Scheduler, ALoadWithoutChunksIsPublishedByTheFirstWorker) {
  Bench bench(1, {});
  EXPECT_EQ(bench.join(0), (Actions{publish(0)}));
}

TEST(Scheduler, AFailedChunkGoesToAnotherWorkerAndThenEndsTheLoad) {
  Bench bench(2, {9, 5});
  bench.join(0);
  bench.join(1);
  EXPECT_EQ(bench.apply(EventKind::kChunkFailed, WorkerId{0}, 0, 0), (Actions{assign(1, 0, 1)}));
  EXPECT_EQ(bench.apply(EventKind::kChunkFailed, WorkerId{0}, 0, 0), Actions{})
      << "it does not hold the chunk any more";
  EXPECT_EQ(bench.apply(EventKind::kChunkFailed, WorkerId{1}, 0, 1), (Actions{assign(0, 0, 2)}));
  const auto last = bench.apply(EventKind::kChunkFailed, WorkerId{0}, 0, 2);
  EXPECT_EQ(last, (Actions{{ActionKind::kGiveUp, WorkerId{0}, ChunkId{0}, 2, 5}, finish(0, 5), finish(1, 5)}));
}

TEST(Scheduler, AChunkThatCannotSucceedEndsTheLoadAtOnce) {
  Bench bench(1, {9});
  bench.join(0);
  bench.retryable = false;
  bench.exit_code = 2;
  EXPECT_EQ(bench.apply(EventKind::kChunkFailed, WorkerId{0}, 0, 0).back(), finish(0, 2));
}

TEST(Scheduler, ALostWorkersChunksGoToOthers) {
  Bench bench(2, {5, 4, 3, 2, 1});
  bench.join(0);
  bench.join(1);
  bench.now += std::chrono::seconds(20);
  bench.apply(EventKind::kHeard, WorkerId{1});
  bench.now += std::chrono::seconds(15);
  EXPECT_EQ(bench.apply(EventKind::kLeaseTick), Actions{}) << "rank 0 is never lost, rank 1 was heard of";
  bench.now += std::chrono::seconds(20);
  EXPECT_EQ(bench.apply(EventKind::kLeaseTick).front(), (Action{ActionKind::kLoseWorker, WorkerId{1}, {}, 0, 0}));
  EXPECT_TRUE(bench.scheduler().lost(WorkerId{1}));
  // The order of joining gave rank 0 chunks 0 to 2; the others follow as it reports.
  std::vector<std::uint32_t> given;
  for (std::uint32_t chunk : {0U, 1U}) {
    for (const Action& action : bench.done(0, chunk)) given.push_back(action.chunk.value());
  }
  EXPECT_EQ(given, (std::vector<std::uint32_t>{3, 4}));
}

TEST(Scheduler, AnIdleWorkerStartsWhatAnotherOnlyPrefetchedAndTheLoserIsRevoked) {
  Bench bench(2, {4, 3, 2});
  EXPECT_EQ(bench.join(0), (Actions{assign(0, 0), assign(0, 1)}));
  EXPECT_EQ(bench.join(1), (Actions{assign(1, 2)}));
  EXPECT_EQ(bench.done(1, 2), (Actions{assign(1, 1, 1)}));
  EXPECT_EQ(bench.done(1, 1, 1), (Actions{revoke(0, 1)}));
  EXPECT_EQ(bench.apply(EventKind::kChunkDropped, WorkerId{0}, 1, 0), Actions{}) << "late, and not needed";
  EXPECT_EQ(bench.done(0, 0), (Actions{publish(0)}));
}

TEST(Scheduler, AnIdleWorkerTakesTheChunkThatAnotherWouldStartLast) {
  Bench bench(2, {5, 4, 3, 2});
  EXPECT_EQ(bench.join(0), (Actions{assign(0, 0), assign(0, 1), assign(0, 2)}));
  EXPECT_EQ(bench.join(1), (Actions{assign(1, 3)}));
  EXPECT_EQ(bench.done(1, 3), (Actions{assign(1, 2, 1)}));
  EXPECT_EQ(bench.done(1, 2, 1), (Actions{revoke(0, 2), assign(1, 1, 1)}));
}

TEST(Scheduler, ARefusedChunkIsIssuedAgain) {
  Bench bench(1, {5, 4, 3, 2});
  bench.join(0);
  EXPECT_EQ(bench.apply(EventKind::kChunkReported, WorkerId{0}, 1, 0), (Actions{assign(0, 3)}));
  EXPECT_EQ(bench.apply(EventKind::kChunkRefused, kNoWorker, 1), Actions{});
  EXPECT_EQ(bench.done(0, 0), (Actions{assign(0, 1, 1)}));
  EXPECT_EQ(bench.scheduler().reissued(), 1U);
}

TEST(Scheduler, AStopLetsTheOldestChunkFinishAndASecondOneDoesNot) {
  Bench bench(1, {4, 3, 2});
  bench.join(0);
  EXPECT_EQ(bench.apply(EventKind::kStopRequested), (Actions{revoke(0, 2), revoke(0, 1)}));
  EXPECT_EQ(bench.done(0, 0), (Actions{finish(0, 75)}));

  Bench impatient(1, {4, 3, 2});
  impatient.join(0);
  impatient.apply(EventKind::kStopRequested);
  EXPECT_EQ(impatient.apply(EventKind::kStopRequested), (Actions{finish(0, 75)}));
}

TEST(Scheduler, AStopEndsAtTheDrainDeadline) {
  Bench bench(1, {4});
  bench.join(0);
  bench.apply(EventKind::kStopRequested);
  bench.now += std::chrono::seconds(19);
  EXPECT_EQ(bench.apply(EventKind::kLeaseTick), Actions{});
  bench.now += std::chrono::seconds(1);
  EXPECT_EQ(bench.apply(EventKind::kLeaseTick), (Actions{finish(0, 75)}));
}

TEST(Scheduler, APublisherThatIsLostIsReplaced) {
  Bench bench(3, {1});
  bench.join(1);
  bench.join(2);
  EXPECT_EQ(bench.done(1, 0), (Actions{publish(1)}));
  EXPECT_EQ(bench.apply(EventKind::kWorkerLost, WorkerId{1}), (Actions{publish(2)}));
  EXPECT_EQ(bench.apply(EventKind::kWorkerLost, WorkerId{2}), Actions{});
  EXPECT_EQ(bench.join(0), (Actions{publish(0)}));
}

TEST(Scheduler, AScanTakesAFreeHand) {
  Bench bench(1, {4, 3, 2, 1});
  bench.join(0);
  EXPECT_EQ(bench.apply(EventKind::kScanWanted, kNoWorker, 1), Actions{});
  EXPECT_EQ(bench.done(0, 0), (Actions{{ActionKind::kAssignScan, WorkerId{0}, ChunkId{1}, 0, 0}}));
  EXPECT_EQ(bench.apply(EventKind::kScanEnded, WorkerId{0}, 1), (Actions{assign(0, 3)}));
}

TEST(Scheduler, EventsOfUnknownWorkersAndChunksAreIgnored) {
  Bench bench(1, {1});
  EXPECT_EQ(bench.join(7), Actions{});
  bench.join(0);
  EXPECT_EQ(bench.apply(EventKind::kChunkReported, WorkerId{0}, 99, 0), Actions{});
}

TEST(IndexSet, AnswersLikeASortedSet) {
  IndexSet set(300'000);
  for (const std::size_t index : {299'999U, 0U, 64U, 4096U, 262'144U, 63U}) set.insert(index);
  set.erase(64);
  std::vector<std::size_t> members;
  for (auto index = set.next(); index != IndexSet::kNone; index = set.next(index + 1)) members.push_back(index);
  EXPECT_EQ(members, (std::vector<std::size_t>{0, 63, 4096, 262'144, 299'999}));
  EXPECT_EQ(set.size(), 5U);
}

}  // namespace
}  // namespace tipple
