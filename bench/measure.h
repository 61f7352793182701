// What the benchmark programs share: seconds of work, medians, and the line that bench/run.py collects.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

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
