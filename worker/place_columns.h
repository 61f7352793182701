// PlaceColumns: the columns of a table that come from where a record stood: $file, $line, $offset, $record, $path.KEY.
//
// Constant ones are converted once per file, the others once per row, all through the CSV converters, so that they may
// have any type that their text fits. Immutable; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_column.h"
#include "jobs/job_spec.h"
#include "worker/block_rows.h"

namespace tipple {

// Does the column come from where a record stood?
[[nodiscard]] bool is_place_column(const ColumnSpec& column);

// Values that hold for a whole file, in the order of the columns; null where they differ by row.
using FileValues = std::vector<std::shared_ptr<arrow::Scalar>>;

class PlaceColumns {
 public:
  // `columns`: a table's, of which those whose `from` is a place field are taken. Errors: kUsage: a column's format.
  [[nodiscard]] static Result<PlaceColumns> make(const std::vector<ColumnSpec>& columns);

  [[nodiscard]] bool empty() const { return columns_.empty(); }
  [[nodiscard]] bool by_row() const;      // some differ by row: origins are wanted
  [[nodiscard]] bool needs_text() const;  // $record: only text has it
  // `folder`: the job's. Errors: kUsage: a key that the path does not have, a value that is none of the type.
  [[nodiscard]] Result<FileValues> values_of(const std::string& path, const std::filesystem::path& folder) const;

  // `read`: the columns that the format converted, in order. Appends to `out` all columns in the table's order, each
  // with origins.size() rows; what does not fit goes to `faults`.
  [[nodiscard]] Status complete(const arrow::RecordBatch& read, const FileValues& values,
                                const std::vector<std::uint32_t>& origins, const BlockText& text, CsvFaults& faults,
                                std::vector<std::shared_ptr<arrow::ArrayData>>& out, arrow::MemoryPool* pool) const;

 private:
  enum class Kind : std::uint8_t { kFile, kPath, kLine, kOffset, kRecord };
  struct PlaceColumn {
    std::size_t position = 0;  // among the table's columns
    Kind kind = Kind::kFile;
    std::string key;  // kPath
    ColumnSpec spec;
    std::shared_ptr<const CsvColumn> converter;
  };

  [[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> by_row(const PlaceColumn& column,
                                                                 const std::vector<std::uint32_t>& origins,
                                                                 const BlockText& text, CsvFaults& faults,
                                                                 arrow::MemoryPool* pool) const;

  std::vector<PlaceColumn> columns_;
  std::size_t count_ = 0;  // of all columns of the table
};

}  // namespace tipple
