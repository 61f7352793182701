// Exact inference over a whole CSV file, against the scan of a load over the same bytes (index and conversion with the
// types that were found): `init` may take twice as long. One thread each.
#include <cstdio>
#include <filesystem>
#include <random>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/limits.h"
#include "bench/measure.h"
#include "formats/infer_input.h"
#include "formats/infer_schema.h"
#include "formats/record_format.h"

namespace tipple::bench {
namespace {

constexpr std::size_t kTextBytes = 32 * limits::kMiB;
constexpr std::size_t kBlockBytes = 2 * limits::kMiB;

// Trips as a taxi company has them: numbers, dates, labels, some text.
std::string trips_text() {
  std::mt19937_64 random(1);
  std::string text = "trip_id,pickup_at,day,passengers,fare,distance,payment,zone,note\n";
  for (std::uint64_t row = 0; text.size() < kTextBytes; ++row) {
    const auto below = [&random](std::uint64_t n) { return random() % n; };
    text += fmt::format("{},2024-{:02}-{:02} {:02}:{:02}:{:02},2024-03-{:02},{},{}.{:02},{}.{},{},{},{}\n", row,
                        1 + below(12), 1 + below(28), below(24), below(60), below(60), 1 + below(31), 1 + below(6),
                        below(300), below(100), below(90), below(1000000), below(3) == 0 ? "cash" : "card",
                        1 + below(260), below(4) == 0 ? "\"left, at the corner\"" : "ok");
  }
  return text;
}

class Workload {
 public:
  Workload() : folder_(std::filesystem::temp_directory_path() / ("infer-bench-" + random_id().to_hex())) {
    TIPPLE_CHECK(create_folders(folder_).ok(), "the temporary folder can be written");
    const fs::path path = folder_ / "trips.csv";
    text_ = trips_text();
    TIPPLE_CHECK(write_file_synced(path, text_).ok(), "the temporary folder can be written");
    size_ = text_.size();
    text_.append(64, '\0');
    const FileStat stat = stat_regular_file(path).value();
    file_ = {path.string(), stat.size, stat.mtime_ns, {}};
    columns_ = columns_of(infer_input(source_, {&file_, 1}, {}).value().fields);
    format_ = make_record_format(source_).value();
    const FileHead head = format_->read_head({text_.data(), size_}, true, "bench").value();
    data_begin_ = head.data_begin;
    BoundTable table;
    table.columns = columns_;
    binding_ = format_->bind(head, {table}, "bench").value();
  }
  ~Workload() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::size_t bytes() const { return size_; }
  void infer() const {
    const auto found = infer_input(source_, {&file_, 1}, {});
    TIPPLE_CHECK(found.ok() && found->bad_records == 0, "the benchmark's text is good");
  }
  void load_scan() const {
    const auto index = binding_->make_index();
    for (std::size_t at = data_begin_; at < size_;) {
      const std::span<const char> block(text_.data() + at, std::min(kBlockBytes, size_ - at));
      const RecordBinding::Split split = binding_->split(block, at + block.size() == size_, *index);
      const auto batch =
          binding_->convert(0, block.first(split.whole), *index, {}, false, arrow::default_memory_pool());
      TIPPLE_CHECK(batch.ok() && batch->rejects.empty(), "the inferred types hold every value");
      at += split.whole;
    }
  }

 private:
  fs::path folder_;
  std::string text_;
  std::size_t size_ = 0;
  std::size_t data_begin_ = 0;
  SourceSpec source_;
  ByteSourceFile file_;
  std::vector<ColumnSpec> columns_;
  std::unique_ptr<RecordFormat> format_;
  std::unique_ptr<RecordBinding> binding_;
};

void print_ratios() {
  const Workload workload;
  std::vector<double> ratios;
  std::vector<double> speeds;
  for (int round = 0; round <= kRounds; ++round) {
    const double infer = seconds_of([&] { workload.infer(); });
    const double load = seconds_of([&] { workload.load_scan(); });
    if (round == 0) continue;
    ratios.push_back(load / infer);
    speeds.push_back(static_cast<double>(workload.bytes()) / infer / 1e6);
  }
  print_ratio("infer / load scan", median(ratios), fmt::format("{:.0f} MB/s a core, reading included", median(speeds)));
}

void add_benchmarks() {
  static const Workload workload;
  benchmark::RegisterBenchmark("infer", [](benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state) workload.infer();
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * workload.bytes()));
  });
}

}  // namespace
}  // namespace tipple::bench

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::bench::print_ratios, tipple::bench::add_benchmarks);
}
