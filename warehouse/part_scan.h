// A part of a table, of either format, read as the table's columns: those that the part lacks are null, narrower types
// widen.
//
// Thread rule: one owner per scan; scans of different parts may be used on different threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/part_numbers.h"
#include "jobs/data_type.h"
#include "jobs/job_spec.h"

namespace tipple {

class PartScan {
 public:
  // Error kEnvironment for a damaged part, and for one whose columns are not the table's. Check a part's SHA-256 first:
  // damaged files can crash HDF5.
  [[nodiscard]] static Result<PartScan> open(const std::filesystem::path& path, PartFormat format, const Schema& table);
  PartScan(PartScan&&) noexcept;
  ~PartScan();

  [[nodiscard]] const Schema& part_schema() const;
  [[nodiscard]] std::uint64_t rows() const;
  [[nodiscard]] std::uint64_t row_groups() const;
  // Where the part has the numbers of a column (a position in the part's schema).
  [[nodiscard]] Result<std::vector<NumberRun>> number_runs(std::uint32_t column);
  // Row group `index` as the part holds it, all its columns.
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> read_stored(std::uint64_t index);
  // Row group `index` with these of the table's columns (positions, ascending, distinct).
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> read(std::uint64_t index,
                                                                 const std::vector<std::uint32_t>& columns);
  // A batch of read_stored() as all of the table's columns.
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> widened(const arrow::RecordBatch& stored) const;

 private:
  struct Impl;
  explicit PartScan(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
