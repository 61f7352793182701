// A version of a table as one stream: CSV that Tipple reads back to the same rows, JSON lines, Parquet, or an Arrow IPC
// file. docs/warehouse.md has the rules.
//
// Thread rule: stateless; blocks until all is written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "warehouse/warehouse.h"

namespace tipple {

enum class ExportFormat : std::uint8_t { kCsv, kJsonLines, kParquet, kArrow };

struct ExportOptions {
  ExportFormat format = ExportFormat::kCsv;
  std::vector<std::string> columns;      // in this order; empty: all of them
  bool header = true;                    // CSV: the first line names the columns
  std::optional<std::uint64_t> version;  // absent: the newest
};

// Takes the bytes in blocks of about kExportBlockBytes, of text with whole lines; its first error ends the export.
using ExportSink = std::function<Status(std::string_view)>;
inline constexpr std::size_t kExportBlockBytes = 1 << 20;

// Returns the rows written. Errors: kUsage for an unknown table, version or column, kEnvironment for a damaged part
// (each part is checked against its SHA-256 before it is opened).
[[nodiscard]] Result<std::uint64_t> export_table(const Warehouse& warehouse, const std::string& table,
                                                 const ExportOptions& options, const ExportSink& sink);

}  // namespace tipple
