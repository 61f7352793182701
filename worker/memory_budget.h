// How much memory and how many threads a rank may use: flag, else Slurm, else cgroup, else machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "jobs/byte_size.h"  // parse_bytes, for --memory

namespace tipple {

struct MemoryBudget {
  std::uint64_t bytes = 0;
  std::string source;  // "flag", "slurm", "cgroup", "machine"
};

// `ranks_here`: ranks that share the node; Slurm's, the cgroup's and the machine's figures are divided by it. Of what
// is found three quarters are used (a flag is used whole).
[[nodiscard]] Result<MemoryBudget> memory_budget(std::optional<std::uint64_t> flag_bytes, std::uint32_t ranks_here);

// flag, else SLURM_CPUS_PER_TASK, else the CPU affinity mask divided by ranks_here; at least 1.
[[nodiscard]] std::uint32_t thread_count(std::optional<std::uint32_t> flag, std::uint32_t ranks_here);

// What the two functions above look at, so that tests can set it.
struct ResourceEnvironment {
  std::map<std::string, std::string> variables;  // SLURM_*
  std::filesystem::path root = "/";              // below it: proc/self/cgroup, proc/meminfo, sys/fs/cgroup
  std::uint32_t affinity_cpus = 1;               // processors that this process may run on
};
[[nodiscard]] ResourceEnvironment this_environment();
[[nodiscard]] Result<MemoryBudget> memory_budget_in(const ResourceEnvironment& environment,
                                                    std::optional<std::uint64_t> flag_bytes, std::uint32_t ranks_here);
[[nodiscard]] std::uint32_t thread_count_in(const ResourceEnvironment& environment, std::optional<std::uint32_t> flag,
                                            std::uint32_t ranks_here);

}  // namespace tipple
