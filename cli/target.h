// What a verb on data was pointed at: a job file, a WAREHOUSE, or WAREHOUSE/TABLE.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/job_spec.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct Target {
  std::filesystem::path folder;        // of the warehouse
  std::optional<Warehouse> warehouse;  // absent: a job whose warehouse does not exist yet
  std::vector<std::string> tables;     // those meant that have a version, by name
  std::optional<JobSpec> job;          // if a job file was named
};

// `table`, if not empty, picks one. Errors: no such file or folder, not a warehouse, no such table (with the known
// ones).
[[nodiscard]] Result<Target> open_target(const std::string& argument, const std::string& table = {});

// The target's warehouse; Error kUsage when nothing was loaded yet.
[[nodiscard]] Result<Warehouse> require_warehouse(const Target& target);
// The target's only table; Error kUsage naming them when there are several or none.
[[nodiscard]] Result<std::string> require_one_table(const Target& target);

// Text for the help of every verb that takes a target.
inline constexpr const char* kTargetHelp = "A job file, or a WAREHOUSE[/TABLE] folder";

}  // namespace tipple
