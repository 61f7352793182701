#include "formats/infer_feed.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/csv_convert.h"

namespace tipple {
namespace {

constexpr std::size_t kBlockBytes = 2 * limits::kMiB;
constexpr std::size_t kHeadBytes = 64 * limits::kKiB;
constexpr std::size_t kRecordBytesMax = limits::kRecordBytesMax;
constexpr std::uint64_t kDecodeBytes = 64 * limits::kMiB;
constexpr LineRules kJsonLines{std::nullopt, true};

std::string name_of(const ByteSourceFile& file) {
  return file.member.empty() ? file.path : file.path + ": " + file.member;
}

DataType text_type() { return DataType{}; }

}  // namespace

Result<std::vector<std::string>> InferFeed::read_heads() {
  TIPPLE_TRY(format_, make_record_format(source_));
  while (file_ < files_.size()) {
    const std::size_t file = file_;
    TIPPLE_RETURN_IF_ERROR(open_file());
    text_.reset();
    file_ = file + 1;
  }
  return fields_;
}

Result<std::unique_ptr<InferBlock>> InferFeed::next() {
  if (!format_) {
    TIPPLE_TRY(format_, make_record_format(source_));
  }
  std::unique_ptr<InferBlock> block;
  {
    const std::lock_guard lock(spare_mutex_);
    if (!spare_.empty()) {
      block = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (!block) block = std::make_unique<InferBlock>();
  for (;;) {
    if (!text_) {
      if (file_ == files_.size()) return std::unique_ptr<InferBlock>();
      TIPPLE_RETURN_IF_ERROR(open_file());
      if (!text_) continue;
    }
    TIPPLE_TRY(const std::size_t size, fill(*block));
    TIPPLE_TRY(const bool any, cut(*block, size));
    if (any) return block;
  }
}

void InferFeed::give_back(std::unique_ptr<InferBlock> block) {
  const std::lock_guard lock(spare_mutex_);
  spare_.push_back(std::move(block));
}

// Opens file_ and reads its head. Without records in it text_ stays empty and file_ is the next one.
Status InferFeed::open_file() {
  const ByteSourceFile& file = files_[file_];
  TIPPLE_TRY(text_, open_byte_source(file, source_, threads_, kDecodeBytes));
  offset_ = 0;
  file_ended_ = false;
  rest_.clear();
  const std::string path = name_of(file);
  TIPPLE_TRY(const FileHead head, read_head(path));
  if (!format_->has_records(head)) {
    text_.reset();
    ++file_;
    return {};
  }
  rest_.erase(rest_.begin(),
              rest_.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(head.data_begin, rest_.size())));
  return bind_file(head, path);
}

Result<FileHead> InferFeed::read_head(const std::string& path) {
  for (std::size_t wanted = kHeadBytes;; wanted *= 8) {
    TIPPLE_RETURN_IF_ERROR(fill_rest(wanted));
    TIPPLE_TRY(FileHead head, format_->read_head(rest_, file_ended_, path));
    if (file_ended_ || head.data_begin <= rest_.size()) return head;
  }
}

Status InferFeed::bind_file(const FileHead& head, const std::string& path) {
  std::vector<std::uint32_t> positions;
  for (const std::string& name : head.fields) {
    const auto found = std::find(fields_.begin(), fields_.end(), name);
    positions.push_back(static_cast<std::uint32_t>(found - fields_.begin()));
    if (found == fields_.end()) fields_.push_back(name);
  }
  if (fields_.size() > limits::kColumnsMax) {
    return usage_error(fmt::format("the files have more than {} different fields", limits::kColumnsMax), path,
                       "check the dialect's delimiter");
  }
  positions_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(positions));
  if (source_.format == SourceFormat::kCsv) {
    csv_.emplace(source_.csv, static_cast<std::uint32_t>(head.fields.size()));
    return {};
  }
  if (source_.format == SourceFormat::kJsonLines) return {};
  BoundTable table;
  for (const std::string& name : head.fields) {
    ColumnSpec spec;
    spec.column = {name, text_type(), true};
    spec.from = name;
    table.columns.push_back(std::move(spec));
  }
  TIPPLE_TRY(std::unique_ptr<RecordBinding> binding, format_->bind(head, {table}, path));
  binding_ = std::move(binding);
  return {};
}

Status InferFeed::fill_rest(std::size_t bytes) {
  while (rest_.size() < bytes && !file_ended_) {
    const std::size_t had = rest_.size();
    rest_.resize(bytes);
    TIPPLE_TRY(const std::size_t got, text_->read(std::span(rest_).subspan(had), offset_));
    rest_.resize(had + got);
    offset_ += got;
    file_ended_ = had + got < bytes;
  }
  return {};
}

void InferFeed::reserve(InferBlock& block, std::size_t bytes, std::size_t keep) const {
  if (block.capacity >= bytes) return;
  auto larger = std::make_unique_for_overwrite<char[]>(bytes + kInferSlack);
  if (keep > 0) std::memcpy(larger.get(), block.bytes.get(), keep);
  block.bytes = std::move(larger);
  block.capacity = bytes;
}

// What was left over, and then bytes of the file: at least one block's, more if no record ended in what was left.
Result<std::size_t> InferFeed::fill(InferBlock& block) {
  const std::size_t wanted = std::max(kBlockBytes, 2 * rest_.size());
  reserve(block, wanted, 0);
  std::size_t size = rest_.size();
  if (size > 0) std::memcpy(block.bytes.get(), rest_.data(), size);
  rest_.clear();
  if (!file_ended_) {
    TIPPLE_TRY(const std::size_t got, text_->read({block.bytes.get() + size, wanted - size}, offset_));
    offset_ += got;
    size += got;
    file_ended_ = size < wanted;
  }
  std::memset(block.bytes.get() + size, 0, kInferSlack);
  return size;
}

RecordBinding::Split InferFeed::split(InferBlock& block, std::size_t size) const {
  const std::span<const char> bytes(block.bytes.get(), size);
  switch (source_.format) {
    case SourceFormat::kCsv: {
      const CsvIndexer::Split split = csv_->index(bytes, file_ended_, block.csv);
      return {split.whole, split.lines, split.open_quote};
    }
    case SourceFormat::kJsonLines:
      return LineSplitter(kJsonLines).split(bytes, file_ended_, block.lines);
    case SourceFormat::kFixedWidth:
    case SourceFormat::kLog:
      block.index = binding_->make_index();
      return binding_->split(bytes, file_ended_, *block.index);
    case SourceFormat::kParquet:
    case SourceFormat::kHdf5:
    case SourceFormat::kTable:
      break;
  }
  TIPPLE_CHECK(false, "a text source");
}

// False: no record ends in it.
Result<bool> InferFeed::cut(InferBlock& block, std::size_t size) {
  const RecordBinding::Split split = this->split(block, size);
  rest_.assign(block.bytes.get() + split.whole, block.bytes.get() + size);
  block.size = split.whole;
  block.open_quote = split.open_quote;
  block.number = blocks_++;
  block.fields = positions_;
  block.binding = binding_;
  if (split.whole == 0 && !file_ended_ && rest_.size() > kRecordBytesMax) TIPPLE_RETURN_IF_ERROR(skip_record());
  if (file_ended_ && rest_.empty()) {
    TIPPLE_RETURN_IF_ERROR(text_->check_unchanged());
    text_.reset();
    ++file_;
  } else if (file_ended_ && split.whole == 0) {
    return environment_error("the end of the file was not understood", name_of(files_[file_]),
                             "report this with the file");
  }
  return split.whole > 0;
}

// rest_ begins with a record that is longer than one may be.
Status InferFeed::skip_record() {
  ++overlong_;
  const std::unique_ptr<RecordScanner> scanner = format_->scanner();
  for (;;) {
    if (const auto end = scanner->scan(rest_, 0, true)) {
      rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(*end));
      return {};
    }
    rest_.clear();
    if (file_ended_) return {};
    TIPPLE_RETURN_IF_ERROR(fill_rest(kBlockBytes));
  }
}

}  // namespace tipple
