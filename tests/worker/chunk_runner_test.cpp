#include "worker/chunk_runner.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/chunk_corpus.h"
#include "tests/worker/chunk_load.h"

namespace tipple::testing_load {
namespace {

RunnerConfig config(std::uint32_t threads = 2, std::uint64_t memory_bytes = 256 * limits::kMiB) {
  RunnerConfig result;
  result.threads = threads;
  result.memory_bytes = memory_bytes;
  return result;
}

void add_table(TestLoad& load) { load.table("t", {column("id", "int32"), column("text", "string", true)}); }

void expect_equal(const LoadResult& cut, const LoadResult& whole) {
  ASSERT_FALSE(cut.error.has_value()) << cut.error->to_string();
  ASSERT_EQ(cut.tables.size(), whole.tables.size());
  for (std::size_t i = 0; i < whole.tables.size(); ++i) {
    EXPECT_EQ(cut.tables[i].rows, whole.tables[i].rows);
    EXPECT_EQ(cut.tables[i].rejects, whole.tables[i].rejects);
    EXPECT_EQ(cut.tables[i].account, whole.tables[i].account);
    EXPECT_EQ(cut.tables[i].digest, whole.tables[i].digest);
  }
}

class EveryCut : public ::testing::TestWithParam<CorpusFile> {};

TEST_P(EveryCut, GivesWhatTheWholeFileGives) {
  TestLoad load(GetParam().dialect);
  add_table(load);
  const TaskSegment file = load.file("in.csv", GetParam().content);
  const LoadResult whole = load.run(file, 0, config());
  ASSERT_FALSE(whole.error.has_value()) << whole.error->to_string();
  EXPECT_EQ(whole.tables[0].account.rows_in, GetParam().records);
  EXPECT_EQ(whole.tables[0].account.rejected, GetParam().rejects);
  for (const std::uint64_t chunk_bytes : {1, 3, 7, 16, 40, 150}) {
    if (chunk_bytes > file.size) break;
    SCOPED_TRACE(fmt::format("chunks of {} bytes", chunk_bytes));
    expect_equal(load.run(file, chunk_bytes, config()), whole);
    if (HasFailure()) return;
  }
}

TEST_P(EveryCut, GivesTheSameWithSmallBlocks) {
  TestLoad load(GetParam().dialect);
  add_table(load);
  const TaskSegment file = load.file("in.csv", GetParam().content);
  const LoadResult whole = load.run(file, 0, config());
  for (const std::uint64_t block_bytes : {1, 5, 13, 64}) {
    SCOPED_TRACE(fmt::format("blocks of {} bytes", block_bytes));
    RunnerConfig small = config();
    small.block_bytes = block_bytes;
    const LoadResult blocks = load.run(file, 0, small);
    expect_equal(blocks, whole);
    EXPECT_EQ(blocks.tables[0].sha256, whole.tables[0].sha256);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, EveryCut, ::testing::ValuesIn(corpus()),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(OverLongRecord, IsOneRejectAtEveryCut) {
  TestLoad load;
  add_table(load);
  const std::string fits(50, 'f');
  const std::string too_long(90, 'l');
  const std::string content = "id,text\n1,a\n2,\"" + fits + "\"\n3,\"" + too_long + "\n9,9\n" + too_long +
                              "\"\n4,b\n5," + too_long + "\n6,c\n7,\"" + too_long;
  const TaskSegment file = load.file("in.csv", content);
  RunnerConfig limited = config();
  limited.block_bytes = 30;
  limited.record_bytes_max = 60;
  const LoadResult whole = load.run(file, 0, limited);
  ASSERT_EQ(whole.tables[0].rows.size(), 4u);
  ASSERT_EQ(whole.tables[0].rejects.size(), 3u);
  const auto at = [&](const std::string& text) { return content.find(text); };
  EXPECT_EQ(whole.tables[0].rejects[0], (FoundReject{"in.csv", at("3,\"l"), 4, "", "record_bytes"}));
  EXPECT_EQ(whole.tables[0].rejects[1], (FoundReject{"in.csv", at("5,l"), 8, "", "record_bytes"}));
  EXPECT_EQ(whole.tables[0].rejects[2], (FoundReject{"in.csv", at("7,\"l"), 10, "", "record_bytes"}));
  for (const std::uint64_t chunk_bytes : {1, 2, 7, 30, 60, 100, 200}) {
    for (const std::uint64_t block_bytes : {1, 3, 11, 30}) {
      SCOPED_TRACE(fmt::format("chunks of {}, blocks of {} bytes", chunk_bytes, block_bytes));
      limited.block_bytes = block_bytes;
      expect_equal(load.run(file, chunk_bytes, limited), whole);
      if (HasFailure()) return;
    }
  }
}

// Several row groups, some rejects, quoted newlines.
std::string many_rows(std::uint64_t rows, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string content = "id,text,number\n";
  for (std::uint64_t i = 0; i < rows; ++i) {
    const std::uint32_t kind = random() % 100;
    if (kind == 0) {
      content += fmt::format("{},\"line\n{},\"\"quoted\"\"\",{}.5\n", i, i, i % 1000);
    } else if (kind == 1) {
      content += fmt::format("{},,\n", i);
    } else if (i % 5003 == 7) {
      content += fmt::format("bad{},x,1\n", i);
    } else {
      content += fmt::format("{},text {},{}.25\n", i, random() % 100000, i % 777);
    }
  }
  return content;
}

void add_wide_table(TestLoad& load) {
  load.table("t", {column("id", "int64"), column("text", "string", true), column("number", "float64", true)});
}

TEST(ChunkRunner, PartBytesDoNotDependOnThreadsMemoryOrBlocks) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  TestLoad load;
  add_wide_table(load);
  const TaskSegment file = load.file("in.csv", many_rows(200'000, seed));
  const LoadResult first = load.run(file, 0, config(1));
  ASSERT_FALSE(first.error.has_value()) << first.error->to_string();
  ASSERT_EQ(first.tables[0].account.rows_in, 200'000u);
  ASSERT_GT(first.tables[0].account.rejected, 10u);
  ASSERT_EQ(first.tables[0].sha256.size(), 1u);
  const auto expect_same = [&](const RunnerConfig& other) {
    const LoadResult again = load.run(file, 0, other);
    ASSERT_FALSE(again.error.has_value()) << again.error->to_string();
    EXPECT_EQ(again.tables[0].sha256, first.tables[0].sha256);
    EXPECT_EQ(again.tables[0].rejects, first.tables[0].rejects);
    EXPECT_EQ(again.reports[0].tables[0].part->columns, first.reports[0].tables[0].part->columns);
  };
  for (const std::uint32_t threads : {1, 2, 4}) {
    for (const std::uint64_t memory : {std::uint64_t{0}, 32 * limits::kMiB, 4 * limits::kGiB}) {
      SCOPED_TRACE(fmt::format("{} threads, {} bytes", threads, memory));
      expect_same(config(threads, memory));
    }
  }
  RunnerConfig small_blocks = config(4);
  small_blocks.block_bytes = 10'000;
  expect_same(small_blocks);
}

TEST(ChunkRunner, ChunksOfAnySizeGiveTheSameRows) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  TestLoad load;
  add_wide_table(load);
  const TaskSegment file = load.file("in.csv", many_rows(30'000, seed));
  const LoadResult whole = load.run(file, 0, config());
  for (const std::uint64_t chunk_bytes : {20'011, 65'536, 300'000}) {
    SCOPED_TRACE(fmt::format("chunks of {} bytes", chunk_bytes));
    expect_equal(load.run(file, chunk_bytes, config()), whole);
  }
}

TEST(ChunkRunner, KeepsWithinItsMemory) {
  TestLoad load;
  load.table("t", {column("id", "int64"), column("number", "float64", true)});
  const TaskSegment file = load.file("in.csv", many_rows(200'000, 7));
  RunnerConfig tight = config(4, 12 * limits::kMiB);
  tight.block_bytes = 256 * limits::kKiB;
  const LoadResult result = load.run(file, 0, tight);
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_LE(result.memory.peak_bytes, result.memory.budget_bytes);
  EXPECT_GE(result.memory.peak_under_way, 2u);
}

TEST(ChunkRunner, OneTokenIsEnough) {
  TestLoad load;
  add_wide_table(load);
  const TaskSegment file = load.file("in.csv", many_rows(100'000, 8));
  const LoadResult result = load.run(file, 0, config(4, 0));
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_EQ(result.tables[0].account.rows_in, 100'000u);
  // One block, and the row groups that one block can fill.
  EXPECT_LE(result.memory.peak_under_way, 3u);
}

TEST(ChunkRunner, OneSourceFeedsTwoTables) {
  TestLoad load;
  load.table("ids", {column("id", "int32")}).table("texts", {column("text", "string(4)")});
  const LoadResult result = load.run(load.file("in.csv", "id,text\n1,a\n2,longer\nx,b\n,\n"), 0, config());
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_THAT(result.tables[0].rows.size(), 2u);
  EXPECT_THAT(result.tables[1].rows.size(), 2u);
  ASSERT_EQ(result.tables[0].rejects.size(), 2u);
  ASSERT_EQ(result.tables[1].rejects.size(), 2u);
  EXPECT_EQ(result.tables[0].rejects[0], (FoundReject{"in.csv", 21, 4, "id", "type"}));
  EXPECT_EQ(result.tables[1].rejects[0], (FoundReject{"in.csv", 12, 3, "text", "length"}));
}

TEST(ChunkRunner, PacksWholeFilesWithHeadsOfTheirOwn) {
  TestLoad load;
  load.table("t", {column("id", "int32"), column("text", "string")});
  const std::vector<TaskSegment> files = {
      load.file("a.csv", "id,text\n1,a\n2,b\n"), load.file("b.csv", ""), load.file("c.csv", "text,id\nc,3\nd,bad\n"),
      load.file("d.csv", "\xEF\xBB\xBFid,text\n5,e"), load.file("e.csv", "id,text\n")};
  const LoadResult result = load.run_pack(files, config());
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_EQ(result.tables[0].rows, (std::vector<std::string>{"1|a", "2|b", "3|c", "5|e"}));
  EXPECT_EQ(result.tables[0].rejects, (std::vector<FoundReject>{{"c.csv", 12, 3, "id", "type"}}));
}

TEST(ChunkRunner, ReadsThousandsOfSmallFilesIntoOnePart) {
  TestLoad load;
  load.table("t", {column("id", "int32"), column("text", "string")});
  std::vector<TaskSegment> files;
  for (int i = 0; i < 2000; ++i)
    files.push_back(load.file(fmt::format("{:05}.csv", i), fmt::format("id,text\n{},a\n{},b\n", i, i)));
  const LoadResult result = load.run_pack(files, config());
  ASSERT_FALSE(result.error.has_value()) << result.error->to_string();
  EXPECT_EQ(result.tables[0].account.rows_out, 4000u);
  EXPECT_EQ(result.tables[0].sha256.size(), 1u);
  EXPECT_EQ(result.tables[0].rows.back(), "1999|b");
}

// Nothing is left in the staging folder of a chunk that failed.
void expect_nothing_staged(const TestLoad& load) {
  const auto staging = load.folder() / "warehouse" / "t" / "_staging";
  if (!std::filesystem::exists(staging)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(staging)) {
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  }
}

TEST(ChunkRunner, RefusesAFileThatChanged) {
  for (const std::string change : {"longer", "shorter", "touched"}) {
    SCOPED_TRACE(change);
    TestLoad load;
    add_wide_table(load);
    const TaskSegment file = load.file("in.csv", many_rows(100, 1));
    if (change == "longer") std::ofstream(file.path, std::ios::app) << "1,a,2\n";
    if (change == "shorter") std::filesystem::resize_file(file.path, file.size - 5);
    if (change == "touched") {
      std::filesystem::last_write_time(file.path,
                                       std::filesystem::last_write_time(file.path) + std::chrono::seconds(1));
    }
    const LoadResult result = load.run(file, 0, config());
    ASSERT_TRUE(result.error.has_value());
    EXPECT_THAT(result.error->what, ::testing::StartsWith("changed while it was being loaded"));
    EXPECT_EQ(result.error->kind, ErrorKind::kEnvironment);
    expect_nothing_staged(load);
  }
}

TEST(ChunkRunner, NamesAMissingFile) {
  TestLoad load;
  add_wide_table(load);
  const TaskSegment file = load.file("in.csv", "id,text,number\n1,a,2\n");
  std::filesystem::remove(file.path);
  const LoadResult result = load.run(file, 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->where, file.path);
}

TEST(ChunkRunner, RefusesAFileWithoutAWantedColumn) {
  TestLoad load;
  add_wide_table(load);
  const LoadResult result = load.run(load.file("in.csv", "id,texts,number\n1,a,2\n"), 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->kind, ErrorKind::kUsage);
}

TEST(ChunkRunner, GivesUpWhenStopped) {
  TestLoad load;
  add_wide_table(load);
  load.stop = true;
  const LoadResult result = load.run(load.file("in.csv", many_rows(1000, 2)), 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->kind, ErrorKind::kCheckpointed);
  expect_nothing_staged(load);
}

TEST(ChunkRunner, SaysWhereTheTargetCannotBeWritten) {
  TestLoad load;
  add_wide_table(load);
  std::filesystem::create_directories(load.folder() / "warehouse" / "t");
  std::ofstream(load.folder() / "warehouse" / "t" / "_staging") << "in the way";
  const LoadResult result = load.run(load.file("in.csv", many_rows(10, 2)), 0, config());
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->kind, ErrorKind::kEnvironment);
}

TEST(Scan, FindsTheFirstRecordAtOrAfterEveryCut) {
  TestLoad load;
  add_table(load);
  const std::string content = "id,text\n1,\"a\nb\"\n2,\"\n\n\"\n\n3,c";
  const TaskSegment file = load.file("in.csv", content);
  const std::vector<std::uint64_t> starts = {8, 16, 23, 24};
  ScanTask task{ChunkId(3), SourceId(0), file, {}};
  task.segment.begin = 8;
  std::vector<std::uint64_t> expected;
  for (std::uint64_t cut = 8; cut < content.size(); ++cut) {
    task.cuts.push_back(cut);
    const auto found = std::find_if(starts.begin(), starts.end(), [&](std::uint64_t start) { return start >= cut; });
    expected.push_back(found == starts.end() ? content.size() : *found);
  }
  JobSpec& job = load.job();
  const Warehouse warehouse = Warehouse::open(job.warehouse, true).value();
  const LoadSetup setup;
  ChunkRunner runner(job, warehouse, setup, config());
  const auto report = runner.scan(task, load.stop);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->first_chunk, ChunkId(3));
  EXPECT_EQ(report->starts, expected);
}

}  // namespace
}  // namespace tipple::testing_load
