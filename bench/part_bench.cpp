// Encoding against the bare codec, part writing against POSIX writes, and what the digest and the statistics cost.
//
//   part_bench [--ratios] [FOLDER]     FOLDER: where parts are written (default: the current one)
//
// --ratios: only the lines "RATIO<tab>stage<tab>value<tab>detail" that bench/run.py collects; else everything, line by
// line. Every ratio is made of interleaved runs in this process: medians of kRuns, of processor time where nothing is
// written, of elapsed time with the sync where something is. memcpy is the calibration of the machine.
#include <arrow/api.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/ids.h"
#include "base/limits.h"
#include "bench/measure.h"
#include "formats/arrow_types.h"
#include "formats/codec_chunk.h"
#include "formats/codec_shuffle.h"
#include "formats/column_stats_builder.h"
#include "formats/content_digest.h"
#include "formats/hdf5_part_writer.h"
#include "formats/part_encoder.h"
#include "formats/part_gather.h"

namespace tipple {
namespace {

constexpr int kRuns = 9;
constexpr std::int64_t kBatchRows = 20'000;
constexpr std::int64_t kRows = 20 * std::int64_t{limits::kRowGroupRows};
constexpr std::uint32_t kGroupsPerEncodeRun = 8;

using Batch = std::shared_ptr<arrow::RecordBatch>;

template <typename Function>
double elapsed_seconds_of(Function&& function) {
  const auto begin = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Schema trips_schema() {
  const auto type = [](const char* text) { return parse_data_type(text).value(); };
  return {{"trip", type("int64"), false},       {"pickup", type("timestamp"), false},
          {"zone", type("int32"), false},       {"distance", type("float64"), true},
          {"fare", type("decimal(9,2)"), true}, {"passengers", type("int8"), true},
          {"vendor", type("string(8)"), false}, {"note", type("string"), true}};
}

template <typename Builder, typename Next>
std::shared_ptr<arrow::Array> build(const Column& column, double null_share, std::mt19937_64& random, Next next) {
  Builder builder(arrow_type(column.type), arrow::default_memory_pool());
  for (std::int64_t i = 0; i < kBatchRows; ++i) {
    const bool null = column.nullable && std::uniform_real_distribution<>()(random) < null_share;
    const arrow::Status status = null ? builder.AppendNull() : builder.Append(next());
    TIPPLE_CHECK(status.ok(), "cannot build a batch");
  }
  return builder.Finish().ValueOrDie();
}

Batch trips_batch(const Schema& schema, std::int64_t first, std::mt19937_64& random) {
  const double share = 0.02;
  std::int64_t trip = first;
  std::int64_t pickup = 1'577'836'800'000'000 + first * 700'000;
  static const char* const kVendors[] = {"acme", "yellow", "green", "ridesh1"};
  static const char* const kNotes[] = {"", "airport", "paid in cash, no receipt", "see dispatcher"};
  std::vector<std::shared_ptr<arrow::Array>> columns{
      build<arrow::Int64Builder>(schema[0], share, random, [&] { return trip++; }),
      build<arrow::TimestampBuilder>(schema[1], share, random,
                                     [&] { return pickup += static_cast<std::int64_t>(random() % 1'400'000); }),
      build<arrow::Int32Builder>(schema[2], share, random, [&] { return static_cast<std::int32_t>(random() % 265); }),
      build<arrow::DoubleBuilder>(schema[3], share, random,
                                  [&] { return static_cast<double>(random() % 4'000) / 100; }),
      build<arrow::Decimal128Builder>(schema[4], share, random,
                                      [&] { return arrow::Decimal128(static_cast<std::int64_t>(random() % 9'000)); }),
      build<arrow::Int8Builder>(schema[5], share, random, [&] { return static_cast<std::int8_t>(1 + random() % 6); }),
      build<arrow::StringBuilder>(schema[6], share, random, [&] { return std::string(kVendors[random() % 4]); }),
      build<arrow::StringBuilder>(schema[7], share, random, [&] {
        return std::string(kNotes[random() % 4]) + std::to_string(random() % 1'000);
      })};
  return arrow::RecordBatch::Make(arrow_schema(schema), kBatchRows, std::move(columns));
}

std::vector<Batch> trips(const Schema& schema) {
  std::mt19937_64 random(1);
  std::vector<Batch> batches;
  for (std::int64_t first = 0; first < kRows; first += kBatchRows)
    batches.push_back(trips_batch(schema, first, random));
  return batches;
}

std::vector<RowGroup> groups_of(const Schema& schema, const std::vector<Batch>& batches) {
  RowGrouper grouper(schema);
  std::vector<RowGroup> groups;
  for (const Batch& batch : batches) grouper.add(batch, groups);
  grouper.finish(groups);
  return groups;
}

// What the bare codec gets: the same chunks, already gathered into contiguous elements.
struct RawChunk {
  std::uint32_t element_bytes;
  std::vector<std::uint8_t> elements;
};

std::vector<RawChunk> raw_chunks(const RowGroup& group, const Schema& schema) {
  const EncodedRowGroup encoded = encode_row_group(group, schema, Codec::kNone).value();
  const std::vector<PartDataset> datasets = part_datasets(schema);
  std::vector<RawChunk> chunks;
  for (const EncodedChunk& chunk : encoded.chunks)
    chunks.push_back({datasets[chunk.dataset].element_bytes, chunk.bytes});
  return chunks;
}

std::uint64_t bare_codec(const std::vector<RawChunk>& chunks, Codec codec) {
  thread_local CodecScratch shuffled, compressed;
  std::uint64_t bytes = 0;
  for (const RawChunk& chunk : chunks) {
    std::span<const std::uint8_t> in = chunk.elements;
    if (chunk.element_bytes > 1) {
      std::uint8_t* planes = shuffled.need(in.size());
      const std::size_t count = in.size() / chunk.element_bytes;
      shuffle(chunk.element_bytes, in.data(), count, planes, count);
      in = {planes, in.size()};
    }
    const auto out = compress_chunk(codec, in, compressed);
    bytes += out ? out->size() : in.size();
  }
  return bytes;
}

struct Ratio {
  double limit_seconds, our_seconds, bytes;
  [[nodiscard]] double ratio() const { return limit_seconds / our_seconds; }
};

void print_ratio(const std::string& stage, const Ratio& ratio) {
  fmt::print("RATIO\t{}\t{:.3f}\t{:.3f} against {:.3f} GB/s\n", stage, ratio.ratio(),
             ratio.bytes / ratio.our_seconds / 1e9, ratio.bytes / ratio.limit_seconds / 1e9);
}

Ratio encode_ratio(const Schema& schema, const std::vector<RowGroup>& groups, Codec codec) {
  std::vector<double> ours, limit;
  std::vector<std::vector<RawChunk>> raw;
  double bytes = 0;
  for (std::uint32_t g = 0; g < kGroupsPerEncodeRun; ++g) {
    raw.push_back(raw_chunks(groups[g], schema));
    for (const RawChunk& chunk : raw.back()) bytes += static_cast<double>(chunk.elements.size());
  }
  for (int run = 0; run < kRuns; ++run) {
    limit.push_back(bench::seconds_of([&] {
      for (const auto& chunks : raw) static_cast<void>(bare_codec(chunks, codec));
    }));
    ours.push_back(bench::seconds_of([&] {
      for (std::uint32_t g = 0; g < kGroupsPerEncodeRun; ++g)
        TIPPLE_CHECK(encode_row_group(groups[g], schema, codec).ok(), "encode");
    }));
  }
  return {bench::median(limit), bench::median(ours), bytes};
}

void write_plainly(const std::filesystem::path& path, const std::vector<EncodedRowGroup>& groups) {
  File file = File::open(path, O_CREAT | O_EXCL | O_WRONLY).value();
  for (const EncodedRowGroup& group : groups) {
    for (const EncodedChunk& chunk : group.chunks)
      TIPPLE_CHECK(file.write_all(std::as_bytes(std::span(chunk.bytes))).ok(), "write");
  }
  TIPPLE_CHECK(file.sync().ok() && file.close().ok(), "sync");
}

void write_part(const std::filesystem::path& path, const Schema& schema, Codec codec,
                const std::vector<EncodedRowGroup>& groups) {
  Hdf5PartWriter writer = Hdf5PartWriter::create(path, schema, codec, {}).value();
  for (const EncodedRowGroup& group : groups) TIPPLE_CHECK(writer.append(group).ok(), "append");
  TIPPLE_CHECK(writer.close().ok(), "close");
  File file = File::open(path, O_RDWR).value();
  TIPPLE_CHECK(file.sync().ok() && file.close().ok(), "sync");
}

Ratio write_ratio(const Schema& schema, const std::vector<RowGroup>& groups, Codec codec,
                  const std::filesystem::path& folder) {
  std::vector<EncodedRowGroup> encoded;
  double bytes = 0;
  for (const RowGroup& group : groups) {
    encoded.push_back(encode_row_group(group, schema, codec).value());
    for (const EncodedChunk& chunk : encoded.back().chunks) bytes += static_cast<double>(chunk.bytes.size());
  }
  std::vector<double> ours, limit;
  const std::filesystem::path path = folder / ("part-bench-" + random_id().to_hex());
  for (int run = 0; run < kRuns; ++run) {
    limit.push_back(elapsed_seconds_of([&] { write_plainly(path, encoded); }));
    std::filesystem::remove(path);
    ours.push_back(elapsed_seconds_of([&] { write_part(path, schema, codec, encoded); }));
    std::filesystem::remove(path);
  }
  return {bench::median(limit), bench::median(ours), bytes};
}

template <typename Function>
double nanoseconds_per_value(const std::vector<Batch>& batches, std::size_t columns, Function&& function) {
  std::vector<double> runs;
  for (int run = 0; run < kRuns; ++run) {
    runs.push_back(bench::seconds_of([&] {
      for (const Batch& batch : batches) function(*batch);
    }));
  }
  return bench::median(runs) * 1e9 / static_cast<double>(kRows) / static_cast<double>(columns);
}

double memcpy_gb_per_s() {
  const std::vector<char> from(std::size_t{64} << 20, 'x');
  std::vector<char> to(from.size());
  std::vector<double> runs;
  for (int run = 0; run < kRuns; ++run)
    runs.push_back(bench::seconds_of([&] { std::memcpy(to.data(), from.data(), from.size()); }));
  return static_cast<double>(from.size()) / bench::median(runs) / 1e9;
}

double shuffle_gb_per_s(std::size_t width) {
  const std::size_t count = std::size_t{limits::kRowGroupRows};
  const std::vector<std::uint8_t> from(count * width, 7);
  std::vector<std::uint8_t> to(from.size());
  std::vector<double> runs;
  for (int run = 0; run < kRuns * 20; ++run) {
    runs.push_back(bench::seconds_of([&] { shuffle(width, from.data(), count, to.data(), count); }));
  }
  return static_cast<double>(from.size()) / bench::median(runs) / 1e9;
}

struct Workload {
  Schema schema = trips_schema();
  std::vector<Batch> batches = trips(schema);
  std::vector<RowGroup> groups = groups_of(schema, batches);
};

void print_details(const Workload& work) {
  const Schema words(work.schema.begin(), work.schema.begin() + 2);
  std::vector<Batch> word_batches;
  for (const Batch& batch : work.batches) word_batches.push_back(batch->SelectColumns({0, 1}).ValueOrDie());
  std::uint64_t sum = 0;
  fmt::print("{} rows, {} columns, medians of {}; memcpy {:.2f} GB/s\n", kRows, work.schema.size(), kRuns,
             memcpy_gb_per_s());
  for (const std::size_t width : {2, 4, 6, 8, 16})
    fmt::print("shuffle {} bytes: {:.2f} GB/s\n", width, shuffle_gb_per_s(width));
  fmt::print(
      "content digest, 2 columns of 8 bytes: {:.3f} ns a value\n",
      nanoseconds_per_value(word_batches, 2, [&](const auto& batch) { sum += content_digest(batch, words).low; }));
  fmt::print("content digest, all columns: {:.3f} ns a value\n",
             nanoseconds_per_value(work.batches, work.schema.size(),
                                   [&](const auto& batch) { sum += content_digest(batch, work.schema).low; }));
  ColumnStatsBuilder stats(work.schema);
  fmt::print("statistics, all columns: {:.3f} ns a value\n",
             nanoseconds_per_value(work.batches, work.schema.size(), [&](const auto& batch) { stats.add(batch); }));
  for (std::size_t c = 0; c < work.schema.size(); ++c) {
    const Schema schema{work.schema[c]};
    std::vector<Batch> batches;
    for (const Batch& batch : work.batches) batches.push_back(batch->SelectColumns({static_cast<int>(c)}).ValueOrDie());
    ColumnStatsBuilder column_stats(schema);
    const double digest =
        nanoseconds_per_value(batches, 1, [&](const auto& batch) { sum += content_digest(batch, schema).low; });
    const double statistics = nanoseconds_per_value(batches, 1, [&](const auto& batch) { column_stats.add(batch); });
    fmt::print("  {} alone: digest of its rows {:.3f}, statistics {:.3f} ns\n", schema[0].name, digest, statistics);
  }
  fmt::print("(digests {})\n", sum % 1'000);  // keeps them from being optimised away
  for (const Codec codec : {Codec::kZstd, Codec::kLz4}) {
    print_ratio("encode " + std::string(to_string(codec)), encode_ratio(work.schema, work.groups, codec));
  }
}

void print_ratios(const Workload& work, const std::filesystem::path& folder) {
  print_ratio("encode / bare codec", encode_ratio(work.schema, work.groups, Codec::kDeflate));
  print_ratio("HDF5 part write / POSIX write", write_ratio(work.schema, work.groups, Codec::kDeflate, folder));
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  const bool ratios_only = argc > 1 && std::string(argv[1]) == "--ratios";
  const int folder = ratios_only ? 2 : 1;
  const tipple::Workload work;
  if (!ratios_only) tipple::print_details(work);
  tipple::print_ratios(work, argc > folder ? argv[folder] : ".");
  return 0;
}
