// How much memory and how many threads a rank may use: flag, else Slurm, else cgroup, else machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tipple {

struct MemoryBudget {
  std::uint64_t bytes = 0;
  std::string source;  // "flag", "slurm", "cgroup", "machine"
};

// `ranks_here`: ranks that share the node; Slurm's, the cgroup's and the machine's figures are divided by it. Of what is found three
// quarters are used (a flag is used whole).
[[nodiscard]] Result<MemoryBudget> memory_budget(std::optional<std::uint64_t> flag_bytes, std::uint32_t ranks_here);

// flag, else SLURM_CPUS_PER_TASK, else the CPU affinity mask divided by ranks_here; at least 1.
[[nodiscard]] std::uint32_t thread_count(std::optional<std::uint32_t> flag, std::uint32_t ranks_here);

// "256MiB", "1GiB", "500MB", "1048576". Error kUsage.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace tipple
