// Writing a Parquet part, from slices as the worker has them, against Arrow's own writer of the same rows in one piece,
// in the same run.
//
// Without arguments: Google Benchmark. --ratios: interleaved rounds and the lines
//   RATIO <tab> stage <tab> median ratio <tab> what was measured
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "formats/arrow_types.h"
#include "formats/parquet_part_writer.h"

namespace tipple {
namespace {

using bench::kRounds;
using bench::median;
using bench::seconds_of;
using Batch = std::shared_ptr<arrow::RecordBatch>;

constexpr std::int64_t kGroupRows = 262'144;
constexpr std::int64_t kRows = 2 * kGroupRows;
constexpr std::int64_t kSliceRows = 20'000;

template <typename Builder, typename Next>
std::shared_ptr<arrow::Array> column_of(const Column& column, std::mt19937_64& random, Next next) {
  Builder builder(arrow_type(column.type), arrow::default_memory_pool());
  for (std::int64_t i = 0; i < kRows; ++i) {
    const bool null = column.nullable && random() % 50 == 0;
    TIPPLE_CHECK((null ? builder.AppendNull() : builder.Append(next())).ok(), "memory suffices");
  }
  return builder.Finish().ValueOrDie();
}

// Trips: keys that rise, times, codes that repeat, measures, money and free text.
class Workload {
 public:
  Workload()
      : path_(std::filesystem::temp_directory_path() / fmt::format("parquet-write-bench-{}.parquet", ::getpid())) {
    for (const char* text : {"trip int64", "pickup timestamp", "zone int32", "distance float64?", "fare decimal(9,2)?",
                             "passengers int8?", "vendor string(8)", "note string?"}) {
      const std::string_view spec(text);
      const std::size_t space = spec.find(' ');
      const bool nullable = spec.ends_with('?');
      schema_.push_back({std::string(spec.substr(0, space)),
                         parse_data_type(spec.substr(space + 1, spec.size() - space - 1 - (nullable ? 1 : 0))).value(),
                         nullable});
    }
    std::mt19937_64 random(1);  // fixed rows: runs are compared
    std::int64_t trip = 1'000'000;
    std::int64_t pickup = 1'577'836'800'000'000;
    static const char* const kVendors[] = {"acme", "yellow", "green", "ridesh1"};
    static const char* const kNotes[] = {"", "airport", "paid in cash, no receipt", "see dispatcher"};
    rows_ = arrow::RecordBatch::Make(
        arrow_schema(schema_), kRows,
        {column_of<arrow::Int64Builder>(schema_[0], random, [&] { return trip++; }),
         column_of<arrow::TimestampBuilder>(schema_[1], random,
                                            [&] { return pickup += static_cast<std::int64_t>(random() % 1'400'000); }),
         column_of<arrow::Int32Builder>(schema_[2], random, [&] { return static_cast<std::int32_t>(random() % 265); }),
         column_of<arrow::DoubleBuilder>(schema_[3], random,
                                         [&] { return static_cast<double>(random() % 40'000'000) / 1e6; }),
         column_of<arrow::Decimal128Builder>(
             schema_[4], random, [&] { return arrow::Decimal128(static_cast<std::int64_t>(random() % 9'000)); }),
         column_of<arrow::Int8Builder>(schema_[5], random, [&] { return static_cast<std::int8_t>(1 + random() % 6); }),
         column_of<arrow::StringBuilder>(schema_[6], random, [&] { return std::string(kVendors[random() % 4]); }),
         column_of<arrow::StringBuilder>(schema_[7], random,
                                         [&] { return kNotes[random() % 4] + std::to_string(random() % 1'000'000); })});
    for (std::int64_t first = 0; first < kRows; first += kGroupRows) {
      RowGroup group;
      group.rows = kGroupRows;
      for (std::int64_t at = 0; at < kGroupRows; at += kSliceRows) {
        group.slices.push_back(rows_->Slice(first + at, std::min(kSliceRows, kGroupRows - at)));
      }
      groups_.push_back(std::move(group));
    }
    table_ = arrow::Table::FromRecordBatches({rows_}).ValueOrDie();
  }
  ~Workload() { std::filesystem::remove(path_); }
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  void write_ours(int threads) const {
    std::filesystem::remove(path_);
    tbb::task_arena arena(threads);
    arena.execute([&] {
      auto writer = ParquetPartWriter::create(path_, schema_, Codec::kZstd, {}).value();
      for (const RowGroup& group : groups_) TIPPLE_CHECK(writer.append(group).ok(), "the part can be written");
      TIPPLE_CHECK(writer.close().ok(), "the part can be written");
    });
  }

  void write_arrow(bool threads) const {
    auto sink = arrow::io::FileOutputStream::Open(path_.string()).ValueOrDie();
    const auto properties =
        parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->compression_level(1)->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().set_use_threads(threads)->build();
    TIPPLE_CHECK(parquet::arrow::WriteTable(*table_, arrow::default_memory_pool(), sink, kGroupRows, properties,
                                            arrow_properties)
                         .ok() &&
                     sink->Close().ok(),
                 "the file can be written");
  }

  [[nodiscard]] std::uintmax_t bytes() const { return std::filesystem::file_size(path_); }

 private:
  std::filesystem::path path_;
  Schema schema_;
  Batch rows_;
  std::vector<RowGroup> groups_;
  std::shared_ptr<arrow::Table> table_;
};

template <typename Work>
double elapsed_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void print_ratio_of(const char* stage, const Workload& workload, int threads) {
  std::vector<double> arrows, ours, ratios;
  std::uintmax_t arrow_bytes = 0;
  std::uintmax_t our_bytes = 0;
  const auto seconds = [&](const auto& work) { return threads == 1 ? seconds_of(work) : elapsed_of(work); };
  for (int round = -1; round < kRounds; ++round) {
    const double arrow_seconds = seconds([&] { workload.write_arrow(threads > 1); });
    arrow_bytes = workload.bytes();
    const double our_seconds = seconds([&] { workload.write_ours(threads); });
    our_bytes = workload.bytes();
    if (round < 0) continue;  // warm-up
    arrows.push_back(arrow_seconds);
    ours.push_back(our_seconds);
    ratios.push_back(arrow_seconds / our_seconds);
  }
  const double millions = static_cast<double>(kRows) / 1e6;
  bench::print_ratio(stage, median(ratios),
                     fmt::format("{:.2f} M rows/s to {} bytes, bare Arrow {:.2f} M rows/s to {} bytes",
                                 millions / median(ours), our_bytes, millions / median(arrows), arrow_bytes));
}

void print_ratios() {
  const Workload workload;
  print_ratio_of("Parquet write / bare Arrow", workload, 1);
  print_ratio_of("Parquet write, 2 threads / Arrow's threads", workload, 2);
}

const Workload& shared_workload() {
  static const Workload workload;
  return workload;
}

void add_benchmarks() {
  benchmark::RegisterBenchmark("write_part/ours",
                               [](benchmark::State& state) {
                                 for (auto _ : state) shared_workload().write_ours(static_cast<int>(state.range(0)));
                                 state.SetItemsProcessed(state.iterations() * kRows);
                               })
      ->Arg(1)
      ->Arg(2)
      ->UseRealTime();
  benchmark::RegisterBenchmark("write_part/arrow",
                               [](benchmark::State& state) {
                                 for (auto _ : state) shared_workload().write_arrow(state.range(0) > 1);
                                 state.SetItemsProcessed(state.iterations() * kRows);
                               })
      ->Arg(1)
      ->Arg(2)
      ->UseRealTime();
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
