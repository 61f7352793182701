// The job file that `tipple init` writes: sources as they were sniffed, tables with the columns that were inferred,
// comments that say why.
//
// Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/infer_column.h"
#include "formats/sniff_file.h"
#include "jobs/job_spec.h"

namespace tipple {

// Files of one shape: a source, and the table that it feeds.
struct InitGroup {
  std::string name;                // of both
  std::vector<std::string> paths;  // as the job file names them
  SniffedFile shape;
  std::vector<std::string> nulls;  // texts that mean null, besides the empty one
  std::vector<ColumnSpec> columns;
  std::vector<std::string> notes;  // for each column: what is to be known of it; may be empty
  std::uint64_t files = 0;
  std::uint64_t records = 0;
  std::uint64_t bad_records = 0;
};

// Text of a job file that loads all groups.
[[nodiscard]] std::string init_job_yaml(const std::string& job, const std::vector<InitGroup>& groups);

// A name that a table can have, from a file's: letters, digits and '_'; unlike the ones in `taken`, which it is added
// to.
[[nodiscard]] std::string table_name(const std::filesystem::path& file, std::vector<std::string>& taken);

}  // namespace tipple
