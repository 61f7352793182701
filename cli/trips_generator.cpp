#include "cli/trips_generator.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/trips_row.h"

namespace tipple {
namespace {

constexpr std::uint64_t kRowsPerBlock = 8192;
constexpr std::uint32_t kFilesMax = 1'000'000;
constexpr std::uint32_t kWriterThreadsMax = 256;

// Rows [begin, end) of one file. Every file has at least one block; its first one writes the header.
struct RowBlock {
  std::uint32_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool first = false;
};

std::uint64_t threshold(double percent) {
  return static_cast<std::uint64_t>(std::llround(percent / 100 * 4'294'967'296.0));
}

// Generates blocks on any thread, gives each its place in its file in order, and writes them in parallel.
class BlockWriter {
 public:
  BlockWriter(const TripsOptions& options, const TripsRates& rates, std::uint64_t rows,
              const std::vector<fs::path>& paths)
      : options_(options), rates_(rates), rows_(rows), paths_(paths) {
    for (std::uint32_t file = 0; file < options.files; ++file) {
      blocks_before_.push_back(block_count_);
      block_count_ +=
          std::max<std::uint64_t>(1, (file_begin(file + 1) - file_begin(file) + kRowsPerBlock - 1) / kRowsPerBlock);
    }
  }

  void work() {
    std::vector<char> buffer(kTripsHeader.size() + kRowsPerBlock * kTripsRowBytesMax);
    while (!failed_) {
      const std::uint64_t number = next_block_++;
      if (number >= block_count_) return;
      const RowBlock block = block_at(number);
      char* end = buffer.data();
      if (block.first) {
        std::memcpy(end, kTripsHeader.data(), kTripsHeader.size());
        end += kTripsHeader.size();
      }
      for (std::uint64_t row = block.begin; row < block.end; ++row)
        end = write_trips_row(end, options_.seed, row, rates_);
      const auto size = static_cast<std::size_t>(end - buffer.data());
      const std::uint64_t offset = take_place(number, block, size);
      if (Status written = write_at(paths_[block.file], {buffer.data(), size}, offset); !written.ok())
        fail(std::move(written).error());
    }
  }

  [[nodiscard]] Status status() const { return status_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] std::uint64_t file_begin(std::uint32_t file) const {
    return rows_ / options_.files * file + std::min<std::uint64_t>(file, rows_ % options_.files);
  }

  [[nodiscard]] RowBlock block_at(std::uint64_t number) const {
    const auto after = std::upper_bound(blocks_before_.begin(), blocks_before_.end(), number);
    const auto file = static_cast<std::uint32_t>(after - blocks_before_.begin() - 1);
    const std::uint64_t in_file = number - blocks_before_[file];
    const std::uint64_t begin = file_begin(file) + in_file * kRowsPerBlock;
    return {file, begin, std::min(begin + kRowsPerBlock, file_begin(file + 1)), in_file == 0};
  }

  // Waits until all blocks before this one have their places. A thread holds one block at a time, so all the others are
  // under way.
  std::uint64_t take_place(std::uint64_t number, const RowBlock& block, std::size_t size) {
    std::unique_lock lock(turn_mutex_);
    turn_changed_.wait(lock, [&] { return turn_ == number; });
    const std::uint64_t offset = block.first ? 0 : turn_file_bytes_;
    turn_file_bytes_ = offset + size;
    bytes_ += size;
    ++turn_;
    turn_changed_.notify_all();
    return offset;
  }

  static Status write_at(const fs::path& path, std::string_view bytes, std::uint64_t offset) {
    TIPPLE_TRY(File file, File::open(path, O_WRONLY));
    TIPPLE_RETURN_IF_ERROR(file.write_at(std::as_bytes(std::span(bytes)), offset));
    return file.close();
  }

  void fail(Error error) {
    const std::lock_guard lock(turn_mutex_);
    if (!failed_.exchange(true)) status_ = std::move(error);
  }

  const TripsOptions& options_;
  const TripsRates rates_;
  const std::uint64_t rows_;
  const std::vector<fs::path>& paths_;
  std::vector<std::uint64_t> blocks_before_;  // by file
  std::uint64_t block_count_ = 0;
  std::atomic<std::uint64_t> next_block_{0};
  std::atomic<bool> failed_{false};

  std::mutex turn_mutex_;  // guards what follows
  std::condition_variable turn_changed_;
  std::uint64_t turn_ = 0;
  std::uint64_t turn_file_bytes_ = 0;
  std::uint64_t bytes_ = 0;
  Status status_;
};

// How many rows make about `bytes`, from rows spread over the range that they will cover (later trip ids are longer).
std::uint64_t rows_for_bytes(std::uint64_t bytes, const TripsOptions& options, const TripsRates& rates) {
  constexpr std::uint64_t kSampleRows = 8192;
  constexpr int kRounds = 3;
  const std::uint64_t headers = options.files * kTripsHeader.size();
  if (bytes <= headers) return 0;
  std::uint64_t rows = (bytes - headers) / 128;
  for (int round = 0; round < kRounds; ++round) {
    char buffer[kTripsRowBytesMax];
    std::uint64_t sampled = 0;
    for (std::uint64_t i = 0; i < kSampleRows; ++i) {
      const auto row = static_cast<std::uint64_t>(static_cast<double>(rows) / kSampleRows * static_cast<double>(i));
      sampled += static_cast<std::uint64_t>(write_trips_row(buffer, options.seed, row, rates) - buffer);
    }
    rows =
        static_cast<std::uint64_t>(static_cast<double>(bytes - headers) * kSampleRows / static_cast<double>(sampled));
  }
  return rows;
}

Status check(const TripsOptions& options) {
  for (const double percent : {options.quoted_percent, options.newline_percent, options.null_percent}) {
    if (!(percent >= 0 && percent <= 100))
      return usage_error(fmt::format("{} is not a rate from 0 to 100 percent", percent));
  }
  if (options.files < 1 || options.files > kFilesMax) {
    return usage_error(fmt::format("cannot write {} files", options.files), {},
                       fmt::format("1 to {} are possible", kFilesMax));
  }
  return {};
}

}  // namespace

Result<TripsFiles> generate_trips(const TripsOptions& options) {
  TIPPLE_RETURN_IF_ERROR(check(options));
  TIPPLE_RETURN_IF_ERROR(create_folders(options.folder));
  const TripsRates rates{threshold(options.quoted_percent), threshold(options.newline_percent),
                         threshold(options.null_percent)};
  TripsFiles files;
  files.rows = options.bytes ? rows_for_bytes(*options.bytes, options, rates) : options.rows;
  files.pattern = options.files == 1 ? "trips.csv" : "trips-*.csv";
  for (std::uint32_t i = 0; i < options.files; ++i) {
    files.paths.push_back(options.folder / (options.files == 1 ? "trips.csv" : fmt::format("trips-{:05}.csv", i)));
    // Emptied before any block is written: blocks arrive in any order.
    TIPPLE_TRY(File file, File::open(files.paths.back(), O_WRONLY | O_CREAT | O_TRUNC));
    TIPPLE_RETURN_IF_ERROR(file.close());
  }
  BlockWriter writer(options, rates, files.rows, files.paths);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 1; i < std::clamp(options.threads, 1u, kWriterThreadsMax); ++i)
    threads.emplace_back([&] { writer.work(); });
  writer.work();
  for (std::thread& thread : threads) thread.join();
  TIPPLE_RETURN_IF_ERROR(writer.status());
  files.bytes = writer.bytes();
  return files;
}

std::string trips_job_yaml(const std::vector<std::string>& paths, const std::string& warehouse) {
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  };
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "" : ", ") + quoted(path);
  if (paths.size() != 1) list = "[" + list + "]";
  return "# Sample data: taxi-like trips, made by `tipple generate trips`.\n"
         "version: 1\n"
         "job: trips\n"
         "warehouse: " +
         quoted(warehouse) +
         "\n"
         "sources:\n"
         "  trips: {path: " +
         list + ", format: csv}\n" +
         R"yaml(tables:
  trips:
    from: trips
    columns:
      trip_id: int64
      vendor: string(3)
      pickup_at: timestamp
      dropoff_at: timestamp
      passenger_count: {type: int8, nullable: true}
      distance_km: float64
      pickup_lon: float64
      pickup_lat: float64
      dropoff_lon: float64
      dropoff_lat: float64
      rate_code: {type: int16, nullable: true}
      payment: string(8)
      fare: decimal(9,2)
      tip: {type: "decimal(9,2)", nullable: true}
      tolls: decimal(9,2)
      total: decimal(9,2)
      note: {type: string, nullable: true}
modes:
  full: {write: replace}
  more: {write: append}
)yaml";
}

}  // namespace tipple
