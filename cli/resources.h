// The flags that say how much of the machine a load may use, shared by plan, run and resume.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/App.hpp>

#include "base/result.h"
#include "worker/memory_budget.h"

namespace tipple {

struct ResourceOptions {
  std::uint32_t ranks = 1;
  std::uint32_t threads = 0;  // 0: not given
  std::string memory;         // empty: not given
};

// --ranks, --threads, --memory, with TIPPLE_RANKS, TIPPLE_THREADS and TIPPLE_MEMORY behind them.
void add_resource_options(CLI::App& sub, ResourceOptions& options);

// What one rank may use when `ranks_here` share this node.
struct RankResources {
  std::uint32_t threads = 1;
  MemoryBudget memory;
};
[[nodiscard]] Result<RankResources> rank_resources(const ResourceOptions& options, std::uint32_t ranks_here);

}  // namespace tipple
