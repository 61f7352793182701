// Checks a table against its log: every part's size and SHA-256, and by `recount` its rows and content digest from the
// data itself; and that the view shows the newest version.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "warehouse/table_log.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct VerifyReport {
  std::string table;
  std::uint64_t version = 0;
  std::uint64_t parts = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  Id128 content_digest;               // from the data, as rows of the version's columns
  Sha256 bytes_digest{};              // SHA-256 over the parts' SHA-256, in order
  std::vector<std::string> problems;  // one sentence each: which file, what is wrong, what to do; empty: all is well
};

// Runs on up to `threads` threads. A table without a version is an Error (kUsage).
[[nodiscard]] Result<VerifyReport> verify_table(const Warehouse& warehouse, const std::string& table,
                                                std::optional<std::uint64_t> version, unsigned threads);

// SHA-256 over the parts' SHA-256, in order: `bytes_digest` of run --json and verify --json.
[[nodiscard]] Sha256 bytes_digest(const std::vector<LoggedPart>& parts);
// Sum of the parts' content digests.
[[nodiscard]] Id128 content_digest(const std::vector<LoggedPart>& parts);

}  // namespace tipple
