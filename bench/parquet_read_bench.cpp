// A Parquet file as batches of a table, conversion included, against Arrow's own reader of the same row groups in the
// same run.
//
// Without arguments: Google Benchmark. --ratios: interleaved rounds and one line
//   RATIO <tab> stage <tab> median ratio <tab> what was measured
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include "bench/measure.h"
#include "formats/batch_source.h"
#include "formats/parquet_source.h"

namespace tipple {
namespace {

using bench::kRounds;
using bench::median;
using bench::seconds_of;

constexpr std::int64_t kRows = 1 << 20;
constexpr std::int64_t kGroupRows = 1 << 17;

std::shared_ptr<arrow::Table> make_rows() {
  std::mt19937_64 random(1);  // a fixed file: runs are compared
  arrow::Int64Builder ids;
  arrow::Int32Builder counts;
  arrow::DoubleBuilder values;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  arrow::StringBuilder codes;
  arrow::StringBuilder notes;
  arrow::Status status;
  for (std::int64_t row = 0; row < kRows; ++row) {
    status &= ids.Append(1'000'000'000 + row);
    status &= random() % 10 == 0 ? counts.AppendNull() : counts.Append(static_cast<std::int32_t>(random() % 100'000));
    status &= values.Append(static_cast<double>(random() % 360'000'000) / 1e6);
    status &= times.Append(static_cast<std::int64_t>(1'700'000'000 + random() % 10'000'000) * 1'000'000);
    status &= codes.Append(std::string("ABCDEFGH").substr(0, random() % 4 + 2));
    status &= notes.Append(fmt::format("a note of its own, {}", random() % 1'000'000'000));
  }
  TIPPLE_CHECK(status.ok(), "memory suffices");
  arrow::FieldVector fields = {
      arrow::field("id", arrow::int64(), false),  arrow::field("count", arrow::int32()),
      arrow::field("x", arrow::float64(), false), arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO), false),
      arrow::field("code", arrow::utf8(), false), arrow::field("note", arrow::utf8(), false)};
  return arrow::Table::Make(arrow::schema(std::move(fields)),
                            {ids.Finish().ValueOrDie(), counts.Finish().ValueOrDie(), values.Finish().ValueOrDie(),
                             times.Finish().ValueOrDie(), codes.Finish().ValueOrDie(), notes.Finish().ValueOrDie()});
}

// A file of kRows rows, removed at the end, and the table that it is loaded into.
class Workload {
 public:
  Workload()
      : path_((std::filesystem::temp_directory_path() / fmt::format("parquet-read-bench-{}.parquet", ::getpid()))
                  .string()) {
    auto sink = arrow::io::FileOutputStream::Open(path_).ValueOrDie();
    const auto properties =
        parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->compression_level(1)->build();
    TIPPLE_CHECK(
        parquet::arrow::WriteTable(*make_rows(), arrow::default_memory_pool(), sink, kGroupRows, properties).ok() &&
            sink->Close().ok(),
        "the file can be written");
    for (const char* text : {"id int64", "count int32", "x float64", "at timestamp", "code string(8)", "note string"}) {
      const std::string name(text, std::string_view(text).find(' '));
      table_.columns.push_back(
          {Column{name, parse_data_type(std::string_view(text).substr(name.size() + 1)).value(), name == "count"},
           name,
           {},
           {}});
    }
  }
  ~Workload() { std::filesystem::remove(path_); }
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  std::int64_t read_ours() const {
    const auto source = open_parquet_source(path_).value();
    const auto converter = BatchConverter::make(*source->schema(), table_, path_).value();
    std::int64_t rows = 0;
    for (const BatchStretch& stretch : source->stretches(0, ~std::uint64_t{0}, 0)) {
      const auto batch = source->read(stretch, converter->columns(), arrow::default_memory_pool()).value();
      const auto converted = converter->convert(*batch, stretch.first_row, path_, arrow::default_memory_pool()).value();
      rows += converted.batch->num_rows();
    }
    return rows;
  }

  std::int64_t read_arrow() const {
    auto file = arrow::io::ReadableFile::Open(path_).ValueOrDie();
    parquet::arrow::FileReaderBuilder builder;
    TIPPLE_CHECK(builder.Open(file).ok(), "the file can be read");
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);  // reads on this thread, whose time is measured, and not on Arrow's
    builder.properties(properties);
    const auto reader = builder.Build().ValueOrDie();
    std::int64_t rows = 0;
    for (int group = 0; group < reader->num_row_groups(); ++group)
      rows += reader->ReadRowGroup(group).ValueOrDie()->num_rows();
    return rows;
  }

  std::uintmax_t bytes() const { return std::filesystem::file_size(path_); }

 private:
  std::string path_;
  BoundTable table_;
};

void print_ratios() {
  const Workload workload;
  std::vector<double> arrows, ours, ratios;
  for (int round = -1; round < kRounds; ++round) {
    const double arrow_seconds = seconds_of([&] { TIPPLE_CHECK(workload.read_arrow() == kRows, "all rows"); });
    const double our_seconds = seconds_of([&] { TIPPLE_CHECK(workload.read_ours() == kRows, "all rows"); });
    if (round < 0) continue;  // warm-up
    arrows.push_back(arrow_seconds);
    ours.push_back(our_seconds);
    ratios.push_back(arrow_seconds / our_seconds);
  }
  const double millions = static_cast<double>(kRows) / 1e6;
  bench::print_ratio("Parquet read / bare Arrow", median(ratios),
                     fmt::format("read and converted {:.2f} M rows/s, bare Arrow {:.2f} M rows/s, {} bytes of file",
                                 millions / median(ours), millions / median(arrows), workload.bytes()));
}

const Workload& shared_workload() {
  static const Workload workload;
  return workload;
}

void add_benchmarks() {
  benchmark::RegisterBenchmark("Ours", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(shared_workload().read_ours());
    state.SetItemsProcessed(state.iterations() * kRows);
  });
  benchmark::RegisterBenchmark("Arrow", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(shared_workload().read_arrow());
    state.SetItemsProcessed(state.iterations() * kRows);
  });
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
