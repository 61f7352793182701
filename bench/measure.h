// What the benchmark programs share: seconds of work, medians, and the line that bench/run.py collects.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace tipple::bench {

inline constexpr int kRounds = 9;  // counted rounds, after one of warm-up

// Processor time of this thread: other load on the machine then costs little more than cache.
inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <typename Work>
double seconds_of(const Work& work) {
  const double begin = thread_seconds();
  work();
  return thread_seconds() - begin;
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// "RATIO<tab>stage<tab>value<tab>detail": the stage as bench/run.py names it.
inline void print_ratio(const char* stage, double value, const std::string& detail) {
  std::printf("RATIO\t%s\t%.4g\t%s\n", stage, value, detail.c_str());
}

// How fast `workload` is converted, as a share of copying `text`, which is what it converts: run(true) does all of it,
// run(false) the index alone; both give the number of rows.
template <typename Workload>
void print_convert_ratio(const char* stage, std::span<const char> text, const Workload& workload) {
  const auto copy = std::make_unique<char[]>(text.size());
  std::vector<double> memcpys, indexes, whole, ratios;
  for (int round = -1; round < kRounds; ++round) {
    const double memcpy_seconds = seconds_of([&] {
      std::memcpy(copy.get(), text.data(), text.size());
      benchmark::ClobberMemory();
    });
    const double index_seconds = seconds_of([&] { benchmark::DoNotOptimize(workload.run(false)); });
    const double seconds = seconds_of([&] { benchmark::DoNotOptimize(workload.run(true)); });
    if (round < 0) continue;  // warm-up
    memcpys.push_back(memcpy_seconds);
    indexes.push_back(index_seconds);
    whole.push_back(seconds);
    ratios.push_back(memcpy_seconds / seconds);
  }
  const double gigabytes = static_cast<double>(text.size()) / 1e9;
  print_ratio(stage, median(ratios),
              fmt::format("index + convert {:.2f} GB/s, index alone {:.2f} GB/s, memcpy {:.2f} GB/s",
                          gigabytes / median(whole), gigabytes / median(indexes), gigabytes / median(memcpys)));
}

// The main of a program whose other benchmarks are Google Benchmark's: `--ratios` prints the RATIO lines alone.
inline int run_program(int argc, char** argv, void (*print_ratios)(), void (*add_benchmarks)()) {
  if (argc == 2 && std::strcmp(argv[1], "--ratios") == 0) {
    print_ratios();
    return 0;
  }
  add_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace tipple::bench
