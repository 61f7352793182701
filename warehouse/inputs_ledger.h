// The ledger of a table's inputs: `_inputs/<load>.jsonl.zst`, one line for each file that a load took in.
//
// Thread rule: stateless.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct LedgerInput {
  std::string source;
  std::string path;
  std::string member;  // of an archive
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};

// What one load took in for the table, in its order; nothing if it left no ledger.
[[nodiscard]] Result<std::vector<LedgerInput>> load_inputs(const Warehouse& warehouse, const std::string& table,
                                                           LoadId load);

// What all loads that published a version of the table took in.
[[nodiscard]] Result<std::vector<LedgerInput>> published_inputs(const Warehouse& warehouse, const std::string& table);

}  // namespace tipple
