// RowExtract: rows of a columnar file, copied into a new file of the same format, so that the same source reads the
// same values from it.
//
// Equation: what open_batch_source(to) reads at row i is what open_batch_source(from) reads at the i-th row that was
// appended; its schema is the same. The same rows of the same file give the same bytes. Bounded: a stretch of rows of
// the file and a row group of the new one are in memory, whatever the number of rows. Owner: who copies. Thread rule:
// one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/batch_source.h"
#include "jobs/job_spec.h"

namespace tipple {

class RowExtract {
 public:
  virtual ~RowExtract() = default;
  // Rows by their numbers in the file, from 0; in any order, also twice. Ascending ones are cheap: what has none of
  // them is not read. Errors: kEnvironment: a row that the file does not have, damage; kUsage: a value that cannot be
  // written again as it is.
  [[nodiscard]] virtual Status append(std::span<const std::uint64_t> rows) = 0;
  // Call once, last. Nothing is synced. Errors: as append(); a file that would be read otherwise than the first one.
  [[nodiscard]] virtual Status close() = 0;
};

// `to` must not be there; its mode is 0600. Errors: as open_batch_source(); kUsage: columns that cannot be written
// again. Precondition: kParquet or kHdf5.
[[nodiscard]] Result<std::unique_ptr<RowExtract>> make_row_extract(const std::string& from, const SourceSpec& source,
                                                                   const std::string& to);

// For implementations: holds that `written`, an extract of `rows` rows of `from`, has all of them under `schema`.
[[nodiscard]] Status check_row_extract(const BatchSource& written, std::uint64_t rows, const arrow::Schema& schema,
                                       const std::string& from);
// For implementations: why a file's rows cannot be written again.
[[nodiscard]] Error row_extract_error(std::string_view why, const std::string& from);

}  // namespace tipple
