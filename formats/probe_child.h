// Looks at a foreign file in a child process with limits first: a Parquet or HDF5 file can be made to crash the library
// that reads it or to fill the memory, and then it is the child that dies, and the load says which file it was.
//
// The child is this program again (/proc/self/exe), so its main() calls run_probe() before anything else. The child
// reads the metadata, decodes the first and the last stretch of rows, and says on a pipe how it went. Thread rule:
// probe_file() from any thread; set_probe_program() and run_probe() before there are others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

// To be called first in main(). An exit code if this process is a probe's child, which main() returns at once.
// Otherwise nothing, and from now on probe_file() starts this program. In a program that never called it (a benchmark)
// files are read unprobed.
[[nodiscard]] std::optional<int> run_probe(int argc, char** argv);

// Another program to start, whose main() calls run_probe(): for tests.
void set_probe_program(std::string path);

// Sanitizers reserve terabytes of address space: there the child has no limit on it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kProbeLimitsAddressSpace = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool kProbeLimitsAddressSpace = false;
#else
inline constexpr bool kProbeLimitsAddressSpace = true;
#endif
#else
inline constexpr bool kProbeLimitsAddressSpace = true;
#endif

struct ProbeLimits {
  std::uint64_t address_space_bytes = std::uint64_t{2} << 30;  // on top of four times the file's size
  std::uint32_t cpu_seconds = 60;
  std::uint32_t wall_seconds = 600;  // a file system that hangs uses no processor time
};

struct ProbeTarget {
  SourceFormat format = SourceFormat::kParquet;
  std::string path;
  std::string group;                  // kHdf5
  DecompressionLimits decompression;  // kHdf5
};

// What the child found wrong, or kEnvironment naming the file and the signal or limit that ended it. Answers are kept
// for (path, size, mtime): a file is probed once in a process.
[[nodiscard]] Status probe_file(const ProbeTarget& target, const ProbeLimits& limits = {});

}  // namespace tipple
