// A load up to the point where it is published: real parts staged by a ChunkRunner, journals through open_attempt.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>
#include <vector>

#include "coordinator/journal.h"
#include "partitioner/chunk_plan.h"
#include "tests/warehouse/sample_table.h"
#include "worker/chunk_runner.h"
#include "worker/publisher.h"

namespace tipple {

// Two tables, `all` and `ids`, from one source of CSV files with the columns id and note; both allow `rejects_max`
// rejects.
inline JobSpec two_table_job(const fs::path& folder, std::uint64_t rejects_max = 0) {
  JobSpec job;
  job.name = "sample";
  job.folder = folder;
  job.warehouse = folder / "warehouse";
  SourceSpec source;
  source.name = "in";
  source.paths = {"*.csv"};
  job.sources.push_back(std::move(source));
  job.chunk_bytes = 64;
  job.modes = {{"full", WriteMode::kReplace}, {"more", WriteMode::kAppend}};
  for (const char* name : {"all", "ids"}) {
    TableSpec table;
    table.name = name;
    table.from = {SourceId(0)};
    table.columns.push_back({{"id", type("int64"), false}, "id", {}, {}});
    if (table.name == "all") table.columns.push_back({{"note", type("string"), true}, "note", {}, {}});
    table.rejects.max_rows = rejects_max;
    job.tables.push_back(std::move(table));
  }
  return job;
}

// id,note lines first..first+count-1; some notes hold a line end.
inline std::string sample_csv(int first, int count) {
  std::string text = "id,note\n";
  for (int i = first; i < first + count; ++i) {
    text += std::to_string(i) +
            (i % 4 == 0   ? ","
             : i % 4 == 1 ? ",\"two\nlines\""
                          : ",note " + std::to_string(i)) +
            "\n";
  }
  return text;
}

class StagedLoad {
 public:
  explicit StagedLoad(JobSpec job, LoadId load = random_id())
      : job_(std::move(job)), warehouse_(Warehouse::open(job_.warehouse, true).value()) {
    setup_.load = load;
    setup_.mode = "full";
  }

  void add_file(const std::string& name, const std::string& content) {
    const fs::path path = job_.folder / name;
    std::ofstream(path, std::ios::binary) << content;
    const FileStat stat = stat_regular_file(path).value();
    if (inputs_.empty()) inputs_.push_back({SourceId(0), {}});
    inputs_[0].extents.push_back({path.string(), stat.size, stat.mtime_ns, true});
  }

  // One attempt that loads the chunks [begin, end) and journals them.
  void attempt(std::size_t begin, std::size_t end) {
    const ChunkPlan plan = plan_chunks(inputs_, job_.chunk_bytes);
    setup_.attempt = random_id();
    auto opened = open_attempt(warehouse_.load_folder(setup_.load), setup_.load);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    setup_.attempt_number = opened->attempt_number;
    JournalWriter& journal = *opened->writer;
    ASSERT_TRUE(journal.append(JournalOpened{setup_, plan.chunks.size(), 1, "host", 1, ""}).ok());
    if (begin == 0) {
      for (const SourceExtents& source : inputs_)
        ASSERT_TRUE(journal.append(JournalInputs{source.source, source.extents}).ok());
    }
    RunnerConfig config;
    config.memory_bytes = 64 << 20;
    ChunkRunner runner(job_, warehouse_, setup_, config);
    for (std::size_t i = begin; i < std::min(end, plan.chunks.size()); ++i) {
      run(runner, plan, plan.chunks[i], journal);
      if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_TRUE(journal.sync().ok());
  }
  void attempt_all() { attempt(0, SIZE_MAX); }

  PublishReport publish() const { return publish_load(job_, warehouse_, setup_); }
  [[nodiscard]] LoadState state() const { return read_journals(warehouse_.load_folder(setup_.load)).value(); }

  JobSpec& job() { return job_; }
  LoadSetup& setup() { return setup_; }
  [[nodiscard]] const Warehouse& warehouse() const { return warehouse_; }
  [[nodiscard]] std::vector<fs::path> staged_files() const {
    std::vector<fs::path> files;
    for (const TableSpec& table : job_.tables) {
      std::error_code ignored;
      for (const auto& entry :
           fs::recursive_directory_iterator(warehouse_.table_folder(table.name) / "_staging", ignored)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    }
    return files;
  }

 private:
  void run(ChunkRunner& runner, const ChunkPlan& plan, const Chunk& chunk, JournalWriter& journal) {
    ChunkTask task{chunk.id, 0, chunk.source, {}, std::nullopt};
    for (const Segment& segment : chunk.segments) {
      const Extent& extent = plan.sources[0].extents[segment.extent];
      task.segments.push_back({extent.path, extent.size, extent.mtime_ns, segment.begin, segment.end});
    }
    if (chunk.segments[0].begin > 0) task.known_start = expected_;
    const std::atomic<bool> stop{false};
    auto unfinished = runner.run(task, stop);
    ASSERT_TRUE(unfinished.ok()) << unfinished.error().to_string();
    const auto report = std::move(unfinished).value().finish();
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    expected_ = report->range.end;
    ASSERT_TRUE(journal.append(JournalAccepted{*report}).ok());
  }

  JobSpec job_;
  Warehouse warehouse_;
  LoadSetup setup_;
  std::vector<SourceExtents> inputs_;
  std::uint64_t expected_ = 0;  // where the next chunk's first record starts
};

}  // namespace tipple
