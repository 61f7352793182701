// Being one of many ranks: finding out whether a launcher started us, and starting ourselves under mpirun.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"

namespace tipple {

// What mpirun or srun told this process about its group. Absent: started alone, so no MPI is needed.
struct LauncherPlace {
  std::uint32_t rank = 0;
  std::uint32_t ranks = 1;
  std::uint32_t ranks_here = 1;  // on this node: they share its cores and memory
};
[[nodiscard]] std::optional<LauncherPlace> launcher_place();

// Runs this same command line under `mpirun -n ranks` and waits for it. Stop signals reach the ranks as SIGUSR1,
// because on SIGTERM mpirun leaves its ranks less than a second. Gives the ranks' exit code; a rank that died is an
// Error.
[[nodiscard]] Result<int> run_under_mpirun(int argc, char** argv, std::uint32_t ranks);

// In a rank that run_under_mpirun started: die with the launcher, so that no orphan goes on writing.
void follow_launcher(const LauncherPlace& place);

}  // namespace tipple
