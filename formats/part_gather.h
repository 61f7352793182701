// One dataset's elements out of Arrow columns, as bytes of docs/format-hdf5.md: what stands under a null is zeros.
//
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "formats/part_encoder.h"
#include "jobs/data_type.h"

namespace tipple {

// Decimals of at most this precision are int64 on disk.
inline constexpr std::uint8_t kDecimal64PrecisionMax = 18;
// Enums of at most this many labels are one byte on disk.
inline constexpr std::size_t kEnumByteLabelsMax = 256;

// A column's name as an HDF5 link name: '/' would make a group, "." and ".." are reserved.
[[nodiscard]] std::string dataset_name(std::string_view column_name);

// Bytes of one element of the values dataset. Precondition: not kString.
[[nodiscard]] std::uint32_t part_element_bytes(const DataType& type);

class ColumnGather {
 public:
  ColumnGather(const Column& column, const PartDataset& dataset) : column_(column), dataset_(dataset) {}

  [[nodiscard]] std::size_t element_bytes() const { return dataset_.element_bytes; }
  // The byte that pads an unfinished chunk: the dataset's fill value.
  [[nodiscard]] int fill() const { return dataset_.role == PartDataset::Role::kValid ? 1 : 0; }
  // The slice's elements where Arrow holds them just as the dataset does, nulls aside; nullptr where they must be
  // copied. Whoever takes them calls zero_nulls() on what was made of them.
  [[nodiscard]] const std::uint8_t* in_place(const arrow::RecordBatch& slice) const;
  // Zeros byte j of null row i at out[i * row_stride + j * byte_stride].
  void zero_nulls(const arrow::RecordBatch& slice, std::uint8_t* out, std::size_t row_stride,
                  std::size_t byte_stride) const;
  // Writes slice.num_rows() elements, zeros for nulls.
  void copy(const arrow::RecordBatch& slice, std::uint8_t* out) const;
  [[nodiscard]] bool all_valid(const std::vector<std::shared_ptr<arrow::RecordBatch>>& slices) const {
    return !has_nulls(slices, dataset_.column);
  }
  [[nodiscard]] static bool has_nulls(const std::vector<std::shared_ptr<arrow::RecordBatch>>& slices,
                                      std::uint32_t column);

 private:
  void copy_values(const arrow::ArrayData& data, std::uint8_t* out) const;

  const Column& column_;
  const PartDataset& dataset_;
};

}  // namespace tipple
