#include "cli/replay_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/limits.h"

namespace tipple {
namespace {

constexpr std::size_t kWindowBytes = 256 * 1024;
constexpr std::uint64_t kDecodeBytes = 64 * limits::kMiB;
constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr std::size_t kPadding = 64;  // RecordBinding::split may read so far

std::string name_of(const ByteSourceFile& file) {
  return file.member.empty() ? file.path : file.path + ": " + file.member;
}

}  // namespace

std::string_view without_line_end(std::string_view unit, const SourceSpec& source) {
  const bool cr = source.csv.newline == CsvDialect::Newline::kCr;
  if (cr && unit.ends_with('\r')) unit.remove_suffix(1);
  if (cr || !unit.ends_with('\n')) return unit;
  unit.remove_suffix(1);
  if (unit.ends_with('\r')) unit.remove_suffix(1);
  return unit;
}

Result<std::unique_ptr<ReplayText>> ReplayText::open(const ByteSourceFile& file, const SourceSpec& source) {
  if (is_columnar(source.format)) {
    return usage_error(fmt::format("records of {} files cannot be taken out one by one", to_string(source.format)),
                       name_of(file), "correct the file or the job, and load the file again with `tipple run`");
  }
  std::unique_ptr<ReplayText> text(new ReplayText(file, source));
  TIPPLE_TRY(text->format_, make_record_format(text->source_));
  TIPPLE_RETURN_IF_ERROR(text->reopen());
  return text;
}

Status ReplayText::reopen() {
  TIPPLE_TRY(bytes_, open_byte_source(file_, source_, 1, kDecodeBytes));
  window_.resize(kWindowBytes);
  window_begin_ = 0;
  window_size_ = 0;
  return {};
}

Result<std::span<const char>> ReplayText::piece(std::uint64_t offset) {
  if (offset < window_begin_ && !bytes_->random_access()) TIPPLE_RETURN_IF_ERROR(reopen());
  while (offset < window_begin_ || offset >= window_begin_ + window_size_) {
    window_begin_ = bytes_->random_access() ? offset : window_begin_ + window_size_;
    TIPPLE_TRY(window_size_, bytes_->read(window_, window_begin_));
    if (window_size_ == 0) return std::span<const char>();
  }
  return std::span<const char>(window_).first(window_size_).subspan(offset - window_begin_);
}

Result<std::string_view> ReplayText::record_at(std::uint64_t offset) {
  const std::unique_ptr<RecordScanner> scanner = format_->scanner();
  record_.clear();
  for (std::optional<std::size_t> end; !end;) {
    TIPPLE_TRY(const std::span<const char> bytes, piece(offset + record_.size()));
    if (bytes.empty()) break;
    end = scanner->scan(bytes, 0, /*stop_at_end=*/true);
    record_.insert(record_.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(end.value_or(bytes.size())));
    if (record_.size() > kReplayRecordBytesMax) {
      return usage_error(fmt::format("the record at byte {} has more than {} bytes", offset, kReplayRecordBytesMax),
                         name_of(file_), "give the corrected records with --input, and this one up with --drop 1");
    }
  }
  const std::size_t size = record_.size();
  record_.resize(size + kPadding);
  return std::string_view(record_.data(), size);
}

Result<FileHead> ReplayText::read_head(std::string& text) {
  for (std::size_t wanted = kHeadBytes;; wanted *= 4) {
    while (text.size() < wanted) {
      TIPPLE_TRY(const std::span<const char> bytes, piece(text.size()));
      if (bytes.empty()) break;
      text.append(bytes.data(), bytes.size());
    }
    const bool complete = text.size() < wanted;
    TIPPLE_TRY(FileHead head, format_->read_head(text, complete, name_of(file_)));
    if (complete || head.data_begin <= text.size()) return head;
  }
}

Result<std::string> ReplayText::head() {
  std::string text;
  TIPPLE_TRY(const FileHead head, read_head(text));
  text.resize(std::min<std::uint64_t>(head.data_begin, text.size()));
  return text;
}

Result<std::uint64_t> ReplayText::each_record(const std::function<Status(std::uint64_t offset)>& visit) {
  std::string text;
  TIPPLE_TRY(const FileHead head, read_head(text));
  if (!format_->has_records(head)) return std::uint64_t{0};
  TIPPLE_TRY(const std::unique_ptr<RecordBinding> binding, format_->bind(head, {BoundTable{}}, name_of(file_)));
  const std::unique_ptr<RecordIndex> index = binding->make_index();
  std::uint64_t records = 0;
  for (std::uint64_t at = head.data_begin;;) {
    TIPPLE_TRY(const std::string_view unit, record_at(at));
    if (unit.empty()) return records;
    (void)binding->split(unit, /*final=*/true, *index);
    if (index->record_count() > 0) TIPPLE_RETURN_IF_ERROR(visit(at));
    records += index->record_count();
    at += unit.size();
  }
}

}  // namespace tipple
