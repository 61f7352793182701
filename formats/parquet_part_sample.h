// Which columns of a row group get a dictionary: those whose values repeat, by a sample of the rows.
//
// A dictionary of values that hardly repeat costs a look-up for every value, only to be given up. Pure; any thread.
#pragma once

#include "formats/parquet_column_rows.h"
#include "jobs/data_type.h"

namespace tipple {

[[nodiscard]] bool wants_dictionary(const ParquetColumnRows& rows, const DataType& type);

}  // namespace tipple
