// RowExtract of a Parquet file: the same columns, through Arrow's reader and writer.
//
// Thread rule: see formats/row_extract.h.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/batch_source.h"
#include "formats/row_extract.h"

namespace tipple {

// `rows`: the file `from`, open.
[[nodiscard]] Result<std::unique_ptr<RowExtract>> make_parquet_row_extract(std::unique_ptr<BatchSource> rows,
                                                                           const std::string& from,
                                                                           const std::string& to);

}  // namespace tipple
