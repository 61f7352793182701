// The ledger of a table's rejects: which loads left some, and what became of them.
//
//   _rejects/<load>.parquet           the rejects of a load (formats/reject_file.h)
//   _rejects/<load>.resolved.json     a later load took them up: {"by", "rows", "dropped", "input"}
//
// A load's rejects are resolved all at once or not at all: those that are rejected again are rejects of the load that
// took them up. Thread rule: stateless.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct RejectMark {
  LoadId by;                  // the load that took the rejects up
  std::uint64_t rows = 0;     // rejects of the marked load
  std::uint64_t dropped = 0;  // records that were given up by that replay, over all loads that it took up
  std::string input;  // digest of the file of corrected records that stood for them; empty: the records themselves
  friend bool operator==(const RejectMark&, const RejectMark&) = default;
};

struct LoadRejects {
  LoadId load;
  std::string mode;
  std::filesystem::path file;
  std::optional<RejectMark> resolved;
};

// The loads that published into the table and left rejects, oldest first. A load that replaced the table has done away
// with the rejects of those before it, and a load that published nothing has none: its records are all still to be
// loaded.
[[nodiscard]] Result<std::vector<LoadRejects>> published_rejects(const Warehouse& warehouse, const std::string& table);

[[nodiscard]] std::filesystem::path reject_mark_path(const Warehouse& warehouse, const std::string& table, LoadId load);
// Errors: kEnvironment, a damaged mark.
[[nodiscard]] Result<std::optional<RejectMark>> read_reject_mark(const Warehouse& warehouse, const std::string& table,
                                                                 LoadId load);
// Atomic and durable; marking twice is harmless.
[[nodiscard]] Status mark_rejects_resolved(const Warehouse& warehouse, const std::string& table, LoadId load,
                                           const RejectMark& mark);

// The loads whose rejects `load` took up, and those whose rejects these took up: where its rejects first stood. Oldest
// first.
[[nodiscard]] std::vector<LoadId> reject_origins(const std::vector<LoadRejects>& rejects, LoadId load);

}  // namespace tipple
