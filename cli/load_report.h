// The full account of a load: `_loads/<load>/report.json`, and the part of it that `run --json` prints. docs/cli.md
// names the fields.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "cli/output.h"
#include "cli/resources.h"
#include "coordinator/journal.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

inline constexpr std::uint64_t kReportBytesMax = 64 * limits::kMiB;

// What this attempt knows and the journals do not.
struct AttemptFacts {
  std::string outcome;  // published, already-published, failed, checkpointed
  std::optional<Error> error;
  double seconds = 0;  // since the program began
  std::uint32_t ranks = 1;
  RankResources rank;
  std::uint64_t chunks_total = 0;
  const LoadState* before = nullptr;  // what earlier attempts had achieved; null: nothing
  std::uint64_t redone = 0;           // chunks that an earlier attempt had begun and lost
  std::uint64_t reissued =
      0;  // chunks that this attempt handed out again: losses, wrong guesses, duplicates at the end
  std::uint32_t workers_lost = 0;
  std::uint64_t mismatches = 0;  // record starts that were guessed wrong
  std::uint64_t scans = 0;       // files that fell back to the sequential boundary scan
};

// The whole account. `state` is the replay of all journals, this attempt's included.
[[nodiscard]] Result<Json> load_report(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load,
                                       const LoadState& state, const AttemptFacts& facts);

// The fields of a report that `run --json` prints, and where the report is.
[[nodiscard]] Json run_summary(const Json& report, const std::filesystem::path& report_path);

// The loads of one run as one document: that of the only load, or the last one's with the tables of all, their seconds
// added up, and `loads`, what each came to by itself.
[[nodiscard]] Json joined_summary(const std::vector<Json>& summaries);

// The report as tables for people.
[[nodiscard]] std::string report_text(const Json& report);
// A few lines: what happened to each table.
[[nodiscard]] std::string outcome_text(const Json& report);

// Bytes per second and core of the newest load that published into this warehouse; nothing if none has.
[[nodiscard]] std::optional<double> newest_rate(const std::filesystem::path& warehouse);

}  // namespace tipple
