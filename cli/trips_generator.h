// Sample data: taxi-like trips as CSV, in parallel, any size. What `tipple generate trips` writes.
//
// Row r's bytes are a function of (seed, rates, r) alone, so every thread count gives the same files.
// Thread rule: generate_trips runs its own threads and joins them; nothing is shared between calls.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tipple {

struct TripsOptions {
  std::filesystem::path folder;    // created if need be: trips.csv, or trips-00000.csv, trips-00001.csv, ...
  std::uint64_t rows = 1'000'000;  // of all files together, spread evenly
  std::optional<std::uint64_t>
      bytes;  // instead of `rows`: about this size, exact to a percent for 10,000 rows and more
  std::uint32_t files = 1;
  std::uint64_t seed = 1;
  double quoted_percent = 1.0;   // notes in quotes, with commas and doubled quotes
  double newline_percent = 0.1;  // notes in quotes with line ends inside
  double null_percent = 1.0;     // of each nullable column
  std::uint32_t threads = 1;
};

struct TripsFiles {
  std::vector<std::filesystem::path> paths;
  std::string pattern;  // a path for a job file in the same folder that matches all of them: "trips.csv", "trips-*.csv"
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

// Existing files of the same names are overwritten. Not synced. Errors: kUsage for rates outside 0..100 or no files,
// kEnvironment for I/O.
[[nodiscard]] Result<TripsFiles> generate_trips(const TripsOptions& options);

// The job file that loads them. `paths` (files or globs) and `warehouse` as a job file takes them.
[[nodiscard]] std::string trips_job_yaml(const std::vector<std::string>& paths, const std::string& warehouse);

}  // namespace tipple
