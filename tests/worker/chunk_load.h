// A tiny load for tests: files cut into chunks, a ChunkRunner, and a coordinator of ten lines that checks the chain of
// record boundaries and issues a chunk again when its guess was wrong.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"
#include "formats/hdf5_part_reader.h"
#include "formats/parquet_part_reader.h"
#include "formats/reject_file.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"
#include "worker/chunk_runner.h"

namespace tipple::testing_load {

struct FoundReject {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;  // from 1, in the file
  std::string column;
  std::string rule;
  friend bool operator==(const FoundReject&, const FoundReject&) = default;
  friend void PrintTo(const FoundReject& reject, std::ostream* out) {
    *out << reject.path << ':' << reject.line << " byte " << reject.offset << ' ' << reject.column << ' '
         << reject.rule;
  }
};

struct TableRows {
  std::vector<std::string> rows;  // in input order, as text
  std::vector<FoundReject> rejects;
  RowAccount account;
  Id128 digest;
  std::vector<std::string> sha256;  // of the parts, in chunk order
};

struct LoadResult {
  std::vector<TableRows> tables;
  std::vector<ChunkReport> reports;
  std::uint32_t issued_again = 0;
  std::optional<Error> error;
  RunnerMemory memory;
};

inline Column column(const std::string& name, const std::string& type, bool nullable = false) {
  return Column{name, parse_data_type(type).value(), nullable};
}

// A job with one source, and tables of it.
class TestLoad {
 public:
  explicit TestLoad(CsvDialect dialect = {}) {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("tipple-load-" + random_id().to_hex());
    std::filesystem::create_directories(folder_);
    job_.name = "test";
    job_.folder = folder_;
    job_.warehouse = folder_ / "warehouse";
    SourceSpec source;
    source.name = "in";
    source.paths = {"*.csv"};
    source.csv = std::move(dialect);
    job_.sources.push_back(std::move(source));
  }
  ~TestLoad() { std::filesystem::remove_all(folder_); }

  TestLoad& table(const std::string& name, const std::vector<Column>& columns) {
    TableSpec spec;
    spec.name = name;
    spec.from = {SourceId(0)};
    for (const Column& one : columns) spec.columns.push_back({one, one.name, {}, {}});
    job_.tables.push_back(std::move(spec));
    return *this;
  }
  JobSpec& job() { return job_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // A file and the segment that is the whole of it.
  TaskSegment file(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return listed(name);
  }
  // The same of a file that is there already.
  [[nodiscard]] TaskSegment listed(const std::string& name) const {
    const auto path = folder_ / name;
    const FileStat stat = stat_regular_file(path).value();
    return TaskSegment{path.string(), stat.size, stat.mtime_ns, 0, stat.size, {}};
  }

  // Chunks of `chunk_bytes` of one file; 0: the file is one chunk.
  LoadResult run(const TaskSegment& file, std::uint64_t chunk_bytes, const RunnerConfig& config) {
    begin(config);
    const std::uint64_t step = chunk_bytes == 0 ? std::max<std::uint64_t>(file.size, 1) : chunk_bytes;
    std::optional<std::uint64_t> expected;  // where the next record must start
    std::uint64_t lines = 0;
    std::uint32_t id = 0;
    for (std::uint64_t b = 0; b == 0 || b < file.size; b += step, ++id) {
      ChunkTask task{ChunkId(id), 0, SourceId(0), {file}, std::nullopt};
      task.segments[0].begin = b;
      task.segments[0].end = std::min(b + step, file.size);
      auto report = run_task(task);
      if (!report) return std::move(result_);
      if (report->range.guessed && !chains(report->range, *expected, task.segments[0].end)) {
        task.issue = 1;
        task.known_start = expected;
        ++result_.issued_again;
        report = run_task(task);
        if (!report) return std::move(result_);
        EXPECT_FALSE(report->range.guessed);
      }
      if (expected && report->range.any) {
        EXPECT_EQ(report->range.start, *expected) << "chunk " << id;
      }
      take(*report, lines);
      lines += report->range.lines;
      if (report->range.any || !report->range.guessed) expected = report->range.end;
    }
    EXPECT_EQ(*expected, file.size) << "the chunks do not tile the file";
    return end();
  }

  // One chunk of whole files.
  LoadResult run_pack(const std::vector<TaskSegment>& files, const RunnerConfig& config) {
    begin(config);
    if (const auto report = run_task(ChunkTask{ChunkId(0), 0, SourceId(0), files, std::nullopt})) take(*report, 0);
    return end();
  }

  std::atomic<bool> stop{false};
  [[nodiscard]] const LoadSetup& setup() const { return setup_; }
  // LoadSetup::lookups of the next load.
  void lookups(std::vector<SourceExtents> files) { lookups_ = std::move(files); }

 private:
  void begin(const RunnerConfig& config) {
    result_ = {};
    result_.tables.resize(job_.tables.size());
    setup_ = LoadSetup{};
    setup_.lookups = lookups_;
    setup_.load = Id128{1, 2};
    setup_.attempt = random_id();
    warehouse_ = std::make_unique<Warehouse>(Warehouse::open(job_.warehouse, true).value());
    runner_ = std::make_unique<ChunkRunner>(job_, *warehouse_, setup_, config);
  }

  LoadResult end() {
    result_.memory = runner_->memory();
    return std::move(result_);
  }

  static bool chains(const RecordRange& range, std::uint64_t expected, std::uint64_t end) {
    return expected >= end ? !range.any : range.any && range.start == expected;
  }

  std::optional<ChunkReport> run_task(const ChunkTask& task) {
    auto unfinished = runner_->run(task, stop);
    if (!unfinished.ok()) {
      result_.error = unfinished.error();
      return std::nullopt;
    }
    auto report = std::move(unfinished).value().finish();
    if (!report.ok()) {
      result_.error = report.error();
      return std::nullopt;
    }
    return std::move(report).value();
  }

  void take(const ChunkReport& report, std::uint64_t lines) {
    result_.reports.push_back(report);
    for (const TableReport& table : report.tables) {
      TableRows& rows = result_.tables[table.table.value()];
      EXPECT_TRUE(table.rows.balanced());
      rows.account += table.rows;
      if (table.part) take_part(*table.part, rows);
      EXPECT_EQ(table.part ? table.part->rows : 0, table.rows.rows_out);
      EXPECT_EQ(table.rejects.has_value(), table.rows.rejected > 0);
      if (!table.rejects) continue;
      const Status read = read_reject_file(job_.warehouse / *table.rejects, [&](const std::vector<Reject>& rejects) {
        for (const Reject& reject : rejects) {
          rows.rejects.push_back({std::filesystem::path(reject.path).filename().string(), reject.offset,
                                  1 + lines + reject.line, reject.column, reject.rule});
        }
        return Status();
      });
      EXPECT_TRUE(read.ok()) << read.error().to_string();
    }
  }

  void take_part(const StagedPart& part, TableRows& rows) {
    rows.sha256.push_back(to_hex(part.sha256));
    rows.digest = add(rows.digest, part.content_digest);
    if (part.path.ends_with(".parquet")) {
      take_rows(ParquetPartReader::open(job_.warehouse / part.path), part, rows);
    } else {
      take_rows(Hdf5PartReader::open(job_.warehouse / part.path), part, rows);
    }
  }

  template <typename Reader>
  static void take_rows(Result<Reader> reader, const StagedPart& part, TableRows& rows) {
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    EXPECT_EQ(reader->rows(), part.rows);
    for (std::uint64_t group = 0; group < reader->row_groups(); ++group) {
      const auto batch = reader->read_row_group(group);
      ASSERT_TRUE(batch.ok()) << batch.error().to_string();
      for (std::int64_t row = 0; row < (*batch)->num_rows(); ++row) {
        std::string text;
        for (int i = 0; i < (*batch)->num_columns(); ++i) {
          text += (i > 0 ? "|" : "") + (*(*batch)->column(i)->GetScalar(row))->ToString();
        }
        rows.rows.push_back(std::move(text));
      }
    }
  }

  std::filesystem::path folder_;
  JobSpec job_;
  LoadSetup setup_;
  std::vector<SourceExtents> lookups_;
  std::unique_ptr<Warehouse> warehouse_;
  std::unique_ptr<ChunkRunner> runner_;
  LoadResult result_;
};

}  // namespace tipple::testing_load
