#include "formats/csv_index.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "formats/csv_index_kernels.h"
#include "formats/csv_state.h"

namespace tipple {
namespace {

// Room is made for this many bytes' worth of field ends at a time: the worst case (a field a byte) costs four times the
// bytes.
constexpr std::size_t kRunBytes = 256 * kCsvWordBytes;

// The first byte at or after `at` that is not part of a blank or comment line.
std::size_t past_skipped_lines(const CsvRules& rules, std::span<const char> block, std::size_t at) {
  while (at < block.size()) {
    const char byte = block[at];
    if (rules.has_comment() && byte == rules.comment()) {
      const void* line_end = std::memchr(&block[at], rules.line_end(), block.size() - at);
      if (line_end == nullptr) return block.size();
      at = static_cast<std::size_t>(static_cast<const char*>(line_end) - block.data()) + 1;
    } else if (rules.skip_blank() && byte == rules.line_end()) {
      at += 1;
    } else if (rules.skip_blank() && byte == '\r' && at + 1 < block.size() && block[at + 1] == rules.line_end()) {
      at += 2;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

std::span<const std::uint32_t> CsvIndex::field_ends() const { return {ends_.get(), count_}; }
std::span<const CsvIndex::Record> CsvIndex::records() const { return records_; }
std::uint64_t CsvIndex::record_count() const { return record_count_; }
bool CsvIndex::uniform() const { return uniform_; }
std::uint32_t CsvIndex::fields_per_record() const { return fields_per_record_; }
std::uint64_t CsvIndex::bytes_used() const {
  return capacity_ * sizeof(std::uint32_t) + records_.capacity() * sizeof(Record);
}

void CsvIndex::clear(std::uint32_t fields_per_record) {
  count_ = 0;
  records_.clear();
  record_count_ = 0;
  fields_per_record_ = fields_per_record;
  uniform_ = true;
}

void CsvIndex::reserve(std::size_t ends) {
  if (ends <= capacity_) return;
  const std::size_t capacity = std::max(ends, capacity_ * 2);
  auto larger = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
  std::copy_n(ends_.get(), count_, larger.get());
  ends_ = std::move(larger);
  capacity_ = capacity;
}

struct CsvIndexer::Impl {
  CsvRules rules;
  std::uint32_t fields_per_record;

  // Every record has the expected number of fields, and nothing stands between them.
  // `records` is the number of record ends in `ends`, so it is enough that the right ones are such ends.
  [[nodiscard]] bool uniform(std::span<const char> block, std::span<const std::uint32_t> ends,
                             std::uint64_t records) const {
    if (ends.size() != records * fields_per_record) return false;
    for (std::size_t last = fields_per_record; last <= ends.size(); last += fields_per_record) {
      const std::uint32_t end = ends[last - 1];
      if (end != block.size() && block[end] != rules.line_end()) return false;
    }
    return true;
  }

  void list_records(std::span<const char> block, std::span<const std::uint32_t> ends,
                    std::vector<CsvIndex::Record>& records) const {
    std::size_t begin = past_skipped_lines(rules, block, 0);
    std::size_t first_field = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i] != block.size() && block[ends[i]] != rules.line_end()) continue;
      records.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(first_field)});
      begin = past_skipped_lines(rules, block, ends[i] + std::size_t{1});
      first_field = i + 1;
    }
  }
};

CsvIndexer::CsvIndexer(const CsvDialect& dialect, std::uint32_t fields_per_record)
    : impl_(new Impl{CsvRules(dialect, fields_per_record != 1), fields_per_record}) {}
CsvIndexer::~CsvIndexer() = default;
CsvIndexer::CsvIndexer(CsvIndexer&&) noexcept = default;

CsvIndexer::Split CsvIndexer::index(std::span<const char> block, bool final, CsvIndex& out) const {
  TIPPLE_CHECK(block.size() < std::numeric_limits<std::uint32_t>::max(), "a block of 4 GiB or more");
  const CsvRules& rules = impl_->rules;
  const CsvKernel& kernel = csv_kernel();
  out.clear(impl_->fields_per_record);
  CsvScan scan{.bytes = block.data()};
  out.reserve(1);
  while (scan.pos < block.size()) {
    const std::size_t run_end = std::min(block.size(), scan.pos + kRunBytes);
    out.reserve(out.count_ + (run_end - scan.pos) + kCsvWordBytes + 1);
    scan.ends = out.ends_.get() + out.count_;
    kernel.index(rules, scan, run_end);
    csv_index_bytes(rules, scan, run_end);  // less than a word, at the block's end
    out.count_ = static_cast<std::size_t>(scan.ends - out.ends_.get());
  }

  Split split{.whole = block.size(), .lines = scan.lines};
  if (final) {
    split.open_quote = scan.state == CsvState::kQuoted || scan.state == CsvState::kQuotedEscape;
    if (scan.state == CsvState::kComment || scan.state == CsvState::kCrAtStart) {
      scan.skipped_end = block.size();
    } else if (scan.state != CsvState::kRecordStart) {
      out.ends_[out.count_++] = static_cast<std::uint32_t>(block.size());
      ++scan.records;
    }
  } else if (scan.state != CsvState::kRecordStart) {
    while (out.count_ > 0 && block[out.ends_[out.count_ - 1]] != rules.line_end()) --out.count_;
    const std::size_t records_end = out.count_ > 0 ? out.ends_[out.count_ - 1] + std::size_t{1} : 0;
    split.whole = std::max(records_end, scan.skipped_end);
    split.lines -= static_cast<std::uint64_t>(
        std::count(block.data() + split.whole, block.data() + block.size(), rules.line_end()));
  }

  out.record_count_ = scan.records;
  out.uniform_ = scan.skipped_end == 0 && impl_->uniform(block, out.field_ends(), scan.records);
  if (!out.uniform_) impl_->list_records(block, out.field_ends(), out.records_);
  return split;
}

struct CsvBoundaryScanner::Impl {
  CsvRules rules;
  CsvState state;
  std::uint64_t lines = 0;

  void skip(CsvScan& scan, std::size_t end) const {
    csv_kernel().skip(rules, scan, end, false);
    csv_skip_bytes(rules, scan, end, false);
  }

  // True: stands just past the first record end in bytes[pos, end). False: there is none, and all are consumed.
  [[nodiscard]] bool skip_to_record_end(CsvScan& scan, std::size_t end) const {
    while (scan.pos < end) {
      csv_kernel().skip(rules, scan, end, true);
      if (csv_skip_bytes(rules, scan, std::min(end, scan.pos + kCsvWordBytes), true)) return true;
    }
    return false;
  }
};

// Blank lines are boundaries whatever the number of fields, so the rules here do not skip them.
CsvBoundaryScanner::CsvBoundaryScanner(const CsvDialect& dialect, bool inside_quotes)
    : impl_(new Impl{CsvRules(dialect, false), CsvState::kRecordStart}) {
  if (inside_quotes && impl_->rules.has_quote()) impl_->state = CsvState::kQuoted;
}
CsvBoundaryScanner::~CsvBoundaryScanner() = default;
CsvBoundaryScanner::CsvBoundaryScanner(CsvBoundaryScanner&&) noexcept = default;

std::optional<std::size_t> CsvBoundaryScanner::scan(std::span<const char> bytes, std::size_t from, bool stop_at_end) {
  CsvScan scan{.bytes = bytes.data(), .state = impl_->state};
  impl_->skip(scan, std::min(from, bytes.size()));
  std::optional<std::size_t> found;
  if (impl_->skip_to_record_end(scan, bytes.size())) found = scan.pos;
  if (!(found && stop_at_end)) impl_->skip(scan, bytes.size());
  impl_->state = scan.state;
  impl_->lines += scan.lines;
  return found;
}

std::uint64_t CsvBoundaryScanner::lines() const { return impl_->lines; }
bool CsvBoundaryScanner::at_record_start() const { return impl_->state == CsvState::kRecordStart; }

}  // namespace tipple
