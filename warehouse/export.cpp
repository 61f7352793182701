#include "warehouse/export.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "formats/hdf5_part_reader.h"
#include "formats/hdf5_part_writer.h"
#include "warehouse/table_log.h"
#include "warehouse/value_text.h"

namespace tipple {
namespace {

class Exporter {
 public:
  Exporter(const TableVersion& version, const ExportOptions& options, const ExportSink& sink)
      : version_(version),
        options_(options),
        sink_(sink),
        style_(options.format == ExportFormat::kCsv ? TextStyle::kCsv : TextStyle::kJson) {}

  Status choose_columns() {
    const Schema& schema = version_.schema;
    for (const std::string& name : options_.columns) {
      const auto found =
          std::find_if(schema.begin(), schema.end(), [&](const Column& column) { return column.name == name; });
      if (found == schema.end()) {
        std::string names;
        for (const Column& column : schema) names += (names.empty() ? "" : ", ") + column.name;
        return usage_error("the table has no column '" + name + "'", {}, "it has: " + names);
      }
      chosen_.push_back(static_cast<std::uint32_t>(found - schema.begin()));
    }
    if (chosen_.empty()) {
      for (std::uint32_t i = 0; i < schema.size(); ++i) chosen_.push_back(i);
    }
    read_ = chosen_;
    std::sort(read_.begin(), read_.end());
    read_.erase(std::unique(read_.begin(), read_.end()), read_.end());
    for (const std::uint32_t column : chosen_) {
      std::string key;
      append_text(schema[column].name, style_, key);
      keys_.push_back(std::move(key));
    }
    return {};
  }

  Status header() {
    if (style_ != TextStyle::kCsv || !options_.header) return {};
    for (std::size_t i = 0; i < keys_.size(); ++i) text_ += (i == 0 ? "" : ",") + keys_[i];
    text_ += '\n';
    return {};
  }

  Status part(const std::filesystem::path& path, const LoggedPart& part) {
    TIPPLE_TRY(const SyncedFile hashed, hash_file(path));
    if (hashed.sha256 != part.sha256) {  // damaged files can crash HDF5
      return environment_error("the part is damaged: its SHA-256 is not the one that was published", path.string(),
                               "restore it from a backup; `tipple verify` checks all parts");
    }
    TIPPLE_TRY(Hdf5PartReader reader, Hdf5PartReader::open(path));
    for (std::uint64_t group = 0; group < reader.row_groups(); ++group) {
      TIPPLE_TRY(const std::shared_ptr<arrow::RecordBatch> batch, reader.read_row_group(group, read_));
      TIPPLE_RETURN_IF_ERROR(rows(*batch));
    }
    return {};
  }

  Status flush() {
    if (text_.empty()) return {};
    Status written = sink_(text_);
    text_.clear();
    return written;
  }

  [[nodiscard]] std::uint64_t rows_written() const { return rows_written_; }

 private:
  Status rows(const arrow::RecordBatch& batch) {
    std::vector<const arrow::Array*> arrays;
    std::vector<std::unique_ptr<ColumnText>> columns;
    for (const std::uint32_t column : chosen_) {
      const auto position = std::lower_bound(read_.begin(), read_.end(), column) - read_.begin();
      arrays.push_back(batch.column(static_cast<int>(position)).get());  // the batch keeps it
      columns.push_back(column_text(*arrays.back(), version_.schema[column].type, style_));
    }
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (style_ == TextStyle::kJson) {
          text_ += i == 0 ? '{' : ',';
          text_ += keys_[i];
          text_ += ':';
        } else if (i > 0) {
          text_ += ',';
        }
        if (!arrays[i]->IsNull(row)) {
          columns[i]->append(row, text_);
        } else if (style_ == TextStyle::kJson) {
          text_ += "null";
        }
      }
      text_ += style_ == TextStyle::kJson ? "}\n" : "\n";
      if (text_.size() >= kExportBlockBytes) TIPPLE_RETURN_IF_ERROR(flush());
    }
    rows_written_ += static_cast<std::uint64_t>(batch.num_rows());
    return {};
  }

  const TableVersion& version_;
  const ExportOptions& options_;
  const ExportSink& sink_;
  TextStyle style_;
  std::vector<std::uint32_t> chosen_;  // columns in the order of printing
  std::vector<std::uint32_t> read_;    // the same, ascending and distinct
  std::vector<std::string> keys_;      // names as printed
  std::string text_;
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
  Exporter exporter(*version, options, sink);
  TIPPLE_RETURN_IF_ERROR(exporter.choose_columns());
  TIPPLE_RETURN_IF_ERROR(exporter.header());
  for (const LoggedPart& part : version->parts) {
    TIPPLE_RETURN_IF_ERROR(exporter.part(warehouse.table_folder(table) / part.path, part));
  }
  TIPPLE_RETURN_IF_ERROR(exporter.flush());
  return exporter.rows_written();
}

}  // namespace tipple
