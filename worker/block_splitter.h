// Block, and the splitter that cuts what was read into blocks of whole records.
//
// Which records belong to a segment [begin, end): those that start in it, the last of which may end beyond it. Blank
// and comment lines count like records here, so that consecutive segments chain byte to byte (RecordRange in
// coordinator/task.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "coordinator/task.h"
#include "formats/batch_source.h"
#include "formats/record_format.h"
#include "formats/reject.h"
#include "worker/block_cost.h"
#include "worker/block_gauge.h"
#include "worker/block_pool.h"
#include "worker/segment_reader.h"

namespace tipple {

// The task graph's message: bytes after read, whole records after split, batches after parse. Of a columnar file: a
// stretch of its rows.
struct Block {
  std::uint64_t sequence = 0;
  bool last = false;  // closes the chunk, holds nothing
  std::shared_ptr<InputSegment> segment;
  BlockPool::Lease slab;
  std::optional<BatchStretch> stretch;  // instead of a slab
  std::uint64_t offset = 0;             // in the file, of the slab's content
  std::uint64_t lines_before = 0;       // BlockPlace::lines_before
  bool segment_end = false;             // read: the segment's last bytes
  bool text_end = false;                // read: and the text's
  bool open_quote = false;
  std::optional<Reject> reject;      // instead of content: a record that no block can hold, or that broke off
  std::vector<StagedBatch> batches;  // one for each table of the source
  GaugeCharge charge;
  std::uint64_t queued_ns = 0;  // since when it waits for its next stage
};
using BlockPtr = std::shared_ptr<Block>;

// Not thread-safe: the split stage is serial.
class BlockSplitter {
 public:
  // Precondition: record_bytes_max is at least two blocks, so that a longer record is never whole within one.
  BlockSplitter(BlockPool& pool, BlockGauge& gauge, const BlockCost& cost, SourceId source,
                std::uint64_t record_bytes_max);

  using Emit = std::function<void(BlockPtr)>;
  // Takes the blocks of a chunk in the order in which they were read; hands on blocks of whole records, in order.
  [[nodiscard]] Status add(BlockPtr raw, const Emit& emit);

  [[nodiscard]] const RecordRange& range() const { return range_; }  // of the last segment
  [[nodiscard]] std::uint64_t bytes_read_beyond() const { return bytes_beyond_; }

 private:
  void begin_segment(const Block& raw);
  [[nodiscard]] bool find_start(Block& raw);
  [[nodiscard]] Status split_records(BlockPtr raw, const Emit& emit);
  [[nodiscard]] Status read_beyond(const Emit& emit);
  void begin_long_record(std::span<const char> bytes);
  void extend_long_record(std::span<const char> bytes);
  [[nodiscard]] Status end_long_record(bool final, const Emit& emit);
  [[nodiscard]] Status end_segment(bool at_file_end, const Emit& emit);
  void hand_on(BlockPtr block, const RecordBinding::Split& split, const Emit& emit);
  void take_stretch(BlockPtr block, const Emit& emit);
  void hand_on_over_long(const Emit& emit);

  BlockPool& pool_;
  BlockGauge& gauge_;
  const BlockCost& cost_;
  const SourceId source_;
  const std::uint64_t record_bytes_max_;
  std::uint64_t sequence_ = 0;
  std::uint64_t bytes_beyond_ = 0;

  // The current segment.
  std::shared_ptr<InputSegment> segment_;
  RecordRange range_;
  bool started_ = false;        // the first record's start is known or guessed
  char before_ = '\n';          // the byte before the next one, while the start is looked for
  std::uint64_t position_ = 0;  // just past the last whole record
  std::vector<char> carry_;     // the partial record that follows

  // A record that began in an earlier block and is not whole yet. Kept up to record_bytes_max_, then only skipped.
  std::unique_ptr<RecordScanner> scanner_;
  std::vector<char> long_bytes_;
  std::uint64_t long_size_ = 0;
  GaugeCharge long_charge_;
};

}  // namespace tipple
