// What an element of a foreign HDF5 dataset is, in the library's memory and in Arrow.
//
// Includes hdf5.h through hdf5_library.h: for hdf5_*.cpp only. Thread rule: inspect under an Hdf5Lock; decode_field()
// without one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/hdf5_library.h"
#include "formats/hdf5_source_units.h"

namespace tipple {

enum class Hdf5Kind : std::uint8_t {
  kNumber,  // also lists of them
  kBool,    // an enum of FALSE and TRUE, as h5py writes it
  kEnum,
  kFixedText,
  kVarText,
  kTime,  // an integer or float64 with units
};

// One column: a dataset's elements, or one member of each.
struct Hdf5Field {
  std::string name;
  Hdf5Kind kind = Hdf5Kind::kNumber;
  std::shared_ptr<arrow::DataType> type;
  std::size_t offset = 0;                  // in a row as it is read
  std::size_t bytes = 0;                   // in a row
  H5T_str_t padding = H5T_STR_NULLPAD;     // kFixedText
  bool is_signed = false;                  // kEnum, kTime
  bool is_float = false;                   // kTime
  Hdf5TimeUnits units;                     // kTime
  std::vector<std::string> labels;         // kEnum
  std::vector<std::int64_t> label_values;  // kEnum, ascending; of labels
};

struct Hdf5RowType {
  Hdf5Handle memory;  // the type to read as
  std::size_t bytes = 0;
  bool has_var_text = false;
  bool compound = false;
  std::vector<Hdf5Field> fields;
};

// The type of `dataset`, which is called `name`. Errors: kUsage: a type that cannot be a column, by name.
[[nodiscard]] Result<Hdf5RowType> inspect_hdf5_type(hid_t dataset, const std::string& name, const std::string& path);

// The values of `field` in `rows` rows of `row_bytes` bytes. Texts of variable length are pointers to C strings (or
// null, which is empty).
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> decode_hdf5_field(const Hdf5Field& field,
                                                                      const std::shared_ptr<arrow::Buffer>& rows_buffer,
                                                                      std::int64_t rows, std::size_t row_bytes,
                                                                      arrow::MemoryPool* pool);

}  // namespace tipple
