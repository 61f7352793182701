// Job files: YAML to JobSpec (docs/job-file.md).
//
// Thread rule: pure functions, read_job_file apart. yaml-cpp stands in yaml_tree.cpp only.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

// One mistake in a job file. Line and column count from 1; 0 where the file as a whole is meant.
struct JobFileMistake {
  int line = 0;
  int column = 0;
  std::string what;
  std::string hint;
};

struct ParsedJob {
  JobSpec spec;                          // meaningful only if there are no mistakes
  std::vector<JobFileMistake> mistakes;  // all of them, in file order
};

// Parses `text`; `file` is used for messages, `folder` (absolute) for relative paths. Never throws, whatever the bytes.
[[nodiscard]] ParsedJob parse_job(std::string_view text, const std::filesystem::path& file,
                                  const std::filesystem::path& folder);

// Reads and parses. An Error's text holds one "file:line:column: what (hint)" line per mistake.
[[nodiscard]] Result<JobSpec> read_job_file(const std::filesystem::path& file);

// The name of `known` nearest to `text` by edit distance, or empty when none is near.
[[nodiscard]] std::string nearest_name(std::string_view text, const std::vector<std::string>& known);

}  // namespace tipple
