#include "worker/block_reader.h"

#include <algorithm>
#include <utility>

#include "base/fault_point.h"

namespace tipple {

Status BlockReader::read(const ChunkTask& task, const std::function<bool()>& cancelled, const Put& put) {
  const auto known_start = task.segments.size() == 1 ? task.known_start : std::nullopt;
  for (const TaskSegment& segment : task.segments) {
    if (cancelled()) return {};
    TIPPLE_RETURN_IF_ERROR(read_segment(segment, known_start, cancelled, put));
  }
  if (cancelled()) return {};
  auto last = std::make_shared<Block>();
  last->last = true;
  last->queued_ns = steady_ns();
  put(std::move(last));
  return {};
}

BlockPtr BlockReader::next_block(const std::shared_ptr<InputSegment>& segment, const std::function<bool()>& cancelled) {
  const std::uint64_t begin_ns = steady_ns();
  const std::uint64_t bytes = cost_.block_bytes_max(pool_.block_bytes());
  const bool admitted = gauge_.acquire(bytes, failed_);
  clock_.add_wait(Stage::kRead, steady_ns() - begin_ns);
  if (!admitted) return nullptr;
  auto block = std::make_shared<Block>();
  block->charge = GaugeCharge::adopt(gauge_, bytes, true);
  if (cancelled()) return nullptr;
  block->segment = segment;
  block->slab = pool_.take();
  return block;
}

// Reads up to a block of the segment at `offset`; asks for what follows it meanwhile.
Status BlockReader::fill(Block& block, const InputSegment& segment, std::uint64_t offset) {
  const BusyTime busy(clock_, Stage::kRead);
  const std::uint64_t end = segment.spec.end;
  const std::size_t size = offset < end ? std::min<std::uint64_t>(pool_.block_bytes(), end - offset) : 0;
  char* bytes = block.slab->prepare(size);
  if (bytes == nullptr) {
    return environment_error("out of memory for a block of input", segment.spec.path,
                             "give the load more memory or fewer threads");
  }
  if (offset + size < segment.spec.size) segment.will_need(offset + size, pool_.block_bytes());
  TIPPLE_RETURN_IF_ERROR(segment.read({bytes, size}, offset));
  block.slab->commit(size);
  block.offset = offset;
  block.segment_end = offset + size >= end;
  if (bytes_read_ == 0) fault_point("chunk-started");
  bytes_read_ += size;
  return {};
}

Status BlockReader::read_segment(const TaskSegment& spec, std::optional<std::uint64_t> known_start,
                                 const std::function<bool()>& cancelled, const Put& put) {
  std::uint64_t begin_ns = steady_ns();
  TIPPLE_TRY(const std::shared_ptr<InputSegment> segment, InputSegment::open(spec));
  clock_.add_busy(Stage::kRead, steady_ns() - begin_ns);

  std::uint64_t offset = 0;
  BlockPtr block;
  if (spec.begin == 0) {
    // The first block holds the head as a rule: a small file is one open, two fstats, one read.
    block = next_block(segment, cancelled);
    if (!block) return {};
    TIPPLE_RETURN_IF_ERROR(fill(*block, *segment, 0));
    const std::span<const char> first = block->slab->content();
    TIPPLE_RETURN_IF_ERROR(segments_.bind(*segment, known_start, first));
    offset = first.size();
    block->slab->drop_front(std::min<std::uint64_t>(segment->start, first.size()));
    block->offset = segment->start;
    if (segment->start > offset) {
      offset = segment->start;
      block->segment_end = offset >= spec.end;
    }
  } else {
    begin_ns = steady_ns();
    TIPPLE_RETURN_IF_ERROR(segments_.bind(*segment, known_start, {}));
    clock_.add_busy(Stage::kRead, steady_ns() - begin_ns);
    offset = segment->start_known ? segment->start : spec.begin - 1;
  }
  while (true) {
    if (!block) {
      block = next_block(segment, cancelled);
      if (!block) return {};
      TIPPLE_RETURN_IF_ERROR(fill(*block, *segment, offset));
      offset += block->slab->content().size();
    }
    const bool end = block->segment_end;
    block->queued_ns = steady_ns();
    put(std::move(block));
    block = nullptr;
    if (end) return {};
  }
}

}  // namespace tipple
