#include "worker/block_convert.h"

#include <arrow/record_batch.h>

namespace tipple {

Result<ConvertedBatch> convert_block(const Block& block, std::size_t table, arrow::MemoryPool* pool) {
  const InputSegment& segment = *block.segment;
  if (!block.stretch) {
    const BlockPlace place{segment.name, block.offset, block.lines_before};
    return segment.binding->convert(table, block.slab->content(), block.slab->index(), place, block.open_quote, pool);
  }
  const BatchConverter& converter = *segment.converters[table];
  TIPPLE_TRY(const auto batch, segment.batches->read(*block.stretch, converter.columns(), pool));
  return converter.convert(*batch, block.stretch->first_row, segment.name, pool);
}

BlockText text_of(const Block& block) {
  const InputSegment& segment = *block.segment;
  if (block.stretch)
    return {{segment.name, block.stretch->first_row, block.stretch->first_row}, {}, nullptr, segment.line_end};
  return {{segment.name, block.offset, block.lines_before}, block.slab->content(), segment.format, segment.line_end};
}

}  // namespace tipple
