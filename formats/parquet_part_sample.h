// Which columns of a Parquet part get a dictionary: those whose values repeat, by a sample of the first row group.
//
// A dictionary of values that hardly repeat costs a hash table and is given up half way. Pure; any thread.
#pragma once

#include <cstdint>

#include "formats/part_encoder.h"
#include "jobs/data_type.h"

namespace tipple {

[[nodiscard]] bool wants_dictionary(const RowGroup& group, std::uint32_t column, const DataType& type);

}  // namespace tipple
