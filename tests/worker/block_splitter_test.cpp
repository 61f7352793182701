// Reading and splitting alone, without graph and parts, so that every cut can be tried.
#include "worker/block_splitter.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/limits.h"
#include "tests/worker/chunk_corpus.h"
#include "worker/block_convert.h"
#include "worker/block_reader.h"

namespace tipple::testing_load {
namespace {

struct Found {
  std::vector<std::string> records;  // rows as text, rejects as "line:offset rule column"
  RecordRange range;
};

class Splitting {
 public:
  explicit Splitting(const CorpusFile& file)
      : path_(std::filesystem::path(::testing::TempDir()) / ("tipple-split-" + random_id().to_hex())) {
    std::ofstream(path_, std::ios::binary) << file.content;
    job_.sources.emplace_back();
    job_.sources[0].csv = file.dialect;
    table_.from = {SourceId(0)};
    table_.columns = {{Column{"id", parse_data_type("int32").value(), false}, "id", {}, {}},
                      {Column{"text", parse_data_type("string").value(), true}, "text", {}, {}}};
    const FileStat stat = stat_regular_file(path_).value();
    segment_ = TaskSegment{path_.string(), stat.size, stat.mtime_ns, 0, stat.size, {}};
  }
  ~Splitting() { std::filesystem::remove(path_); }

  [[nodiscard]] std::uint64_t size() const { return segment_.size; }

  // One chunk [begin, end).
  Found chunk(std::uint64_t begin, std::uint64_t end, std::optional<std::uint64_t> known_start,
              std::size_t block_bytes) {
    BlockPool pool(block_bytes);
    BlockGauge gauge(1 << 30, 16);
    StageClock clock;
    SourceTables tables{&job_, SourceId(0), {TableId(0)}, {&table_}, {}};
    tables.stages.push_back(TableStage::make(job_, table_, SourceId(0), {}).value());
    SegmentReader segments = SegmentReader::make(std::move(tables), DecodeLimits()).value();
    const BlockCost& cost = segments.cost();
    BlockReader reader(segments, pool, gauge, cost, clock, never_);
    BlockSplitter splitter(pool, gauge, cost, SourceId(0), limits::kRecordBytesMax);
    ChunkTask task{ChunkId(0), 0, SourceId(0), {segment_}, known_start};
    task.segments[0].begin = begin;
    task.segments[0].end = end;
    Found found;
    const Status read = reader.read(
        task, [] { return false; },
        [&](BlockPtr raw) {
          const Status split = splitter.add(std::move(raw), [&](const BlockPtr& block) { convert(*block, found); });
          ASSERT_TRUE(split.ok()) << split.error().to_string();
        });
    EXPECT_TRUE(read.ok()) << read.error().to_string();
    found.range = splitter.range();
    return found;
  }

  // All chunks of the file, chained as the coordinator does.
  std::vector<std::string> load(std::uint64_t chunk_bytes, std::size_t block_bytes) {
    std::vector<std::string> records;
    std::optional<std::uint64_t> expected;
    lines_ = 0;
    for (std::uint64_t b = 0; b == 0 || b < size(); b += chunk_bytes) {
      const std::uint64_t e = std::min(b + chunk_bytes, size());
      Found found = chunk(b, e, std::nullopt, block_bytes);
      const RecordRange& guess = found.range;
      const bool right = !guess.guessed || (*expected >= e ? !guess.any : guess.any && guess.start == *expected);
      if (!right) found = chunk(b, e, expected, block_bytes);
      if (found.range.any && expected) {
        EXPECT_EQ(found.range.start, *expected);
      }
      if (found.range.any || !found.range.guessed) expected = found.range.end;
      lines_ += found.range.lines;
      records.insert(records.end(), found.records.begin(), found.records.end());
    }
    EXPECT_EQ(expected, size());
    return records;
  }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  void convert(const Block& block, Found& found) {
    if (block.last) return;
    const auto batch = convert_block(block, 0, arrow::default_memory_pool());
    ASSERT_TRUE(batch.ok()) << batch.error().to_string();
    for (std::int64_t row = 0; row < batch->batch->num_rows(); ++row) {
      found.records.push_back((*batch->batch->column(0)->GetScalar(row))->ToString() + "|" +
                              (*batch->batch->column(1)->GetScalar(row))->ToString());
    }
    for (const Reject& reject : batch->rejects) {
      found.records.push_back(
          fmt::format("{}:{} {} {}", lines_ + reject.line, reject.offset, reject.rule, reject.column));
    }
  }

  std::filesystem::path path_;
  JobSpec job_;
  TableSpec table_;
  TaskSegment segment_;
  std::uint64_t lines_ = 0;
  const std::atomic<bool> never_{false};
};

class Corpus : public ::testing::TestWithParam<CorpusFile> {};

// Rows and rejects of a block come apart, so cuts are compared as sorted lists.
std::vector<std::string> sorted(std::vector<std::string> records) {
  std::sort(records.begin(), records.end());
  return records;
}

TEST_P(Corpus, EveryChunkSizeGivesWhatOneChunkGives) {
  Splitting splitting(GetParam());
  const auto whole = sorted(splitting.load(std::max<std::uint64_t>(splitting.size(), 1), 1 << 20));
  const std::uint64_t lines = splitting.lines();
  EXPECT_EQ(whole.size(), GetParam().records);
  for (std::uint64_t chunk_bytes = 1; chunk_bytes <= std::min<std::uint64_t>(splitting.size(), 400); ++chunk_bytes) {
    for (const std::size_t block_bytes : {1, 4, 1 << 20}) {
      SCOPED_TRACE(fmt::format("chunks of {}, blocks of {} bytes", chunk_bytes, block_bytes));
      EXPECT_EQ(sorted(splitting.load(chunk_bytes, block_bytes)), whole);
      EXPECT_EQ(splitting.lines(), lines);
      if (HasFailure()) return;
    }
  }
}

TEST_P(Corpus, EveryBlockSizeGivesWhatOneBlockGives) {
  Splitting splitting(GetParam());
  const Found whole = splitting.chunk(0, splitting.size(), std::nullopt, 1 << 20);
  for (std::size_t block_bytes = 1; block_bytes <= std::min<std::size_t>(splitting.size(), 400); ++block_bytes) {
    SCOPED_TRACE(fmt::format("blocks of {} bytes", block_bytes));
    const Found found = splitting.chunk(0, splitting.size(), std::nullopt, block_bytes);
    EXPECT_EQ(sorted(found.records), sorted(whole.records));
    EXPECT_EQ(found.range, whole.range);
    if (HasFailure()) return;
  }
}

// A re-issued chunk is authoritative: from every possible start it takes the records up to the chunk's end and no
// further.
TEST_P(Corpus, KnownStartsChainByteToByte) {
  Splitting splitting(GetParam());
  const Found whole = splitting.chunk(0, splitting.size(), std::nullopt, 1 << 20);
  const std::uint64_t data_begin = whole.range.start;
  for (std::uint64_t cut = data_begin + 1; cut < splitting.size(); ++cut) {
    SCOPED_TRACE(fmt::format("cut at {}", cut));
    const Found first = splitting.chunk(0, cut, std::nullopt, 1 << 20);
    EXPECT_GE(first.range.end, cut);
    const Found second = splitting.chunk(cut, splitting.size(), first.range.end, 1 << 20);
    EXPECT_FALSE(second.range.guessed);
    if (second.range.any) {
      EXPECT_EQ(second.range.start, first.range.end);
    }
    EXPECT_EQ(second.range.end, splitting.size());
    EXPECT_EQ(first.range.lines + second.range.lines, whole.range.lines);
    EXPECT_EQ(first.records.size() + second.records.size(), whole.records.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Corpus, ::testing::ValuesIn(corpus()),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace tipple::testing_load
