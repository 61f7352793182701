// BlockReader: the graph's read stage. Reads a chunk's segments in order into pooled slabs, one block for each token
// that the gauge gives out.
//
// Thread rule: read() runs on the runner's thread, which is none of the graph's: a slow disk never holds up the other
// stages.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "coordinator/task.h"
#include "worker/block_cost.h"
#include "worker/block_gauge.h"
#include "worker/block_pool.h"
#include "worker/block_splitter.h"
#include "worker/chunk_graph_clock.h"
#include "worker/segment_reader.h"

namespace tipple {

class BlockReader {
 public:
  // `failed`: the chunk's graph gave up, so that no token will come any more.
  BlockReader(SegmentReader& segments, BlockPool& pool, BlockGauge& gauge, const BlockCost& cost, StageClock& clock,
              const std::atomic<bool>& failed)
      : segments_(segments), pool_(pool), gauge_(gauge), cost_(cost), clock_(clock), failed_(failed) {}

  using Put = std::function<void(BlockPtr)>;
  // Puts the chunk's blocks and at last one that closes the chunk; that one is missing if `cancelled` came true.
  [[nodiscard]] Status read(const ChunkTask& task, const std::function<bool()>& cancelled, const Put& put);
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  [[nodiscard]] Status read_segment(const TaskSegment& spec, std::optional<std::uint64_t> known_start,
                                    const std::function<bool()>& cancelled, const Put& put);
  // An empty block with its token for `bytes`; null when cancelled.
  [[nodiscard]] BlockPtr next_block(const std::shared_ptr<InputSegment>& segment, std::uint64_t bytes,
                                    const std::function<bool()>& cancelled);
  [[nodiscard]] BlockPtr next_slab(const std::shared_ptr<InputSegment>& segment,
                                   const std::function<bool()>& cancelled);
  // Columnar files: a block for each stretch.
  // The rest of a stream that ended within a record: one reject.
  [[nodiscard]] Status read_torn(const TaskSegment& spec, const std::function<bool()>& cancelled, const Put& put);
  [[nodiscard]] Status read_stretches(const TaskSegment& spec, const std::function<bool()>& cancelled, const Put& put);
  void hand_on(BlockPtr block, const Put& put);
  [[nodiscard]] Status fill(Block& block, InputSegment& segment, std::uint64_t offset);

  SegmentReader& segments_;
  BlockPool& pool_;
  BlockGauge& gauge_;
  const BlockCost& cost_;
  StageClock& clock_;
  const std::atomic<bool>& failed_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace tipple
