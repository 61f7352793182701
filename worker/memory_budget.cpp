#include "worker/memory_budget.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

#include "base/limits.h"

namespace tipple {
namespace {

// Less than this and not even a few blocks fit through the graph.
constexpr std::uint64_t kBudgetBytesMin = 16 * limits::kMiB;
// cgroup v1 writes "no limit" as the largest multiple of a page.
constexpr std::uint64_t kUnlimitedBytes = std::uint64_t{1} << 60;
constexpr const char* kSlurmVariables[] = {"SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE",
                                           "SLURM_CPUS_PER_TASK"};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

// A small text file of /proc or /sys; empty if it cannot be read. Their stat sizes are 0, so they are read as streams.
std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<std::uint64_t> variable(const ResourceEnvironment& environment, const std::string& name) {
  const auto found = environment.variables.find(name);
  return found == environment.variables.end() ? std::nullopt : parse_number(found->second);
}

// Slurm's figures are MiB of the node; 0 stands for all of its memory, which the machine's own figure says better.
std::optional<std::uint64_t> slurm_bytes(const ResourceEnvironment& environment) {
  const auto from_mib = [](std::uint64_t mib) {
    return mib > kUnlimitedBytes / limits::kMiB ? kUnlimitedBytes : mib * limits::kMiB;
  };
  if (const auto mib = variable(environment, "SLURM_MEM_PER_NODE"); mib && *mib > 0) return from_mib(*mib);
  const auto mib = variable(environment, "SLURM_MEM_PER_CPU");
  const auto cpus = variable(environment, "SLURM_CPUS_ON_NODE");
  if (mib && cpus && *mib > 0 && *cpus > 0 && *mib <= kUnlimitedBytes / *cpus) return from_mib(*mib * *cpus);
  return std::nullopt;
}

// The smallest limit of `group` and the groups around it below `mount`.
std::optional<std::uint64_t> group_limit(const std::filesystem::path& mount, std::filesystem::path group,
                                         const char* file) {
  std::optional<std::uint64_t> smallest;
  group = group.relative_path();
  while (true) {
    const auto limit = parse_number(read_text(mount / group / file));  // "max" is no number
    if (limit && *limit < kUnlimitedBytes) smallest = std::min(smallest.value_or(*limit), *limit);
    if (group.empty()) return smallest;
    group = group.parent_path();
  }
}

// /proc/self/cgroup has lines "<hierarchy>:<controllers>:<path>"; version 2 has no controllers in its line.
std::optional<std::uint64_t> cgroup_bytes(const ResourceEnvironment& environment) {
  std::istringstream lines(read_text(environment.root / "proc/self/cgroup"));
  const std::filesystem::path mount = environment.root / "sys/fs/cgroup";
  std::optional<std::uint64_t> smallest;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    std::optional<std::uint64_t> limit;
    if (controllers == ",,") limit = group_limit(mount, path, "memory.max");
    if (controllers.find(",memory,") != std::string::npos)
      limit = group_limit(mount / "memory", path, "memory.limit_in_bytes");
    if (limit) smallest = std::min(smallest.value_or(*limit), *limit);
  }
  return smallest;
}

// What the kernel thinks can be used without swapping.
std::optional<std::uint64_t> machine_bytes(const ResourceEnvironment& environment) {
  std::istringstream lines(read_text(environment.root / "proc/meminfo"));
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kKey = "MemAvailable:";
    if (!line.starts_with(kKey)) continue;
    if (const auto kib = parse_number(std::string_view(line).substr(kKey.size()))) return *kib * limits::kKiB;
  }
  return std::nullopt;
}

}  // namespace

ResourceEnvironment this_environment() {
  ResourceEnvironment environment;
  for (const char* name : kSlurmVariables) {
    if (const char* value = std::getenv(name)) environment.variables[name] = value;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0)
    environment.affinity_cpus = static_cast<std::uint32_t>(CPU_COUNT(&cpus));
  return environment;
}

Result<MemoryBudget> memory_budget_in(const ResourceEnvironment& environment, std::optional<std::uint64_t> flag_bytes,
                                      std::uint32_t ranks_here) {
  if (flag_bytes) {
    if (*flag_bytes >= kBudgetBytesMin) return MemoryBudget{*flag_bytes, "flag"};
    return usage_error("a memory budget of " + std::to_string(*flag_bytes) + " bytes is too small", "--memory",
                       "give 16MiB or more");
  }
  const auto share = [&](std::uint64_t bytes, const char* source) -> Result<MemoryBudget> {
    const std::uint64_t budget = bytes / 4 * 3 / std::max(ranks_here, 1u);
    if (budget >= kBudgetBytesMin) return MemoryBudget{budget, source};
    return environment_error(
        "only " + std::to_string(bytes) + " bytes of memory for " + std::to_string(ranks_here) + " ranks", source,
        "start fewer ranks on this node, ask for more memory, or set --memory");
  };
  if (const auto bytes = slurm_bytes(environment)) return share(*bytes, "slurm");
  if (const auto bytes = cgroup_bytes(environment)) return share(*bytes, "cgroup");
  if (const auto bytes = machine_bytes(environment)) return share(*bytes, "machine");
  return environment_error("cannot find out how much memory there is", (environment.root / "proc/meminfo").string(),
                           "set --memory");
}

std::uint32_t thread_count_in(const ResourceEnvironment& environment, std::optional<std::uint32_t> flag,
                              std::uint32_t ranks_here) {
  if (flag) return std::max(*flag, 1u);
  if (const auto cpus = variable(environment, "SLURM_CPUS_PER_TASK"); cpus && *cpus > 0) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(*cpus, std::numeric_limits<std::uint32_t>::max()));
  }
  return std::max(environment.affinity_cpus / std::max(ranks_here, 1u), 1u);
}

Result<MemoryBudget> memory_budget(std::optional<std::uint64_t> flag_bytes, std::uint32_t ranks_here) {
  return memory_budget_in(this_environment(), flag_bytes, ranks_here);
}

std::uint32_t thread_count(std::optional<std::uint32_t> flag, std::uint32_t ranks_here) {
  return thread_count_in(this_environment(), flag, ranks_here);
}

}  // namespace tipple
