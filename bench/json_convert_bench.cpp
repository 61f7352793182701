// JSON lines with a known schema to Arrow columns, line index included, against memcpy of the same text in the same
// run.
//
// Without arguments: Google Benchmark, by kind of record. --ratios: interleaved rounds and one line
//   RATIO <tab> stage <tab> median ratio <tab> what was measured
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/line_workload.h"

namespace tipple {
namespace {

std::string text_of(const std::string& kind, std::size_t row, std::mt19937_64& random) {
  const std::string note = std::string("a note of some length, or less").substr(0, random() % 20 + 1);
  std::string text = fmt::format(
      R"({{"id":{},"count":{},"x":{:.6f},"y":{:.{}f},"at":"20{:02}-{:02}-{:02} {:02}:{:02}:{:02}","price":{}.{:02},"code":"{}","note":"{}")",
      1'000'000'000 + row, random() % (random() % 2 != 0 ? 100 : 100'000),
      static_cast<double>(random() % 360'000'000) / 1e6 - 180, static_cast<double>(random() % 1'000'000) / 1e4,
      random() % 5, random() % 25, random() % 12 + 1, random() % 28 + 1, random() % 24, random() % 60, random() % 60,
      random() % 500, random() % 100, std::string("ABCDEFGH").substr(0, random() % 4 + 2), note);
  if (kind == "escapes") text += R"(,"more":"C:\\temp \"x\" \u00e9")";
  if (kind == "nested")
    text += fmt::format(R"(,"user":{{"name":"n{}","tags":["a","b"],"address":[{{"city":"Ulm"}}]}})", random() % 1000);
  if (kind == "unwanted") text += R"(,"a":[1,2,3],"b":{"c":null,"d":true},"e":"text that nobody wants","f":1.5e10)";
  return text + "}\n";
}

std::vector<ColumnSpec> columns_of(const std::string& kind) {
  std::vector<ColumnSpec> columns = {bench::column_of("id", "int64"),       bench::column_of("count", "int32"),
                                     bench::column_of("x", "float64"),      bench::column_of("y", "float64"),
                                     bench::column_of("at", "timestamp"),   bench::column_of("price", "decimal(9,2)"),
                                     bench::column_of("code", "string(8)"), bench::column_of("note", "string")};
  if (kind == "escapes") columns.push_back(bench::column_of("more", "string"));
  if (kind == "nested") {
    columns.push_back(bench::column_of("user.name", "string"));
    columns.push_back(bench::column_of("user.address[0].city", "string"));
  }
  return columns;
}

const bench::LineWorkload& workload_of(const std::string& kind) {
  SourceSpec source;
  source.format = SourceFormat::kJsonLines;
  return bench::workload_of(kind, source, columns_of(kind), text_of);
}

void print_ratios() { bench::print_line_ratios("JSON lines parse + convert / memcpy", workload_of("flat")); }

void add_benchmarks() {
  for (const char* kind : {"flat", "escapes", "nested", "unwanted"}) bench::add_line_benchmarks(kind, workload_of);
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
