// What export_table() hands a table's rows to: one writer for each format.
//
// Thread rule: one owner.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"
#include "warehouse/export.h"

namespace tipple {

class ExportWriter {
 public:
  virtual ~ExportWriter() = default;
  [[nodiscard]] virtual Status begin() = 0;
  // `batch` has the columns that the writer was made for, in that order.
  [[nodiscard]] virtual Status rows(const arrow::RecordBatch& batch) = 0;
  [[nodiscard]] virtual Status end() = 0;
};

// `columns`: in the order of the output. `sink` must outlive the writer.
[[nodiscard]] std::unique_ptr<ExportWriter> make_text_writer(const Schema& columns, const ExportOptions& options,
                                                             const ExportSink& sink);
// Parquet and Arrow's IPC file format.
[[nodiscard]] std::unique_ptr<ExportWriter> make_arrow_writer(const Schema& columns, const ExportOptions& options,
                                                              const ExportSink& sink);

}  // namespace tipple
