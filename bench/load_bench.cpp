// Whole loads, CSV to synced HDF5 parts, through the ThreadedExecutor's own runner: load_bench FILE.csv SCRATCH [threads] [chunk MiB]
// [block KiB] [memory MiB] [repeats]. The file's first line names the columns of kColumns (`tipple generate trips` or the same).
//
// Prints per run: seconds, MB/s, the stages' busy time, and how much of the machine the graph left idle.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/limits.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"
#include "worker/chunk_graph_clock.h"
#include "worker/chunk_runner.h"

namespace {

using namespace tipple;

JobSpec make_job(const std::filesystem::path& folder, const std::vector<std::pair<std::string, std::string>>& columns) {
  JobSpec job;
  job.folder = folder;
  job.warehouse = folder / "warehouse";
  job.sources.push_back({});
  TableSpec table;
  table.name = "trips";
  table.from = {SourceId(0)};
  for (const auto& [name, type] : columns) {
    table.columns.push_back({Column{name, parse_data_type(type.substr(0, type.find('?'))).value(), type.ends_with('?')}, name});
  }
  job.tables.push_back(std::move(table));
  return job;
}

struct Sample {
  double seconds = 0;
  StageTimes stages;
  std::uint64_t rows = 0;
  std::uint64_t rejected = 0;
  std::uint64_t memory = 0;
};

// Chunk k is synced and hashed while chunk k + 1 loads, as the executor does it.
Sample load(const JobSpec& job, const TaskSegment& file, std::uint64_t chunk_bytes, const RunnerConfig& config) {
  std::filesystem::remove_all(job.warehouse);
  const Warehouse warehouse = Warehouse::open(job.warehouse, true).value();
  LoadSetup setup;
  setup.attempt = random_id();
  ChunkRunner runner(job, warehouse, setup, config);
  const std::atomic<bool> stop{false};
  Sample sample;
  const std::uint64_t begin_ns = steady_ns();
  std::optional<std::uint64_t> expected;
  std::thread finishing;
  std::uint32_t id = 0;
  for (std::uint64_t b = 0; b < file.size; b += chunk_bytes, ++id) {
    ChunkTask task{ChunkId(id), 0, SourceId(0), {file}, expected};
    task.segments[0].begin = b;
    task.segments[0].end = std::min(b + chunk_bytes, file.size);
    auto unfinished = runner.run(task, stop).value();
    if (finishing.joinable()) finishing.join();
    finishing = std::thread([&sample, chunk = std::move(unfinished)]() mutable {
      const ChunkReport report = std::move(chunk).finish().value();
      for (std::size_t i = 0; i < kStageNames.size(); ++i) {
        sample.stages.busy_ns[i] += report.stages.busy_ns[i];
        sample.stages.wait_ns[i] += report.stages.wait_ns[i];
      }
      sample.rows += report.tables[0].rows.rows_out;
      sample.rejected += report.tables[0].rows.rejected;
    });
    expected = std::nullopt;
  }
  finishing.join();
  sample.seconds = static_cast<double>(steady_ns() - begin_ns) * 1e-9;
  sample.memory = runner.memory().peak_bytes;
  std::filesystem::remove_all(job.warehouse);
  return sample;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, std::uint64_t standard) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : standard;
  };
  if (argc < 3) {
    std::fprintf(stderr, "load_bench FILE.csv SCRATCH [threads] [chunk MiB] [block KiB] [memory MiB] [repeats] [name:type ...]\n");
    return 2;
  }
  RunnerConfig config;
  config.threads = static_cast<std::uint32_t>(number(3, 2));
  const std::uint64_t chunk_bytes = number(4, 64) * limits::kMiB;
  config.block_bytes = number(5, 1024) * limits::kKiB;
  config.memory_bytes = number(6, 1024) * limits::kMiB;
  const std::uint64_t repeats = number(7, 5);
  std::vector<std::pair<std::string, std::string>> columns;
  for (int i = 8; i < argc; ++i) {
    const std::string text = argv[i];
    const auto colon = text.find(':');
    columns.emplace_back(text.substr(0, colon), text.substr(colon + 1));
  }
  const JobSpec job = make_job(argv[2], columns);
  const FileStat stat = stat_regular_file(argv[1]).value();
  const TaskSegment file{argv[1], stat.size, stat.mtime_ns, 0, stat.size};
  std::vector<double> seconds;
  for (std::uint64_t i = 0; i < repeats; ++i) {
    const Sample sample = load(job, file, chunk_bytes, config);
    seconds.push_back(sample.seconds);
    std::printf("%.3f s  %.0f MB/s  rows %llu  rejected %llu  gauge %.0f MiB  busy ms:", sample.seconds,
                static_cast<double>(file.size) / sample.seconds * 1e-6, static_cast<unsigned long long>(sample.rows),
                static_cast<unsigned long long>(sample.rejected), static_cast<double>(sample.memory) / (1 << 20));
    for (std::size_t stage = 0; stage < kStageNames.size(); ++stage) {
      std::printf(" %s %.0f/%.0f", kStageNames[stage], static_cast<double>(sample.stages.busy_ns[stage]) * 1e-6,
                  static_cast<double>(sample.stages.wait_ns[stage]) * 1e-6);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("median %.3f s  %.0f MB/s with %u threads\n", seconds[seconds.size() / 2],
              static_cast<double>(file.size) / seconds[seconds.size() / 2] * 1e-6, config.threads);
  return 0;
}
