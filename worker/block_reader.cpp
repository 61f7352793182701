#include "worker/block_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/fault_point.h"
#include "worker/stream_spool.h"

namespace tipple {
namespace {

// A stretch's batch, and what its conversion makes of it.
constexpr std::uint64_t kStretchFactor = 2;

}  // namespace

Status BlockReader::read(const ChunkTask& task, const std::function<bool()>& cancelled, const Put& put) {
  const auto known_start = task.segments.size() == 1 ? task.known_start : std::nullopt;
  for (const TaskSegment& segment : task.segments) {
    if (cancelled()) return {};
    if (segments_.tables().source().stream.kind != StreamSpec::Kind::kNone && segment.path.ends_with(kTornEnding)) {
      TIPPLE_RETURN_IF_ERROR(read_torn(segment, cancelled, put));
      continue;
    }
    TIPPLE_RETURN_IF_ERROR(segments_.is_columnar() ? read_stretches(segment, cancelled, put)
                                                   : read_segment(segment, known_start, cancelled, put));
  }
  if (cancelled()) return {};
  auto last = std::make_shared<Block>();
  last->last = true;
  last->queued_ns = steady_ns();
  put(std::move(last));
  return {};
}

Status BlockReader::read_torn(const TaskSegment& spec, const std::function<bool()>& cancelled, const Put& put) {
  TIPPLE_TRY(const std::shared_ptr<InputSegment> segment, segments_.open(spec));
  Reject reject;
  reject.path = spec.path;
  reject.rule = "torn";
  reject.reason = fmt::format("the stream breaks off within this record, after {} bytes of it", spec.size);
  reject.raw.resize(spec.size);  // its file goes when the load is published
  TIPPLE_TRY(const std::size_t got, segment->read({reject.raw.data(), reject.raw.size()}, 0));
  reject.raw.resize(got);
  BlockPtr block = next_block(segment, spec.size, cancelled);
  if (!block) return {};
  block->reject = std::move(reject);
  hand_on(std::move(block), put);
  bytes_read_ += got;
  return {};
}

void BlockReader::hand_on(BlockPtr block, const Put& put) {
  block->queued_ns = steady_ns();
  put(std::move(block));
}

BlockPtr BlockReader::next_block(const std::shared_ptr<InputSegment>& segment, std::uint64_t bytes,
                                 const std::function<bool()>& cancelled) {
  const std::uint64_t begin_ns = steady_ns();
  const bool admitted = gauge_.acquire(bytes, failed_);
  clock_.add_wait(Stage::kRead, steady_ns() - begin_ns);
  if (!admitted) return nullptr;
  auto block = std::make_shared<Block>();
  block->charge = GaugeCharge::adopt(gauge_, bytes, true);
  if (cancelled()) return nullptr;
  block->segment = segment;
  return block;
}

BlockPtr BlockReader::next_slab(const std::shared_ptr<InputSegment>& segment, const std::function<bool()>& cancelled) {
  BlockPtr block = next_block(segment, cost_.block_bytes_max(pool_.block_bytes()), cancelled);
  if (block) block->slab = pool_.take();
  return block;
}

// Reads up to a block of the segment at `offset`; asks for what follows it meanwhile.
Status BlockReader::fill(Block& block, InputSegment& segment, std::uint64_t offset) {
  const BusyTime busy(clock_, Stage::kRead);
  const std::optional<std::uint64_t> text_size = segment.text_size();
  // Of a text whose size is not known the segment is the whole.
  const std::uint64_t end = text_size ? segment.spec.end : std::numeric_limits<std::uint64_t>::max();
  const std::size_t wanted = offset < end ? std::min<std::uint64_t>(pool_.block_bytes(), end - offset) : 0;
  char* bytes = block.slab->prepare(wanted);
  if (bytes == nullptr) {
    return environment_error("out of memory for a block of input", segment.name,
                             "give the load more memory or fewer threads");
  }
  if (text_size && offset + wanted < *text_size) segment.text->will_need(offset + wanted, pool_.block_bytes());
  TIPPLE_TRY(const std::size_t size, segment.read({bytes, wanted}, offset));
  block.slab->commit(size);
  block.offset = offset;
  block.text_end = text_size ? offset + size >= *text_size : size < wanted;
  block.segment_end = text_size ? offset + size >= end : block.text_end;
  if (bytes_read_ == 0) fault_point("chunk-started");
  bytes_read_ += size;
  return {};
}

Status BlockReader::read_segment(const TaskSegment& spec, std::optional<std::uint64_t> known_start,
                                 const std::function<bool()>& cancelled, const Put& put) {
  std::uint64_t begin_ns = steady_ns();
  TIPPLE_TRY(const std::shared_ptr<InputSegment> segment, segments_.open(spec));
  clock_.add_busy(Stage::kRead, steady_ns() - begin_ns);

  std::uint64_t offset = 0;
  BlockPtr block;
  if (spec.begin == 0 && segment->text_size()) {
    // The first block holds the head as a rule: a small file is one open, two fstats, two reads.
    block = next_slab(segment, cancelled);
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
      block = next_slab(segment, cancelled);
      if (!block) return {};
      TIPPLE_RETURN_IF_ERROR(fill(*block, *segment, offset));
      offset += block->slab->content().size();
    }
    const bool end = block->segment_end;
    hand_on(std::move(block), put);
    block = nullptr;
    if (end) return {};
  }
}

Status BlockReader::read_stretches(const TaskSegment& spec, const std::function<bool()>& cancelled, const Put& put) {
  const std::uint64_t begin_ns = steady_ns();
  TIPPLE_TRY(const std::shared_ptr<InputSegment> segment, segments_.open_columnar(spec));
  clock_.add_busy(Stage::kRead, steady_ns() - begin_ns);
  fault_point("chunk-started");
  for (const BatchStretch& stretch : segment->stretches) {
    BlockPtr block = next_block(segment, kStretchFactor * stretch.memory_bytes, cancelled);
    if (!block) return {};
    block->stretch = stretch;
    hand_on(std::move(block), put);
  }
  // Closes the segment, also of a file without rows.
  BlockPtr block = next_block(segment, 0, cancelled);
  if (!block) return {};
  block->segment_end = true;
  hand_on(std::move(block), put);
  bytes_read_ += spec.end - spec.begin;
  return {};
}

}  // namespace tipple
