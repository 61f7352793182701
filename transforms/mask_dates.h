// Dates and timestamps, masked. Arrays of date32 or timestamp(us).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "transforms/table_pipeline.h"

namespace tipple {

// The first day, at midnight, of each value's year, or of its month.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> truncate_dates(const arrow::Array& values, bool to_month,
                                                                   arrow::MemoryPool* pool);

// Each value moved by `days` of its row; the time of day stays. A value that leaves the years 1 to 9999 is a fault.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> shift_dates(const arrow::Array& values,
                                                                const std::vector<std::int32_t>& days,
                                                                const std::string& name, std::vector<RowFault>& faults,
                                                                arrow::MemoryPool* pool);

}  // namespace tipple
