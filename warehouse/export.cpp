#include "warehouse/export.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>

#include "formats/hdf5_part_writer.h"
#include "warehouse/export_writer.h"
#include "warehouse/part_scan.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

bool is_text(ExportFormat format) { return format == ExportFormat::kCsv || format == ExportFormat::kJsonLines; }

// Positions in the schema of what is asked for, in that order.
Result<std::vector<std::uint32_t>> chosen_columns(const Schema& schema, const ExportOptions& options) {
  std::vector<std::uint32_t> chosen;
  for (const std::string& name : options.columns) {
    const auto found =
        std::find_if(schema.begin(), schema.end(), [&](const Column& column) { return column.name == name; });
    if (found == schema.end()) {
      std::string names;
      for (const Column& column : schema) names += (names.empty() ? "" : ", ") + column.name;
      return usage_error("the table has no column '" + name + "'", {}, "it has: " + names);
    }
    chosen.push_back(static_cast<std::uint32_t>(found - schema.begin()));
    if (!is_text(options.format) && std::count(chosen.begin(), chosen.end(), chosen.back()) > 1)
      return usage_error("column '" + name + "' is named twice, which this format cannot hold", {}, "name it once");
  }
  if (chosen.empty()) {
    for (std::uint32_t i = 0; i < schema.size(); ++i) chosen.push_back(i);
  }
  return chosen;
}

class Exporter {
 public:
  Exporter(const TableVersion& version, const std::vector<std::uint32_t>& chosen, ExportWriter& writer)
      : version_(version), chosen_(chosen), read_(chosen), writer_(writer) {
    std::sort(read_.begin(), read_.end());
    read_.erase(std::unique(read_.begin(), read_.end()), read_.end());
  }

  Status part(const std::filesystem::path& path, const LoggedPart& part) {
    TIPPLE_TRY(const SyncedFile hashed, hash_file(path));
    if (hashed.sha256 != part.sha256) {  // damaged files can crash HDF5
      return environment_error("the part is damaged: its SHA-256 is not the one that was published", path.string(),
                               "restore it from a backup; `tipple verify` checks all parts");
    }
    TIPPLE_TRY(PartScan scan, PartScan::open(path, version_.format, version_.schema));
    for (std::uint64_t group = 0; group < scan.row_groups(); ++group) {
      TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> batch, scan.read(group, read_));
      TIPPLE_RETURN_IF_ERROR(writer_.rows(*in_order(*batch)));
      rows_written_ += static_cast<std::uint64_t>(batch->num_rows());
    }
    return {};
  }

  [[nodiscard]] std::uint64_t rows_written() const { return rows_written_; }

 private:
  [[nodiscard]] std::shared_ptr<arrow::RecordBatch> in_order(const arrow::RecordBatch& batch) const {
    arrow::ArrayVector arrays;
    arrow::FieldVector fields;
    for (const std::uint32_t column : chosen_) {
      const auto at = static_cast<int>(std::lower_bound(read_.begin(), read_.end(), column) - read_.begin());
      arrays.push_back(batch.column(at));
      fields.push_back(batch.schema()->field(at));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(), std::move(arrays));
  }

  const TableVersion& version_;
  const std::vector<std::uint32_t>& chosen_;  // in the order of the output
  std::vector<std::uint32_t> read_;           // the same, ascending and distinct
  ExportWriter& writer_;
  std::uint64_t rows_written_ = 0;
};

}  // namespace

Result<std::uint64_t> export_table(const Warehouse& warehouse, const std::string& table, const ExportOptions& options,
                                   const ExportSink& sink) {
  TIPPLE_TRY(const std::optional<TableVersion> version, read_table(warehouse, table, options.version));
  if (!version) {
    return usage_error("table " + table + " has no version yet", warehouse.table_folder(table).string(),
                       "load it first: tipple run");
  }
  TIPPLE_TRY(const std::vector<std::uint32_t> chosen, chosen_columns(version->schema, options));
  Schema columns;
  for (const std::uint32_t column : chosen) columns.push_back(version->schema[column]);
  const std::unique_ptr<ExportWriter> writer =
      is_text(options.format) ? make_text_writer(columns, options, sink) : make_arrow_writer(columns, options, sink);
  TIPPLE_RETURN_IF_ERROR(writer->begin());
  Exporter exporter(*version, chosen, *writer);
  for (const LoggedPart& part : version->parts) {
    TIPPLE_RETURN_IF_ERROR(exporter.part(warehouse.table_folder(table) / part.path, part));
  }
  TIPPLE_RETURN_IF_ERROR(writer->end());
  return exporter.rows_written();
}

}  // namespace tipple
