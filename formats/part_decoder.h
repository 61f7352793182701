// From the bytes of a part's datasets back to Arrow columns: ColumnGather's inverse. Bytes may be damaged: whatever
// Arrow would not survive (lengths, labels, validity) is checked.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

// Validity bytes (0 or 1) as an Arrow bitmap. `nulls` gets the number of zeros.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> decode_validity(std::span<const std::uint8_t> bytes,
                                                                     std::int64_t& nulls);

// A column of `rows` elements of part_element_bytes(column.type) each. `validity` may be nullptr: no nulls.
[[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> decode_values(const Column& column, std::int64_t rows,
                                                                      std::span<const std::uint8_t> elements,
                                                                      std::shared_ptr<arrow::Buffer> validity,
                                                                      std::int64_t nulls);

// Offsets from lengths; Error if a length is negative or the sum passes what one Arrow array holds.
[[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> decode_lengths(std::span<const std::uint8_t> lengths,
                                                                    std::int64_t& bytes);

}  // namespace tipple
