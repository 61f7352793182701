#include "cli/resources.h"

#include "jobs/byte_size.h"

namespace tipple {
namespace {

constexpr std::uint32_t kRanksMax = 100'000;
constexpr std::uint32_t kThreadsMax = 4096;

}  // namespace

void add_resource_options(CLI::App& sub, ResourceOptions& options) {
  sub.add_option("--ranks", options.ranks, "MPI ranks to start on this machine (default 1: no MPI at all)")
      ->check(CLI::Range(1u, kRanksMax))
      ->envname("TIPPLE_RANKS");
  sub.add_option("--threads", options.threads, "Threads of each rank (default: its share of the cores)")
      ->check(CLI::Range(1u, kThreadsMax))
      ->envname("TIPPLE_THREADS");
  sub.add_option("--memory", options.memory,
                 "Memory of each rank, as 512MiB (default: from Slurm, the cgroup or the machine)")
      ->envname("TIPPLE_MEMORY");
}

Result<RankResources> rank_resources(const ResourceOptions& options, std::uint32_t ranks_here) {
  std::optional<std::uint64_t> memory_bytes;
  if (!options.memory.empty()) {
    TIPPLE_TRY(memory_bytes, parse_bytes(options.memory));
  }
  RankResources resources;
  TIPPLE_TRY(resources.memory, memory_budget(memory_bytes, ranks_here));
  resources.threads =
      thread_count(options.threads > 0 ? std::optional<std::uint32_t>(options.threads) : std::nullopt, ranks_here);
  return resources;
}

}  // namespace tipple
