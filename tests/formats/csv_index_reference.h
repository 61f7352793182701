// What CsvIndexer and CsvBoundaryScanner must answer, by a plain descent through records and fields that shares nothing
// with them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_index.h"

namespace tipple::csv_reference {

struct Record {
  std::size_t begin = 0;
  std::vector<std::size_t> ends;
  friend bool operator==(const Record&, const Record&) = default;
};

struct Answer {
  std::vector<Record> records;
  std::size_t whole = 0;
  std::uint64_t lines = 0;
  bool open_quote = false;
  bool skipped = false;                 // there are blank or comment lines
  std::vector<std::size_t> boundaries;  // just past each line end that ends a record, a blank or a comment line
};

class Reader {
 public:
  Reader(std::string_view block, const CsvDialect& dialect, std::uint32_t fields, bool final)
      : block_(block),
        dialect_(dialect),
        fields_(fields),
        final_(final),
        line_end_(dialect.newline == CsvDialect::Newline::kCr ? '\r' : '\n') {}

  Answer read() {
    while (at_ < block_.size()) {
      if (!skip_line() && !read_record()) break;
      if (at_ > 0 && answer_.whole == at_ && block_[at_ - 1] == line_end_) answer_.boundaries.push_back(at_);
    }
    if (final_) answer_.whole = block_.size();
    answer_.lines = static_cast<std::uint64_t>(std::count(block_.begin(), block_.begin() + answer_.whole, line_end_));
    return std::move(answer_);
  }

 private:
  bool is(std::size_t at, const std::optional<char>& byte) const {
    return byte && at < block_.size() && block_[at] == *byte;
  }

  bool skip_line() {
    std::size_t next = 0;
    if (is(at_, dialect_.comment)) {
      const std::size_t line_end = block_.find(line_end_, at_);
      next = line_end == std::string_view::npos ? block_.size() + 1 : line_end + 1;
    } else if (fields_ != 1 && is(at_, line_end_)) {
      next = at_ + 1;
    } else if (fields_ != 1 && line_end_ == '\n' && is(at_, '\r') && (is(at_ + 1, '\n') || at_ + 1 == block_.size())) {
      next = at_ + 2;
    } else {
      return false;
    }
    const bool ended = next <= block_.size();
    at_ = std::min(next, block_.size());
    if (ended || final_) answer_.whole = at_, answer_.skipped = true;
    return true;
  }

  bool read_record() {
    Record record{at_, {}};
    for (;;) {
      const bool open = read_field();
      if (at_ >= block_.size()) {
        if (!final_) return false;
        at_ = block_.size();
        record.ends.push_back(at_);
        answer_.open_quote = open;
        break;
      }
      record.ends.push_back(at_++);
      if (block_[at_ - 1] == line_end_) break;
    }
    answer_.records.push_back(std::move(record));
    answer_.whole = at_;
    return true;
  }

  // True: the block ended inside quotes.
  bool read_field() {
    if (is(at_, dialect_.quote)) {
      for (++at_;;) {
        if (at_ >= block_.size()) return true;
        if (is(at_, dialect_.escape)) {
          at_ += 2;
        } else if (is(at_, dialect_.quote)) {
          ++at_;
          if (dialect_.escape || !is(at_, dialect_.quote)) break;
          ++at_;
        } else {
          ++at_;
        }
      }
    }
    while (at_ < block_.size() && block_[at_] != dialect_.delimiter && block_[at_] != line_end_) {
      at_ += is(at_, dialect_.escape) ? 2 : 1;
    }
    return false;
  }

  const std::string_view block_;
  const CsvDialect& dialect_;
  const std::uint32_t fields_;
  const bool final_;
  const char line_end_;
  std::size_t at_ = 0;
  Answer answer_;
};

inline Answer read(std::string_view block, const CsvDialect& dialect, std::uint32_t fields, bool final) {
  return Reader(block, dialect, fields, final).read();
}

// The same records from an index.
inline std::vector<Record> records_of(const CsvIndex& index) {
  std::vector<Record> records;
  const auto ends = index.field_ends();
  std::size_t begin = 0;
  for (std::uint64_t k = 0; k < index.record_count(); ++k) {
    std::size_t first = k * index.fields_per_record();
    std::size_t last = first + index.fields_per_record();
    if (!index.uniform()) {
      begin = index.records()[k].begin;
      first = index.records()[k].first_field;
      last = k + 1 < index.record_count() ? index.records()[k + 1].first_field : ends.size();
    }
    records.push_back(
        {begin, {ends.begin() + static_cast<std::ptrdiff_t>(first), ends.begin() + static_cast<std::ptrdiff_t>(last)}});
    begin = ends[last - 1] + std::size_t{1};
  }
  return records;
}

// A copy without a byte to spare behind it, so that the address sanitizer sees every overrun.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }
  std::span<const char> span() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

inline std::string quoted_for_message(std::string_view text) {
  std::ostringstream out;
  for (const char byte : text) {
    if (byte == '\n')
      out << "\\n";
    else if (byte == '\r')
      out << "\\r";
    else if (byte == '\0')
      out << "\\0";
    else
      out << byte;
  }
  return out.str();
}

// Empty if CsvIndexer agrees with the reference on this block, else what differs.
inline std::string index_difference(std::string_view text, const CsvDialect& dialect, std::uint32_t fields,
                                    bool final) {
  const Answer want = read(text, dialect, fields, final);
  const Exact block(text);
  const CsvIndexer indexer(dialect, fields);
  static CsvIndex index;  // buffers are kept from block to block, as a worker keeps them
  const CsvIndexer::Split split = indexer.index(block.span(), final, index);
  std::string wrong;
  if (split.whole != want.whole)
    wrong += " whole " + std::to_string(split.whole) + " not " + std::to_string(want.whole);
  if (split.lines != want.lines)
    wrong += " lines " + std::to_string(split.lines) + " not " + std::to_string(want.lines);
  if (split.open_quote != want.open_quote) wrong += " open_quote";
  bool uniform = !want.skipped;
  for (const Record& record : want.records) uniform = uniform && record.ends.size() == fields;
  if (index.uniform() != uniform) wrong += " uniform";
  if (index.record_count() != want.records.size()) wrong += " record_count";
  if (index.records().size() != (index.uniform() ? 0 : index.record_count())) wrong += " records";
  if (wrong.empty() && records_of(index) != want.records) wrong += " fields";
  if (wrong.empty()) return {};
  return wrong + " in [" + quoted_for_message(text) + "] fields " + std::to_string(fields) + (final ? " final" : "");
}

// Empty if CsvBoundaryScanner, fed in pieces of `piece` bytes, agrees with the reference on boundaries, lines and
// state. `inside`: the text begins inside quotes.
inline std::string scan_difference(std::string_view text, const CsvDialect& dialect, bool inside, std::size_t piece,
                                   std::size_t from) {
  const std::size_t shift = inside && dialect.quote ? 1 : 0;
  const std::string lead = shift == 1 ? std::string(1, *dialect.quote) + std::string(text) : std::string(text);
  const Answer want = read(lead, dialect, 1, false);
  const Exact block(text);
  std::optional<std::size_t> first;
  for (const std::size_t boundary : want.boundaries) {
    if (!first && boundary > from + shift) first = boundary - shift;
  }
  std::string wrong;
  CsvBoundaryScanner scanner(dialect, inside);
  std::optional<std::size_t> found;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto bytes = block.span().subspan(at, std::min(piece, text.size() - at));
    const auto answer = scanner.scan(bytes, from > at ? from - at : 0);
    if (answer && !found) found = at + *answer;
  }
  if (found != first) wrong += " boundary";
  const char line_end = dialect.newline == CsvDialect::Newline::kCr ? '\r' : '\n';
  if (scanner.lines() != static_cast<std::uint64_t>(std::count(text.begin(), text.end(), line_end))) wrong += " lines";
  const bool starts = want.boundaries.empty() ? lead.empty() : want.boundaries.back() == lead.size();
  if (scanner.at_record_start() != starts) wrong += " at_record_start";

  // Stopping at each boundary and going on from there visits all of them.
  CsvBoundaryScanner stopping(dialect, inside);
  std::vector<std::size_t> boundaries;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto bytes = block.span().subspan(at, std::min(piece, text.size() - at));
    const auto answer = stopping.scan(bytes, 0, true);
    at += answer.value_or(bytes.size());
    if (!answer) continue;
    boundaries.push_back(at + shift);
    if (!stopping.at_record_start()) wrong += " state at stop";
    if (stopping.lines() != static_cast<std::uint64_t>(
                                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), line_end))) {
      wrong += " lines at stop";
    }
  }
  if (boundaries != want.boundaries) wrong += " boundaries";
  if (wrong.empty()) return {};
  return wrong + " in [" + quoted_for_message(text) + "]" + (inside ? " inside" : "") + " pieces of " +
         std::to_string(piece) + " from " + std::to_string(from);
}

}  // namespace tipple::csv_reference
