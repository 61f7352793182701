// Reads Parquet parts that Tipple wrote: back to the types of the part's own schema, which stands in its key-value
// metadata. A damaged part is an Error.
//
// Thread rule: one owner per reader; readers of different files may be used on different threads.
#pragma once

#include <cstdint>
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

class ParquetPartReader {
 public:
  [[nodiscard]] static Result<ParquetPartReader> open(const std::filesystem::path& path);
  ParquetPartReader(ParquetPartReader&&) noexcept;
  ~ParquetPartReader();

  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] std::uint64_t rows() const;
  [[nodiscard]] std::uint64_t row_groups() const;
  [[nodiscard]] Result<std::string> attribute(const std::string& name) const;
  // Where the values of a column that was written with PartCoding::numbered stand.
  [[nodiscard]] Result<std::vector<NumberRun>> number_runs(std::uint32_t column) const;
  // Row group `index` as a batch (formats/arrow_types.h) with all columns, or those in `columns` (positions,
  // ascending).
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> read_row_group(
      std::uint64_t index, const std::optional<std::vector<std::uint32_t>>& columns = std::nullopt);

 private:
  struct Impl;
  explicit ParquetPartReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
