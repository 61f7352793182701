// Steps over batches against memcpy of the bytes that they touch (read and written), and lookups per second.
//
// Without arguments: Google Benchmark, each step alone. --ratios: interleaved rounds and one line
//   RATIO <tab> stage <tab> median ratio <tab> what was measured
// also for each family of functions of expressions. --functions [PART]: a line for each of those functions (that has
// PART in its text).
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "bench/expression_ratios.h"
#include "bench/measure.h"
#include "formats/arrow_types.h"
#include "jobs/table_schema.h"
#include "transforms/check_values.h"
#include "transforms/table_pipeline.h"

namespace tipple {
namespace {

using bench::kRounds;
using bench::median;
using bench::seconds_of;

constexpr std::size_t kBatchRows = 16'384;  // about what a block of 1 MiB holds
constexpr std::size_t kBatches = 32;
constexpr std::size_t kLookupRows = 10'000;

DataType type(const std::string& text) { return parse_data_type(text).value(); }

std::int64_t bytes_of(const arrow::RecordBatch& batch) {
  std::int64_t bytes = 0;
  for (int i = 0; i < batch.num_columns(); ++i) {
    for (const auto& buffer : batch.column_data(i)->buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  }
  return bytes;
}

struct Field {
  std::string name;
  std::string type_text;
  std::string (*make)(std::mt19937_64&);
};

const std::vector<Field> kFields = {
    {"a", "float64",
     [](std::mt19937_64& random) {
       return fmt::format("{:.3f}", static_cast<double>(random() % 1'000'000) / 1000 - 500);
     }},
    {"b", "float64",
     [](std::mt19937_64& random) {
       return fmt::format("{:.3f}", static_cast<double>(random() % 1'000'000) / 1000 + 1);
     }},
    {"n", "int32", [](std::mt19937_64& random) { return fmt::format("{}", random() % 20'000); }},
    {"code", "string(8)", [](std::mt19937_64& random) { return fmt::format("P{:06}", random() % kLookupRows); }},
    {"text", "string",
     [](std::mt19937_64& random) {
       return std::string(" Some Text OF a few words ").substr(random() % 3, random() % 18 + 5);
     }},
};

// One table with some of the fields above, and what its steps make of kBatches batches.
class Workload {
 public:
  Workload(const std::vector<std::string>& names, std::vector<StepSpec> steps, std::vector<CheckSpec> checks = {}) {
    job_.sources.resize(2);
    job_.sources[1].name = "small";
    TableSpec table;
    table.name = "t";
    table.from = {SourceId(0)};
    for (const Field& field : kFields) {
      if (std::find(names.begin(), names.end(), field.name) == names.end()) continue;
      ColumnSpec spec;
      spec.column = {field.name, type(field.type_text), false};
      spec.from = field.name;
      table.columns.push_back(std::move(spec));
    }
    table.steps = std::move(steps);
    table.checks = std::move(checks);
    job_.tables.push_back(std::move(table));
    TIPPLE_CHECK(resolve_table_schema(job_, job_.tables[0]).empty(), "the benchmark's steps are right");
    make_batches();
    std::vector<LookupTable> lookups;
    for (const SourceId source : TablePipeline::lookup_sources(job_.tables[0]))
      lookups.push_back({source, lookup_rows(source)});
    pipeline_ = TablePipeline::make(job_, job_.tables[0], SourceId(0), lookups).value();
    for (const auto& batch : batches_) touched_ += bytes_of(*batch) + bytes_of(*run(batch).batch);
  }

  [[nodiscard]] std::int64_t touched() const { return touched_; }
  [[nodiscard]] static double rows() { return static_cast<double>(kBatches * kBatchRows); }
  void run_all() const {
    for (const auto& batch : batches_) benchmark::DoNotOptimize(run(batch).batch.get());
  }

 private:
  PipelineOutput run(const std::shared_ptr<arrow::RecordBatch>& batch) const {
    return pipeline_->run(batch, {}, arrow::default_memory_pool()).value();
  }

  void make_batches() {
    std::mt19937_64 random(1);  // fixed rows: runs are compared
    const TableSpec& table = job_.tables[0];
    Schema schema;
    for (const ColumnSpec& spec : table.columns) schema.push_back(spec.column);
    for (std::size_t i = 0; i < kBatches; ++i) {
      std::vector<std::shared_ptr<arrow::Array>> columns;
      for (const Column& column : schema) {
        const auto field =
            std::find_if(kFields.begin(), kFields.end(), [&](const Field& one) { return one.name == column.name; });
        std::vector<std::string> texts(kBatchRows);
        for (std::string& text : texts) text = field->make(random);
        columns.push_back(array_of_texts(texts, column.type, "bench").value());
      }
      batches_.push_back(arrow::RecordBatch::Make(arrow_schema(schema), kBatchRows, std::move(columns)));
    }
  }

  std::shared_ptr<arrow::RecordBatch> lookup_rows(SourceId source) const {
    Schema schema;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const ColumnSpec& spec : TablePipeline::lookup_columns(job_, source)) {
      std::vector<std::string> texts;
      for (std::size_t row = 0; row < kLookupRows; ++row) {
        texts.push_back(spec.from == "code" ? fmt::format("P{:06}", row)
                        : spec.from == "n"  ? fmt::format("{}", row)
                                            : fmt::format("value {}", row % 997));
      }
      if (spec.column.type.kind == TypeKind::kInt32 && spec.from == "price") {
        for (std::size_t row = 0; row < kLookupRows; ++row) texts[row] = fmt::format("{}", row % 500);
      }
      schema.push_back(spec.column);
      columns.push_back(array_of_texts(texts, spec.column.type, "bench").value());
    }
    return arrow::RecordBatch::Make(arrow_schema(schema), kLookupRows, std::move(columns));
  }

  JobSpec job_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  std::unique_ptr<TablePipeline> pipeline_;
  std::int64_t touched_ = 0;
};

LookupStep lookup(const std::string& key, const std::string& take) {
  LookupStep step;
  step.source = SourceId(1);
  step.on = {{key, key}};
  step.take = {{"taken", take}};
  if (take == "price") step.types = {{"price", type("int32")}};
  return step;
}

NormaliseStep lower(bool trim) {
  NormaliseStep step;
  step.columns = {"text"};
  step.letter_case = NormaliseStep::Case::kLower;
  step.trim = trim;
  return step;
}

CheckSpec range_of_a() {
  CheckSpec check;
  check.name = "a";
  check.kind = CheckSpec::Kind::kRange;
  check.columns = {"a"};
  check.min = "-1000";
  check.max = "1000";
  return check;
}

Workload workload_of(const std::string& name) {
  if (name == "derive") return {{"a", "b"}, {DeriveStep{{{"c", "a / b + 1.5::float64"}}}}};
  if (name == "where") return {{"a", "b", "n", "code"}, {WhereStep{"n > 10000"}}};
  if (name == "lower") return {{"text"}, {lower(false)}};
  if (name == "trim") return {{"text"}, {lower(true)}};
  if (name == "bin") return {{"a", "b"}, {BinStep{"a", "bin", {-400, -200, 0, 50, 100, 200, 300, 400}, {}}}};
  if (name == "range") return {{"a", "b"}, {DropStep{{"b"}}}, {range_of_a()}};
  if (name == "lookup_text") return {{"code"}, {lookup("code", "name")}};
  if (name == "lookup_number") return {{"n"}, {lookup("n", "price")}};
  if (name == "lookup_text_to_number") return {{"code"}, {lookup("code", "price")}};
  TIPPLE_CHECK(name == "mixed", "a known workload");
  return {{"a", "b", "n", "code", "text"},
          {WhereStep{"n >= 2000"}, DeriveStep{{{"c", "a / b + 1.5::float64"}}}, lower(false)},
          {range_of_a()}};
}

double copy_seconds(std::int64_t touched, const std::vector<char>& from, std::vector<char>& to) {
  // Read and written: half of the touched bytes are copied.
  const auto bytes = static_cast<std::size_t>(touched / 2);
  return seconds_of([&] {
    for (std::size_t at = 0; at < bytes; at += from.size())
      std::memcpy(to.data(), from.data(), std::min(from.size(), bytes - at));
    benchmark::ClobberMemory();
  });
}

void print_ratios() {
  const std::vector<char> from(std::size_t{64} << 20, 'x');  // far out of cache
  std::vector<char> to(from.size());
  const Workload mixed = workload_of("mixed");
  std::vector<double> ratios, rates;
  for (int round = -1; round < kRounds; ++round) {
    const double copy = copy_seconds(mixed.touched(), from, to);
    const double seconds = seconds_of([&] { mixed.run_all(); });
    if (round < 0) continue;  // warm-up
    ratios.push_back(copy / seconds);
    rates.push_back(static_cast<double>(mixed.touched()) / seconds / 1e9);
  }
  bench::print_ratio("transforms / memcpy per byte touched", median(ratios),
                     fmt::format("where, derive, lower case, range check: {:.2f} GB/s touched", median(rates)));
  for (const auto& [name, what] :
       {std::pair("lookup_text", "text key, text value"), std::pair("lookup_text_to_number", "text key, number value"),
        std::pair("lookup_number", "number key, number value, half of them absent")}) {
    const Workload lookups = workload_of(name);
    std::vector<double> millions;
    for (int round = -1; round < kRounds; ++round) {
      const double seconds = seconds_of([&] { lookups.run_all(); });
      if (round >= 0) millions.push_back(Workload::rows() / seconds / 1e6);
    }
    bench::print_ratio("lookups, M rows/s per core", median(millions),
                       fmt::format("{}, table of {} rows", what, kLookupRows));
  }
  bench::print_expression_families();
}

void run_workload(benchmark::State& state, const std::string& name) {
  const Workload workload = workload_of(name);
  for (auto _ : state) workload.run_all();
  state.SetBytesProcessed(state.iterations() * workload.touched());
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Workload::rows()));
}

void add_benchmarks() {
  for (const char* name : {"mixed", "derive", "where", "lower", "trim", "bin", "range", "lookup_text",
                           "lookup_text_to_number", "lookup_number"}) {
    benchmark::RegisterBenchmark(name, run_workload, std::string(name));
  }
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "--functions") == 0) {
    tipple::bench::print_expression_functions(argc > 2 ? argv[2] : "");
    return 0;
  }
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
