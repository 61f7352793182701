// A table's log: one JSON-lines file per version, `_log/00000000000000000007.json`, in the action vocabulary of the
// Delta Lake transaction protocol (protocol, metaData, add, remove, txn, commitInfo) with format provider "hdf5". Of a
// table of Parquet parts it is `_delta_log/...` with provider "parquet": Delta Lake itself.
//
// The commit is link(): see create_file_exclusive. Readers probe version N+1; listings may lag.
// Thread rule: stateless functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/column_stats.h"
#include "jobs/data_type.h"
#include "jobs/job_spec.h"
#include "jobs/row_account.h"
#include "warehouse/warehouse.h"

namespace tipple {

// One part of a version.
struct LoggedPart {
  std::string path;  // relative to the table's folder, data/part-<load>-<task>.h5 or .parquet
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  Sha256 sha256{};
  Id128 content_digest;
  std::vector<ColumnStats> columns;
  friend bool operator==(const LoggedPart&, const LoggedPart&) = default;
};

struct CommitInfo {
  LoadId load;
  AttemptId attempt;
  std::string job;
  std::string mode;
  WriteMode write = WriteMode::kReplace;
  RowAccount rows;                // of this load
  std::int64_t timestamp_ms = 0;  // wall clock, for people; nothing decides by it
  std::string engine;             // "tipple 0.1.0"
};

// A version of a table: what its log adds up to.
struct TableVersion {
  std::uint64_t version = 0;
  Schema schema;
  Codec codec = Codec::kDeflate;
  PartFormat format = PartFormat::kHdf5;
  std::vector<LoggedPart>
      parts;          // in row order; a part may have fewer columns, and narrower ones (warehouse/part_scan.h)
  CommitInfo commit;  // of this version
  [[nodiscard]] std::uint64_t rows() const;
};

// The newest version (or `version`); nothing if the table has none. Errors: a damaged or missing log entry (named), a
// newer protocol.
[[nodiscard]] Result<std::optional<TableVersion>> read_table(const Warehouse& warehouse, const std::string& table,
                                                             std::optional<std::uint64_t> version = std::nullopt);

// All commits, oldest first.
struct HistoryEntry {
  std::uint64_t version = 0;
  CommitInfo commit;
};
[[nodiscard]] Result<std::vector<HistoryEntry>> read_history(const Warehouse& warehouse, const std::string& table);

// The version that this load published, if it did.
[[nodiscard]] Result<std::optional<std::uint64_t>> find_load(const Warehouse& warehouse, const std::string& table,
                                                             LoadId load);

// How a load's rows become part of a table.
struct CommitOptions {
  PartFormat format = PartFormat::kHdf5;
  bool evolve = false;  // the table's columns may grow (warehouse/schema_evolution.h)
  // Rows that hold for one state of the table only (numbers that go on after its last one): become this version or
  // none.
  std::optional<std::uint64_t> only_as = std::nullopt;
};

// What every commit_version() of these rows would refuse (kUsage): another format than the table's, columns that do not
// fit those of the table when `write` appends to it.
[[nodiscard]] Status check_committable(const Warehouse& warehouse, const std::string& table, const Schema& schema,
                                       WriteMode write, const CommitOptions& options = {});

// Commits `parts` (already in data/, synced; of `schema`, as their statistics) as a new version: `replace` removes all
// others, `append` keeps them and requires an equal schema, or one that widens the table's if it may evolve (kUsage
// otherwise). On a lost race it rereads: this load is there -> already; else it rebases and tries the next number, or
// says that the only one it may be is taken.
struct CommitOutcome {
  std::uint64_t version = 0;
  bool already = false;
  bool taken = false;  // nothing was committed: another load has options.only_as
};
[[nodiscard]] Result<CommitOutcome> commit_version(const Warehouse& warehouse, const std::string& table,
                                                   const Schema& schema, Codec codec,
                                                   const std::vector<LoggedPart>& parts, const CommitInfo& info,
                                                   const CommitOptions& options = {});

}  // namespace tipple
