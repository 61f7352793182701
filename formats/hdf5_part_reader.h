// Reads HDF5 parts that Tipple wrote. A damaged part is an Error, never a crash or silent fill values.
//
// Thread rule: one owner per reader; readers of different files may be used on different threads (the HDF5 mutex
// serialises library calls, decompression runs outside it).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/part_numbers.h"
#include "jobs/data_type.h"

namespace tipple {

class Hdf5PartReader {
 public:
  [[nodiscard]] static Result<Hdf5PartReader> open(const std::filesystem::path& path);
  Hdf5PartReader(Hdf5PartReader&&) noexcept;
  ~Hdf5PartReader();

  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] std::uint64_t rows() const;
  [[nodiscard]] std::uint64_t row_groups() const;
  [[nodiscard]] Result<std::string> attribute(const std::string& name) const;
  // Where the values of a column that was written with PartCoding::numbered stand.
  [[nodiscard]] Result<std::vector<NumberRun>> number_runs(std::uint32_t column) const;
  // Row group `index` as a batch with all columns, or those in `columns` (positions, ascending).
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> read_row_group(
      std::uint64_t index, const std::optional<std::vector<std::uint32_t>>& columns = std::nullopt);

 private:
  struct Impl;
  explicit Hdf5PartReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
