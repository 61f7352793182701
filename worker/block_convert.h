// A block's records or stretch of rows to a batch, by whatever format its source has.
#pragma once

#include <cstddef>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/record_format.h"
#include "worker/block_rows.h"
#include "worker/block_splitter.h"

namespace tipple {

// For the source's table number `table`. Any thread.
[[nodiscard]] Result<ConvertedBatch> convert_block(const Block& block, std::size_t table, arrow::MemoryPool* pool);

// Where the block's rows stand. Valid as long as the block's slab and segment.
[[nodiscard]] BlockText text_of(const Block& block);

}  // namespace tipple
