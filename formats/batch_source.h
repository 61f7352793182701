// BatchSource: a columnar input file (Parquet, HDF5, a part of one of our tables) as Arrow batches.
//
// Such a file is cut in the byte space of the file like any other: a stretch of its rows (row group, HDF5 chunk rows)
// belongs to the byte range in which it begins, so that the ranges of the chunk plan tile the rows as they tile the
// bytes. Thread rule: open() and metadata from one thread; read() from several threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/record_format.h"
#include "jobs/job_spec.h"

namespace tipple {

// Rows that are read at once: a row group or a stretch of it.
struct BatchStretch {
  std::uint64_t first_row = 0;
  std::uint64_t rows = 0;
  std::uint64_t memory_bytes = 0;  // estimate of the batch's size
  std::uint64_t handle = 0;        // the source's own
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;
  [[nodiscard]] virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  [[nodiscard]] virtual std::uint64_t rows() const = 0;
  // Stretches that belong to the byte range [begin, end) of the file, in row order. `rows_max`: longer row groups are
  // cut.
  [[nodiscard]] virtual std::vector<BatchStretch> stretches(std::uint64_t begin, std::uint64_t end,
                                                            std::uint64_t rows_max) const = 0;
  // `columns`: positions in schema(). The batch's columns stand in that order.
  [[nodiscard]] virtual Result<std::shared_ptr<arrow::RecordBatch>> read(const BatchStretch& stretch,
                                                                         const std::vector<int>& columns,
                                                                         arrow::MemoryPool* pool) const = 0;
};

// kParquet, kHdf5, kTable (a part of ours, by its ending). Foreign files are hostile: they are looked at in a child
// process with limits first, and a crash there is an Error here.
[[nodiscard]] Result<std::unique_ptr<BatchSource>> open_batch_source(const std::string& path, const SourceSpec& source);

// The file's fields that none of `columns` reads, in its order; of structs that columns read into (user.name), the
// members (user.age), under such names.
[[nodiscard]] arrow::FieldVector unread_fields(const arrow::Schema& file, const std::vector<ColumnSpec>& columns);

// From a file's columns to a table's: casts values of any Arrow type to the declared types; what does not fit is a
// reject, with the row's number as its line (from 0 within the file) and offset.
class BatchConverter {
 public:
  // Errors: kUsage: unknown field with its nearest name, a type that cannot become the declared one at all; of a table
  // that rescues, a field without a text.
  [[nodiscard]] static Result<std::unique_ptr<BatchConverter>> make(const arrow::Schema& file, const BoundTable& table,
                                                                    const std::string& path);
  virtual ~BatchConverter() = default;
  // What to read: positions in the file's schema.
  [[nodiscard]] virtual const std::vector<int>& columns() const = 0;
  // `first_row`: of the batch in the file. ConvertedBatch::origins are row numbers in the batch.
  [[nodiscard]] virtual Result<ConvertedBatch> convert(const arrow::RecordBatch& batch, std::uint64_t first_row,
                                                       std::string_view path, arrow::MemoryPool* pool) const = 0;
};

}  // namespace tipple
