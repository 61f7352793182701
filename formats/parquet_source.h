// ParquetSource: the row groups of a Parquet file as batches, through Arrow's reader.
//
// Thread rule: open() on one thread; everything else on any number of them: metadata and file are shared, each read()
// has a reader of its own.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/batch_source.h"

namespace tipple {

// Checksums of pages are verified where the file has them. INT96 timestamps come as microseconds. A row group that is
// much larger than `rows_max` is cut; its slices are cheap when they are read one after another (a cursor is kept) and
// cost the decoding of the slices before them when they are not. Errors: kEnvironment: no Parquet file, damaged,
// encrypted; more than limits::kColumnsMax columns.
[[nodiscard]] Result<std::unique_ptr<BatchSource>> open_parquet_source(const std::string& path);

}  // namespace tipple
