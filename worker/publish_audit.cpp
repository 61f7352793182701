#include "worker/publish_audit.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "warehouse/column_sum.h"
#include "warehouse/part_scan.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

namespace fs = std::filesystem;

Error not_met(const TableSpec& table, const std::string& found, const std::string& wanted) {
  Error error;
  error.kind = ErrorKind::kQuality;
  error.what = fmt::format("table {}: {}, expected {}; nothing was published", table.name, found, wanted);
  error.hint = "look at the input, or change the table's `expect` in the job file";
  return error;
}

template <typename Value>
Status check_bounds(const TableSpec& table, const std::string& what, const std::string& found, Value value,
                    const std::optional<Value>& min, const std::optional<Value>& max) {
  const std::string text = fmt::format("{} {}", what, found);
  if (min && !(value >= *min))
    return not_met(table, text, fmt::format("at least {}", *min));  // a NaN is no sum that was expected
  if (max && !(value <= *max)) return not_met(table, text, fmt::format("at most {}", *max));
  return {};
}

// Where the table's parts are: those that stay, then this load's, staged or moved into place before a kill.
std::vector<fs::path> part_paths(const Warehouse& warehouse, const TableSpec& table, const PlannedTable& planned,
                                 const std::optional<TableVersion>& kept) {
  const fs::path folder = warehouse.table_folder(table.name);
  std::vector<fs::path> paths;
  if (kept) {
    for (const LoggedPart& part : kept->parts) paths.push_back(folder / part.path);
  }
  for (const PlannedPart& part : planned.parts) {
    const fs::path staged = warehouse.folder() / part.staged.path;
    std::error_code ignored;
    paths.push_back(fs::exists(staged, ignored) ? staged : folder / part.path);
  }
  return paths;
}

// Parts of other columns than the load's are left to the commit, which refuses them or widens the table.
Status add_part(const fs::path& path, const TableSpec& table, const std::vector<std::uint32_t>& columns,
                std::vector<ColumnSum>& sums) {
  TIPPLE_TRY(PartScan scan, PartScan::open(path, table.part_format, table.schema()));
  std::vector<std::uint32_t> read = columns;
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  for (std::uint64_t group = 0; group < scan.row_groups(); ++group) {
    TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> batch, scan.read(group, read));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto at = std::lower_bound(read.begin(), read.end(), columns[i]) - read.begin();
      sums[i].add(*batch->column(static_cast<int>(at)));
    }
  }
  return {};
}

Status check_sums(const TableSpec& table, const std::vector<fs::path>& parts) {
  const Schema schema = table.schema();
  std::vector<std::uint32_t> columns;
  std::vector<ColumnSum> sums;
  for (const TableExpectations::Sum& expected : table.expectations.sums) {
    const auto column =
        std::find_if(schema.begin(), schema.end(), [&](const Column& one) { return one.name == expected.column; });
    if (column == schema.end())
      return usage_error("table " + table.name + " has no column '" + expected.column + "' to sum");
    TIPPLE_TRY(ColumnSum sum, ColumnSum::make(*column));
    sums.push_back(std::move(sum));
    columns.push_back(static_cast<std::uint32_t>(column - schema.begin()));
  }
  for (const fs::path& part : parts) TIPPLE_RETURN_IF_ERROR(add_part(part, table, columns, sums));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const TableExpectations::Sum& expected = table.expectations.sums[i];
    TIPPLE_RETURN_IF_ERROR(check_bounds(table, "the sum of " + expected.column + " is", sums[i].text(), sums[i].value(),
                                        expected.min, expected.max));
  }
  return {};
}

}  // namespace

Status audit_table(const Warehouse& warehouse, const TableSpec& table, const PlannedTable& planned, WriteMode write) {
  const TableExpectations& expected = table.expectations;
  if (!expected.rows_min && !expected.rows_max && expected.sums.empty()) return {};
  std::optional<TableVersion> kept;
  if (write == WriteMode::kAppend) {
    TIPPLE_TRY(kept, read_table(warehouse, table.name));
  }
  const std::uint64_t rows = planned.rows.rows_out + (kept ? kept->rows() : 0);
  TIPPLE_RETURN_IF_ERROR(
      check_bounds(table, "the number of rows is", std::to_string(rows), rows, expected.rows_min, expected.rows_max));
  if (expected.sums.empty()) return {};
  return check_sums(table, part_paths(warehouse, table, planned, kept));
}

}  // namespace tipple
