#include "coordinator/gather_ledger.h"

#include <gtest/gtest.h>

namespace tipple {
namespace {

// One file of `size` bytes in chunks of 10.
ChunkPlan cut_file(std::uint64_t size) {
  ChunkPlan plan;
  Extent extent;
  extent.path = "/in/a.csv";
  extent.size = size;
  plan.sources.push_back({SourceId{0}, {extent}});
  for (std::uint64_t begin = 0; begin < size; begin += 10) {
    Chunk chunk;
    chunk.id = ChunkId{static_cast<std::uint32_t>(plan.chunks.size())};
    chunk.segments = {{0, begin, std::min(begin + 10, size)}};
    chunk.bytes = std::min<std::uint64_t>(10, size - begin);
    plan.chunks.push_back(chunk);
  }
  plan.bytes = size;
  return plan;
}

struct Bench {
  explicit Bench(std::uint64_t size) : plan(cut_file(size)), ledger(plan, 1) {}

  Verdict take(std::uint32_t chunk, RecordRange range, std::uint64_t rows = 1) {
    ChunkReport report;
    report.chunk = ChunkId{chunk};
    report.range = range;
    TableReport table;
    table.rows.rows_in = table.rows.rejected = rows;
    report.tables = {table};
    ledger.take(report, taken);
    return taken.verdict;
  }
  std::optional<std::uint64_t> known(std::uint32_t chunk) const { return ledger.known_start(ChunkId{chunk}); }

  ChunkPlan plan;
  GatherLedger ledger;
  TakeResult taken;
};

RecordRange records(std::uint64_t start, std::uint64_t end) { return {true, true, start, end, 1}; }
RecordRange known_records(std::uint64_t start, std::uint64_t end) { return {true, false, start, end, 1}; }
RecordRange nothing() { return {false, true, 0, 0, 0}; }
RecordRange known_nothing(std::uint64_t next) { return {false, false, 0, next, 0}; }

TEST(GatherLedger, AcceptsAChainInOrder) {
  Bench bench(30);
  EXPECT_EQ(bench.take(0, known_records(3, 12)), Verdict::kAccepted);
  EXPECT_EQ(bench.known(1), 12U);
  EXPECT_EQ(bench.take(1, records(12, 20)), Verdict::kAccepted);
  EXPECT_EQ(bench.take(2, records(20, 30)), Verdict::kAccepted);
  EXPECT_TRUE(bench.ledger.complete());
  EXPECT_EQ(bench.ledger.totals().tables[0].rows_in, 3U);
  EXPECT_EQ(bench.ledger.totals().bytes, 30U);
}

TEST(GatherLedger, EachChunkOnce) {
  Bench bench(20);
  EXPECT_EQ(bench.take(0, known_records(0, 10)), Verdict::kAccepted);
  EXPECT_EQ(bench.take(0, known_records(0, 10)), Verdict::kIgnored);
  EXPECT_EQ(bench.take(7, records(0, 10)), Verdict::kIgnored) << "no such chunk";
  EXPECT_EQ(bench.ledger.totals().chunks, 1U);
}

TEST(GatherLedger, ReportsWaitForTheirPredecessors) {
  Bench bench(30);
  EXPECT_EQ(bench.take(2, records(21, 30)), Verdict::kWaiting);
  EXPECT_EQ(bench.take(1, records(12, 21)), Verdict::kWaiting);
  EXPECT_EQ(bench.take(1, records(12, 21)), Verdict::kIgnored);
  EXPECT_EQ(bench.ledger.waiting(), 2U);
  EXPECT_EQ(bench.take(0, known_records(0, 12)), Verdict::kAccepted);
  EXPECT_EQ(bench.taken.accepted, (std::vector<ChunkId>{ChunkId{0}, ChunkId{1}, ChunkId{2}}));
  EXPECT_EQ(bench.ledger.waiting(), 0U);
}

TEST(GatherLedger, AWrongGuessIsRefusedAndItsChunkGetsTheKnownStart) {
  Bench bench(30);
  bench.take(0, known_records(0, 14));
  EXPECT_EQ(bench.take(1, records(12, 20)), Verdict::kRefused);
  EXPECT_EQ(bench.known(1), 14U);
  EXPECT_EQ(bench.take(1, nothing()), Verdict::kRefused) << "a record starts there";
  EXPECT_EQ(bench.take(1, known_records(14, 25)), Verdict::kAccepted);
  EXPECT_EQ(bench.ledger.mismatches(), 2U);
}

TEST(GatherLedger, AWaitingReportThatTurnsOutWrongIsRefused) {
  Bench bench(30);
  EXPECT_EQ(bench.take(1, records(12, 20)), Verdict::kWaiting);
  EXPECT_EQ(bench.take(0, known_records(0, 14)), Verdict::kAccepted);
  EXPECT_EQ(bench.taken.refused, (std::vector<ChunkId>{ChunkId{1}}));
  EXPECT_EQ(bench.take(1, known_records(14, 20)), Verdict::kAccepted);
}

TEST(GatherLedger, ALongRecordLeavesItsChunksEmpty) {
  Bench bench(40);
  bench.take(0, known_records(0, 33));
  EXPECT_EQ(bench.take(1, records(15, 33)), Verdict::kRefused) << "no record starts inside the long one";
  EXPECT_EQ(bench.take(1, nothing()), Verdict::kAccepted);
  EXPECT_EQ(bench.take(2, known_nothing(33)), Verdict::kAccepted);
  EXPECT_EQ(bench.take(3, records(33, 40)), Verdict::kAccepted);
  EXPECT_TRUE(bench.ledger.complete());
}

TEST(GatherLedger, BlankLinesAtTheEndNeedAKnownStart) {
  Bench bench(30);
  bench.take(0, known_records(0, 12));
  EXPECT_EQ(bench.take(1, known_records(12, 20)), Verdict::kAccepted);
  EXPECT_EQ(bench.take(2, nothing()), Verdict::kRefused);
  EXPECT_EQ(bench.take(2, known_nothing(30)), Verdict::kAccepted);
  EXPECT_TRUE(bench.ledger.complete());
}

TEST(GatherLedger, AGuessThatEndsBeforeTheFileDoesIsChecked) {
  Bench bench(20);
  bench.take(0, known_records(0, 10));
  EXPECT_EQ(bench.take(1, records(10, 18)), Verdict::kRefused);
  EXPECT_EQ(bench.take(1, known_records(10, 20)), Verdict::kAccepted);
}

TEST(GatherLedger, AHeadLongerThanAChunk) {
  Bench bench(30);
  EXPECT_EQ(bench.take(0, known_nothing(15)), Verdict::kAccepted);
  EXPECT_EQ(bench.take(1, known_records(15, 22)), Verdict::kAccepted);
  EXPECT_EQ(bench.take(2, records(22, 30)), Verdict::kAccepted);
}

TEST(GatherLedger, RepeatedMismatchesWantOneScanWhoseHintsTheChainStillProves) {
  Bench bench(70);
  bench.take(0, known_records(0, 12));
  for (const std::uint64_t guess : {13U, 14U}) {
    EXPECT_EQ(bench.take(1, records(guess, 20)), Verdict::kRefused);
    EXPECT_FALSE(bench.taken.scan_wanted);
  }
  EXPECT_EQ(bench.take(4, records(41, 52)), Verdict::kWaiting);
  EXPECT_EQ(bench.take(5, records(51, 60)), Verdict::kWaiting);
  EXPECT_EQ(bench.take(1, records(15, 20)), Verdict::kRefused);
  ASSERT_TRUE(bench.taken.scan_wanted);
  const auto task = bench.ledger.scan_task(*bench.taken.scan_wanted);
  ASSERT_TRUE(task);
  EXPECT_EQ(task->first_chunk, ChunkId{2});
  EXPECT_EQ(task->segment.begin, 12U);
  EXPECT_EQ(task->cuts, (std::vector<std::uint64_t>{20, 30, 40, 50, 60}));

  bench.ledger.take_scan({ChunkId{2}, {25, 33, 41, 52, 60}}, bench.taken);
  EXPECT_EQ(bench.taken.refused, (std::vector<ChunkId>{ChunkId{5}})) << "chunk 4 guessed right";
  EXPECT_EQ(bench.known(1), 12U);
  EXPECT_EQ(bench.known(3), 33U);
  EXPECT_EQ(bench.known(5), 52U);
  EXPECT_EQ(bench.take(3, records(30, 41)), Verdict::kRefused) << "contradicts the hint, no need to wait for the chain";
  EXPECT_EQ(bench.take(3, known_records(33, 41)), Verdict::kWaiting);
  bench.take(5, known_records(52, 60));
  bench.take(6, records(60, 70));
  bench.take(2, known_records(25, 33));
  EXPECT_EQ(bench.take(1, known_records(12, 25)), Verdict::kAccepted);
  EXPECT_TRUE(bench.ledger.complete());
  EXPECT_EQ(bench.ledger.scans(), 1U);
}

TEST(GatherLedger, AReportOutOfBalanceEndsTheLoad) {
  Bench bench(20);
  ChunkReport report;
  TableReport table;
  table.rows.rows_in = 3;
  table.rows.rows_out = 2;
  report.tables = {table};
  bench.ledger.take(report, bench.taken);
  ASSERT_TRUE(bench.taken.error);
  EXPECT_NE(bench.taken.error->what.find("conservation"), std::string::npos);
  report.tables[0].rows.rejected = 1;
  bench.ledger.take(report, bench.taken);
  ASSERT_TRUE(bench.taken.error) << "two rows came out, and there is no part";
}

TEST(GatherLedger, KnownStartsThatNeverFitEndTheLoad) {
  Bench bench(30);
  bench.take(0, known_records(0, 12));
  for (std::uint32_t i = 0; i <= kKnownRefusalsMax && !bench.taken.error; ++i) bench.take(1, known_records(13, 20));
  ASSERT_TRUE(bench.taken.error);
  EXPECT_EQ(bench.taken.error->where, "/in/a.csv");
}

TEST(GatherLedger, WholeFilesNeedNoChain) {
  ChunkPlan plan;
  plan.sources.push_back({SourceId{0}, {{"/in/a", 5, 0, true}, {"/in/b", 7, 0, true}, {"/in/c", 9, 0, true}}});
  plan.chunks = {{ChunkId{0}, SourceId{0}, {{0, 0, 5}, {1, 0, 7}}, 12}, {ChunkId{1}, SourceId{0}, {{2, 0, 9}}, 9}};
  GatherLedger ledger(plan, 1);
  TakeResult taken;
  for (const std::uint32_t chunk : {1U, 0U}) {
    ChunkReport report;
    report.chunk = ChunkId{chunk};
    ledger.take(report, taken);
    EXPECT_EQ(taken.verdict, Verdict::kAccepted);
  }
  EXPECT_TRUE(ledger.complete());
}

}  // namespace
}  // namespace tipple
