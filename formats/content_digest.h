// The content digest: an order-free 128-bit sum of row hashes. Equal for equal multisets of rows, whatever the chunks,
// parts or codecs.
//
// row hash = finalize(sum over columns of mix(value hash, column number)); all in two 64-bit lanes; null has a hash of
// its own. Strings of at most 15 bytes are two words themselves, longer ones hash by XXH3-128. docs/format-hdf5.md
// holds the exact definition and a worked example.
#pragma once

#include <arrow/type_fwd.h>

#include "base/ids.h"
#include "jobs/data_type.h"

namespace tipple {

// Sum of the row hashes of `batch`, whose columns are those of `schema` (formats/arrow_types.h).
[[nodiscard]] Id128 content_digest(const arrow::RecordBatch& batch, const Schema& schema);

}  // namespace tipple
