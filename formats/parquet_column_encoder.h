// Encodes one column of a row group as the pages of a Parquet column chunk (docs/format-parquet.md).
//
// Pages depend on the type and the rows alone, never on how the rows are cut into slices. Any thread; scratch memory is
// per thread and reused.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "formats/parquet_pages.h"
#include "formats/part_encoder.h"
#include "jobs/data_type.h"

namespace tipple {

// `numbered`: an int64 whose values are written over when the load is published: plain, without bounds, for they would
// be those of other values. Precondition: group.rows > 0; no nulls where the column has none. `stored_bytes`: of a
// FIXED_LEN_BYTE_ARRAY. Parquet's own layer may throw.
void encode_parquet_column(const RowGroup& group, std::uint32_t index, const Column& column, int stored_bytes,
                           bool numbered, ParquetPages& pages);

}  // namespace tipple
