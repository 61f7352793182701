// CSV text to Arrow columns, index included, against memcpy of the same text in the same run.
//
// Without arguments: Google Benchmark, whole tables and each column type alone. --ratios: interleaved rounds and one
// line
//   RATIO <tab> stage <tab> median ratio <tab> what was measured
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "bench/measure.h"
#include "formats/csv_convert.h"

namespace tipple {
namespace {

using bench::kRounds;
using bench::median;
using bench::seconds_of;

constexpr std::size_t kTextBytes = 64 << 20;  // far out of cache, as a chunk is
constexpr std::size_t kBlockBytes = 1 << 18;

const std::vector<std::pair<std::string, std::string>> kColumns = {
    {"id", "int64"},     {"count", "int32"},        {"x", "float64"},      {"y", "float64"},
    {"at", "timestamp"}, {"price", "decimal(9,2)"}, {"code", "string(8)"}, {"note", "string"}};

std::string field_of(const std::string& name, std::size_t row, std::mt19937_64& random) {
  if (name == "id") return fmt::format("{}", 1'000'000'000 + row);
  if (name == "count") return fmt::format("{}", random() % (random() % 2 != 0 ? 100 : 100'000));
  if (name == "x") return fmt::format("{:.6f}", static_cast<double>(random() % 360'000'000) / 1e6 - 180);
  if (name == "y") return fmt::format("{:.{}f}", static_cast<double>(random() % 1'000'000) / 1e4, random() % 5);
  if (name == "at") {
    return fmt::format("20{:02}-{:02}-{:02} {:02}:{:02}:{:02}", random() % 25, random() % 12 + 1, random() % 28 + 1,
                       random() % 24, random() % 60, random() % 60);
  }
  if (name == "price") return fmt::format("{}.{:02}", random() % 500, random() % 100);
  if (name == "code") return fmt::format("{}", std::string("ABCDEFGH").substr(0, random() % 4 + 2));
  const std::string note = std::string("a note of some length, or less").substr(0, random() % 20 + 1);
  if (random() % 10 != 0) return note;
  return random() % 10 == 0 ? "\"" + note + ",\n \"\"more\"\"\"" : "\"" + note + "\"";
}

// kTextBytes of records with `columns`, and what converts them.
struct Workload {
  std::string text;
  std::vector<ColumnSpec> specs;
  std::unique_ptr<CsvConverter> converter;
  std::unique_ptr<CsvIndexer> indexer;

  explicit Workload(const std::vector<std::pair<std::string, std::string>>& columns) {
    std::mt19937_64 random(1);  // a fixed text: runs are compared
    text.reserve(kTextBytes + kBlockBytes);
    for (std::size_t row = 0; text.size() < kTextBytes; ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i)
        text += field_of(columns[i].first, row, random) + (i + 1 < columns.size() ? "," : "\n");
    }
    std::vector<std::uint32_t> positions;
    for (const auto& [name, type] : columns) {
      positions.push_back(static_cast<std::uint32_t>(specs.size()));
      specs.push_back({Column{name, parse_data_type(type).value(), true}, name, {}, {}});
    }
    indexer = std::make_unique<CsvIndexer>(CsvDialect{}, static_cast<std::uint32_t>(columns.size()));
    converter = std::make_unique<CsvConverter>(CsvConverter::make(CsvDialect{}, specs, positions, false).value());
    text.append(64, '\0');  // the readable bytes past the last block
  }

  [[nodiscard]] std::size_t size() const { return text.size() - 64; }

  // Rows, or with `convert` off the index alone.
  std::uint64_t run(bool convert) const {
    const std::span<const char> all(text.data(), size());
    CsvIndex index;
    std::uint64_t rows = 0;
    for (std::size_t at = 0; at < all.size();) {
      const std::span<const char> block = all.subspan(at, std::min(kBlockBytes, all.size() - at));
      const CsvIndexer::Split split = indexer->index(block, at + block.size() == all.size(), index);
      at += split.whole;
      rows += index.record_count();
      if (!convert) continue;
      const auto batch =
          converter->convert(block.first(split.whole), index, {}, split.open_quote, arrow::default_memory_pool());
      TIPPLE_CHECK(batch.ok() && batch->rejects.empty(), "the benchmark's text is good");
      benchmark::DoNotOptimize(batch->batch.get());
    }
    return rows;
  }
};

void print_ratios() {
  const Workload workload(kColumns);
  bench::print_convert_ratio("CSV parse + convert / memcpy", {workload.text.data(), workload.size()}, workload);
}

// Made when first asked for: a filter then costs only its own.
const Workload& workload_of(const std::string& name) {
  static std::map<std::string, Workload> workloads;
  const auto found = workloads.find(name);
  if (found != workloads.end()) return found->second;
  std::vector<std::pair<std::string, std::string>> columns = kColumns;
  if (name == "code_enum") {
    columns.assign(2, {"code", "enum(AB,ABC,ABCD,ABCDE)"});
  } else if (name != "mixed") {
    columns.assign(
        2, *std::find_if(kColumns.begin(), kColumns.end(), [&](const auto& column) { return column.first == name; }));
  }
  return workloads.emplace(name, columns).first->second;
}

void convert_workload(benchmark::State& state, const std::string& name, bool convert) {
  const Workload& workload = workload_of(name);
  std::uint64_t rows = 0;
  for (auto _ : state) rows += workload.run(convert);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(workload.size()));
  state.counters["ns_per_row"] =
      benchmark::Counter(static_cast<double>(rows) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void add_benchmarks() {
  for (const char* name : {"mixed", "id", "count", "x", "y", "at", "price", "code", "code_enum", "note"}) {
    benchmark::RegisterBenchmark((std::string("Index/") + name).c_str(), convert_workload, name, false);
    benchmark::RegisterBenchmark((std::string("Convert/") + name).c_str(), convert_workload, name, true);
  }
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
