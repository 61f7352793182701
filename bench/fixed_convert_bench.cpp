// Fixed-width text to Arrow columns, line index included, against memcpy of the same text in the same run.
//
// Without arguments: Google Benchmark. --ratios: interleaved rounds and one line
//   RATIO <tab> stage <tab> median ratio <tab> what was measured
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/line_workload.h"

namespace tipple {
namespace {

// "padded": numbers to the right, text to the left. "zeros": numbers filled with zeros.
std::string text_of(const std::string& kind, std::size_t row, std::mt19937_64& random) {
  const auto count = static_cast<std::int64_t>(random() % (random() % 2 != 0 ? 100 : 100'000));
  const double x = static_cast<double>(random() % 360'000'000) / 1e6 - 180;
  const std::string id =
      kind == "zeros" ? fmt::format("{:012}", 1'000'000'000 + row) : fmt::format("{:12}", 1'000'000'000 + row);
  return fmt::format("{}{:8}{:12.6f}{:10.{}f}20{:02}-{:02}-{:02} {:02}:{:02}:{:02}{:7}.{:02}{:<8}{:<24}\n", id, count,
                     x, static_cast<double>(random() % 1'000'000) / 1e4, random() % 5, random() % 25, random() % 12 + 1,
                     random() % 28 + 1, random() % 24, random() % 60, random() % 60, random() % 500, random() % 100,
                     std::string("ABCDEFGH").substr(0, random() % 4 + 2),
                     std::string("a note of some length, or less").substr(0, random() % 20 + 1));
}

const bench::LineWorkload& workload_of(const std::string& kind) {
  SourceSpec source;
  source.format = SourceFormat::kFixedWidth;
  source.fixed = {{"id", 0, 12},  {"count", 12, 8},  {"x", 20, 12},   {"y", 32, 10},
                  {"at", 42, 19}, {"price", 61, 10}, {"code", 71, 8}, {"note", 79, 24}};
  const std::vector<ColumnSpec> columns = {
      bench::column_of("id", "int64"),       bench::column_of("count", "int32"),
      bench::column_of("x", "float64"),      bench::column_of("y", "float64"),
      bench::column_of("at", "timestamp"),   bench::column_of("price", "decimal(9,2)"),
      bench::column_of("code", "string(8)"), bench::column_of("note", "string")};
  return bench::workload_of(kind, source, columns, text_of);
}

void print_ratios() { bench::print_line_ratios("Fixed width parse + convert / memcpy", workload_of("padded")); }

void add_benchmarks() {
  for (const char* kind : {"padded", "zeros"}) bench::add_line_benchmarks(kind, workload_of);
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
