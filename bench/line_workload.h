// What the benchmarks of the line formats share: a text of records far out of cache, and the way through index and
// conversion.
#pragma once

#include <benchmark/benchmark.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "bench/measure.h"
#include "formats/record_format.h"

namespace tipple::bench {

inline ColumnSpec column_of(const std::string& name, const std::string& type) {
  return {Column{name, parse_data_type(type).value(), true}, name, {}, {}};
}

// The record `row` of a kind of text, with its line end.
using TextOf = std::string (*)(const std::string& kind, std::size_t row, std::mt19937_64& random);

class LineWorkload {
 public:
  LineWorkload(const std::string& kind, SourceSpec source, const std::vector<ColumnSpec>& columns, TextOf text_of)
      : source_(std::move(source)) {
    std::mt19937_64 random(1);  // a fixed text: runs are compared
    text_.reserve(kTextBytes + kBlockBytes);
    for (std::size_t row = 0; text_.size() < kTextBytes; ++row) text_ += text_of(kind, row, random);
    size_ = text_.size();
    text_.append(64, '\0');  // the readable bytes past the last block
    format_ = make_record_format(source_).value();
    const FileHead head = format_->read_head({text_.data(), size_}, true, "bench").value();
    binding_ = format_->bind(head, {BoundTable{columns}}, "bench").value();
  }

  [[nodiscard]] std::span<const char> text() const { return {text_.data(), size_}; }

  // Rows, or with `convert` off the index alone.
  std::uint64_t run(bool convert) const {
    const auto index = binding_->make_index();
    std::uint64_t rows = 0;
    for (std::size_t at = 0; at < size_;) {
      const std::span<const char> block = text().subspan(at, std::min(kBlockBytes, size_ - at));
      const RecordBinding::Split split = binding_->split(block, at + block.size() == size_, *index);
      at += split.whole;
      rows += index->record_count();
      if (!convert) continue;
      const auto batch =
          binding_->convert(0, block.first(split.whole), *index, {}, false, arrow::default_memory_pool());
      TIPPLE_CHECK(batch.ok() && batch->rejects.empty(), "the benchmark's text is good");
      benchmark::DoNotOptimize(batch->batch.get());
    }
    return rows;
  }

 private:
  static constexpr std::size_t kTextBytes = 64 << 20;  // far out of cache, as a chunk is
  static constexpr std::size_t kBlockBytes = 1 << 18;

  SourceSpec source_;
  std::string text_;
  std::size_t size_ = 0;
  std::unique_ptr<RecordFormat> format_;
  std::unique_ptr<RecordBinding> binding_;
};

// Made when first asked for: a filter then costs only its own.
inline const LineWorkload& workload_of(const std::string& kind, const SourceSpec& source,
                                       const std::vector<ColumnSpec>& columns, TextOf text_of) {
  static std::map<std::string, std::unique_ptr<LineWorkload>> workloads;
  std::unique_ptr<LineWorkload>& workload = workloads[kind];
  if (workload == nullptr) workload = std::make_unique<LineWorkload>(kind, source, columns, text_of);
  return *workload;
}

inline void print_line_ratios(const char* stage, const LineWorkload& workload) {
  print_convert_ratio(stage, workload.text(), workload);
}

inline void add_line_benchmarks(const std::string& kind, const LineWorkload& (*workload_of)(const std::string& kind)) {
  for (const bool convert : {false, true}) {
    benchmark::RegisterBenchmark(
        ((convert ? "Convert/" : "Index/") + kind).c_str(), [kind, workload_of, convert](benchmark::State& state) {
          const LineWorkload& workload = workload_of(kind);
          std::uint64_t rows = 0;
          for (auto _ : state) rows += workload.run(convert);
          state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(workload.text().size()));
          state.counters["ns_per_row"] = benchmark::Counter(static_cast<double>(rows) / 1e9,
                                                            benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
        });
  }
}

}  // namespace tipple::bench
