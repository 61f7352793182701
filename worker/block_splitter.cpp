#include "worker/block_splitter.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace tipple {
namespace {

// The first step beyond a segment's end: more than most records need.
constexpr std::size_t kBeyondBytes = 4096;

Error out_of_memory(const std::string& path) {
  return environment_error("out of memory for a block of records", path, "give the load more memory or fewer threads");
}

}  // namespace

BlockSplitter::BlockSplitter(BlockPool& pool, BlockGauge& gauge, const BlockCost& cost, SourceId source,
                             std::uint64_t record_bytes_max)
    : pool_(pool), gauge_(gauge), cost_(cost), source_(source), record_bytes_max_(record_bytes_max) {
  TIPPLE_CHECK(record_bytes_max >= 2 * pool.block_bytes(), "a record of the greatest size must not fit in two blocks");
}

Status BlockSplitter::add(BlockPtr raw, const Emit& emit) {
  if (raw->last) {
    raw->sequence = sequence_++;
    emit(std::move(raw));
    return {};
  }
  if (raw->reject) {  // a record that broke off: all that its file holds
    raw->sequence = sequence_++;
    emit(std::move(raw));
    return {};
  }
  if (raw->segment != segment_) begin_segment(*raw);
  if (!segment_->text) {
    const bool last = raw->segment_end;
    take_stretch(std::move(raw), emit);
    return last ? segment_->check_unchanged() : Status();
  }
  if (!segment_->binding) {
    position_ = segment_->spec.end;
    return raw->segment_end ? end_segment(true, emit) : Status();
  }
  if (!started_ && !find_start(*raw)) {
    if (!raw->segment_end) return {};
    range_.start = position_ = segment_->spec.end;
    return end_segment(true, emit);
  }
  return split_records(std::move(raw), emit);
}

void BlockSplitter::begin_segment(const Block& raw) {
  segment_ = raw.segment;
  range_ = RecordRange{};
  range_.guessed = !segment_->start_known;
  range_.start = segment_->start;
  range_.lines = segment_->head_lines;
  position_ = segment_->start;
  started_ = segment_->start_known;
  carry_.clear();
}

// The reader begins one byte before a segment whose start is not known.
bool BlockSplitter::find_start(Block& raw) {
  if (raw.offset < segment_->spec.begin && !raw.slab->content().empty()) {
    before_ = raw.slab->content().front();
    raw.slab->drop_front(1);
    ++raw.offset;
  }
  const std::span<const char> bytes = raw.slab->content();
  if (bytes.empty()) return false;
  const auto start = segment_->binding->guess_record_start(bytes, before_, raw.text_end);
  if (!start || *start >= bytes.size()) {
    before_ = bytes.back();
    return false;
  }
  raw.slab->drop_front(*start);
  raw.offset += *start;
  range_.start = position_ = raw.offset;
  started_ = true;
  return true;
}

Status BlockSplitter::split_records(BlockPtr raw, const Emit& emit) {
  const bool segment_end = raw->segment_end;
  const bool final = raw->text_end;
  if (scanner_) {
    const std::span<const char> bytes = raw->slab->content();
    const auto end = scanner_->scan(bytes, 0, true);
    extend_long_record(bytes.first(end.value_or(bytes.size())));
    if (!end) return segment_end ? end_segment(final, emit) : Status();
    TIPPLE_RETURN_IF_ERROR(end_long_record(false, emit));
    raw->slab->drop_front(*end);
  }
  if (!raw->slab->prepend(carry_)) return out_of_memory(segment_->name);
  carry_.clear();
  const std::span<const char> content = raw->slab->content();
  if (!content.empty()) {
    const RecordBinding& binding = *segment_->binding;
    const RecordBinding::Split split = binding.split(content, final, raw->slab->index_for(source_, binding));
    const std::span<const char> partial = content.subspan(split.whole);
    if (!partial.empty()) {
      if (split.whole == 0 || segment_end || partial.size() > BlockPool::kCarryBytesMax) {
        begin_long_record(partial);
      } else {
        carry_.assign(partial.begin(), partial.end());
      }
    }
    raw->slab->keep_front(split.whole);
    hand_on(std::move(raw), split, emit);
  }
  return segment_end ? end_segment(final, emit) : Status();
}

void BlockSplitter::hand_on(BlockPtr block, const RecordBinding::Split& split, const Emit& emit) {
  block->offset = position_;
  block->lines_before = range_.lines;
  block->open_quote = split.open_quote;
  position_ += split.whole;
  range_.lines += split.lines;
  const std::uint64_t records = block->slab->index().record_count();
  if (records == 0) return;
  range_.any = true;
  // Now that its records are counted, less will do than what it was let in with.
  block->charge.resize(block->slab->bytes_used() + cost_.batch_bytes_max(records, split.whole));
  block->sequence = sequence_++;
  emit(std::move(block));
}

// Rows belong to the segment in which their stretch begins, so that the segment is its own range.
void BlockSplitter::take_stretch(BlockPtr block, const Emit& emit) {
  range_.end = segment_->spec.end;
  if (!block->stretch) return;
  range_.any = true;
  block->sequence = sequence_++;
  emit(std::move(block));
}

void BlockSplitter::begin_long_record(std::span<const char> bytes) {
  scanner_ = segment_->format->scanner();
  long_size_ = 0;
  long_charge_ = GaugeCharge::add(gauge_, 0, false);
  TIPPLE_CHECK(!scanner_->scan(bytes, 0, true).has_value(), "a record ends in what the indexer left as partial");
  extend_long_record(bytes);
}

void BlockSplitter::extend_long_record(std::span<const char> bytes) {
  long_size_ += bytes.size();
  if (long_size_ <= record_bytes_max_) {
    long_bytes_.insert(long_bytes_.end(), bytes.begin(), bytes.end());
  } else {
    long_bytes_ = {};
  }
  long_charge_.resize(long_bytes_.capacity());
}

Status BlockSplitter::end_long_record(bool final, const Emit& emit) {
  if (long_size_ > record_bytes_max_) {
    hand_on_over_long(emit);
  } else {
    auto block = std::make_shared<Block>();
    block->segment = segment_;
    block->slab = pool_.take();
    char* bytes = block->slab->prepare(long_size_);
    if (bytes == nullptr) return out_of_memory(segment_->name);
    std::memcpy(bytes, long_bytes_.data(), long_size_);
    block->slab->commit(long_size_);
    const RecordBinding& binding = *segment_->binding;
    const RecordBinding::Split split =
        binding.split(block->slab->content(), final, block->slab->index_for(source_, binding));
    TIPPLE_CHECK(split.whole == long_size_, "indexer and boundary scanner disagree about a record's end");
    block->charge = GaugeCharge::add(gauge_, 0, true);
    hand_on(std::move(block), split, emit);
  }
  scanner_.reset();
  long_bytes_.clear();
  if (long_bytes_.capacity() > pool_.block_bytes()) long_bytes_ = {};
  long_charge_.reset();
  return {};
}

void BlockSplitter::hand_on_over_long(const Emit& emit) {
  Reject reject;
  reject.path = segment_->name;
  reject.offset = position_;
  reject.line = range_.lines;
  reject.rule = "record_bytes";
  reject.reason = fmt::format("the record has {} bytes, more than the limit of {}", long_size_, record_bytes_max_);
  auto block = std::make_shared<Block>();
  block->segment = segment_;
  block->reject = std::move(reject);
  block->sequence = sequence_++;
  block->charge = GaugeCharge::add(gauge_, 0, true);
  position_ += long_size_;
  range_.lines += scanner_->lines();
  range_.any = true;
  emit(std::move(block));
}

// The segment's last record goes on beyond it; only its owner reads it.
Status BlockSplitter::read_beyond(const Emit& emit) {
  std::uint64_t offset = position_ + long_size_;
  std::vector<char> bytes;
  for (std::size_t step = kBeyondBytes; offset < segment_->spec.size; step = std::min(2 * step, pool_.block_bytes())) {
    bytes.resize(std::min<std::uint64_t>(step, segment_->spec.size - offset));
    TIPPLE_TRY(const std::size_t got, segment_->read(bytes, offset));
    bytes.resize(got);
    bytes_beyond_ += bytes.size();
    const auto end = scanner_->scan(bytes, 0, true);
    const std::size_t taken = end.value_or(bytes.size());
    extend_long_record(std::span<const char>(bytes).first(taken));
    if (end) return end_long_record(false, emit);
    offset += taken;
  }
  return end_long_record(true, emit);
}

Status BlockSplitter::end_segment(bool at_file_end, const Emit& emit) {
  if (scanner_) TIPPLE_RETURN_IF_ERROR(at_file_end ? end_long_record(true, emit) : read_beyond(emit));
  range_.end = position_;
  // Blank lines after a guessed start may be the inside of another chunk's record: without a record there is nothing to
  // prove the guess, and nothing is owned.
  if (range_.guessed && !range_.any) range_.lines = 0;
  return segment_->check_unchanged();
}

}  // namespace tipple
