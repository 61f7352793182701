// CSV index and boundary scan against memcpy, in and out of cache. Ratios in one run count; absolute figures do not.
// Counters `bytes_per_second` of the same size are to be divided: `Index/<kernel>/<text>/<size>` by `Memcpy/<size>`.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "bench/measure.h"
#include "formats/csv_index.h"

namespace tipple {
namespace {

constexpr std::size_t kBlockBytes = 1 << 20;
constexpr std::size_t kInCacheBytes = 1 << 20;
constexpr std::size_t kOutOfCacheBytes = 64 << 20;
constexpr std::uint32_t kFields = 8;

// What share of the first of eight fields is quoted, and with what inside.
enum class Text { kPlain, kSomeQuoted, kAllQuoted, kOddQuotes };
constexpr const char* kTextNames[] = {"plain", "some_quoted", "all_quoted", "odd_quotes"};

const std::string& text_of(Text kind) {
  static std::map<Text, std::string> texts;
  std::string& text = texts[kind];
  if (!text.empty()) return text;
  std::mt19937 random(1);  // a fixed text: runs are compared
  text.reserve(kOutOfCacheBytes + 1024);
  while (text.size() < kOutOfCacheBytes) {
    const unsigned pick = random();
    for (std::uint32_t field = 0; field < kFields; ++field) {
      if (field > 0) text += ',';
      const bool quoted = kind == Text::kAllQuoted || (kind == Text::kSomeQuoted && field == 0 && pick % 4 == 0);
      if (quoted) text += '"';
      text += std::to_string(random() % 10'000'000);
      if (quoted && pick % 16 == 0) text += "\n\"\"x\"\", y";
      if (quoted) text += '"';
      if (kind == Text::kOddQuotes && field == 0 && pick % 4 == 0) text += "\" wide";
    }
    text += '\n';
  }
  return text;
}

// Whole records, so that the block is uniform as a chunk's blocks are.
std::string_view records_of(Text kind, std::size_t bytes) {
  const std::string_view text = std::string_view(text_of(kind)).substr(0, bytes);
  CsvIndex index;
  return text.substr(0, CsvIndexer(CsvDialect{}, kFields).index(text, false, index).whole);
}

void memcpy_bytes(benchmark::State& state, std::size_t bytes) {
  const std::string& text = text_of(Text::kPlain);
  const auto to = std::make_unique<char[]>(bytes);
  for (auto _ : state) {
    std::memcpy(to.get(), text.data(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void index_text(benchmark::State& state, std::string_view kernel, Text kind, std::size_t bytes) {
  force_csv_kernel(kernel);
  const std::string_view text = records_of(kind, bytes);
  const CsvIndexer indexer(CsvDialect{}, kFields);
  CsvIndex index;
  for (auto _ : state) {
    for (std::size_t at = 0; at < text.size();) {
      const auto split = indexer.index(text.substr(at, kBlockBytes), at + kBlockBytes >= text.size(), index);
      benchmark::DoNotOptimize(index.field_ends().data());
      at += split.whole;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  force_csv_kernel({});
}

void scan_text(benchmark::State& state, std::string_view kernel, Text kind, std::size_t bytes) {
  force_csv_kernel(kernel);
  const std::string_view text = records_of(kind, bytes);
  for (auto _ : state) {
    CsvBoundaryScanner scanner{CsvDialect{}};
    benchmark::DoNotOptimize(scanner.scan(text, text.size() - 1));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  force_csv_kernel({});
}

void add_benchmarks() {
  for (const std::size_t bytes : {kInCacheBytes, kOutOfCacheBytes}) {
    const std::string size = "/" + std::to_string(bytes >> 20) + "MiB";
    benchmark::RegisterBenchmark(("Memcpy" + size).c_str(), memcpy_bytes, bytes);
    for (const std::string_view kernel : csv_kernels()) {
      for (const Text kind : {Text::kPlain, Text::kSomeQuoted, Text::kAllQuoted, Text::kOddQuotes}) {
        const std::string name = "/" + std::string(kernel) + "/" + kTextNames[static_cast<int>(kind)] + size;
        benchmark::RegisterBenchmark(("Scan" + name).c_str(), scan_text, kernel, kind, bytes);
        benchmark::RegisterBenchmark(("Index" + name).c_str(), index_text, kernel, kind, bytes);
      }
    }
  }
}

// The figure of docs/performance.md: text with some quoted fields, out of cache, the best kernel.
void print_ratios() {
  const std::string_view text = records_of(Text::kSomeQuoted, kOutOfCacheBytes);
  const auto copy = std::make_unique<char[]>(text.size());
  std::vector<double> memcpys, scans, ratios;
  for (int round = -1; round < bench::kRounds; ++round) {
    const double memcpy_seconds = bench::seconds_of([&] {
      std::memcpy(copy.get(), text.data(), text.size());
      benchmark::ClobberMemory();
    });
    const double scan_seconds = bench::seconds_of([&] {
      CsvBoundaryScanner scanner{CsvDialect{}};
      benchmark::DoNotOptimize(scanner.scan(text, text.size() - 1));
    });
    if (round < 0) continue;  // warm-up
    memcpys.push_back(memcpy_seconds);
    scans.push_back(scan_seconds);
    ratios.push_back(memcpy_seconds / scan_seconds);
  }
  const double gigabytes = static_cast<double>(text.size()) / 1e9;
  char detail[128];
  std::snprintf(detail, sizeof detail, "scan %.1f GB/s, memcpy %.1f GB/s, kernel %s", gigabytes / bench::median(scans),
                gigabytes / bench::median(memcpys), std::string(csv_kernels().front()).c_str());
  bench::print_ratio("boundary scan / memcpy", bench::median(ratios), detail);
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
