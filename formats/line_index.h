// Lines as records: JSON lines, fixed width and log lines share this. A record never spans lines, so where one starts
// is never a guess.
//
// A line ends at LF; a CR directly before it is part of the end (and a CR that ends the file is one, too). Blank lines
// are no records, and neither are comment lines; they count as lines.
//
// Thread rule: LineSplitter is immutable; a LineIndex and a LineScanner have one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "formats/record_format.h"

namespace tipple {

// The records of one block.
class LineIndex final : public RecordIndex {
 public:
  // The record's bytes are [begin, end) of the block, without the line end.
  struct Line {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  [[nodiscard]] std::span<const Line> lines() const { return {lines_.get(), count_}; }
  [[nodiscard]] std::uint64_t record_count() const override { return count_; }
  [[nodiscard]] std::uint64_t bytes_used() const override { return capacity_ * sizeof(Line); }

 private:
  friend class LineSplitter;
  void reserve(std::size_t lines);  // keeps what is there

  std::unique_ptr<Line[]> lines_;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
};

struct LineRules {
  std::optional<char> comment;    // a line that begins with it is no record
  bool spaces_are_blank = false;  // a line of spaces and tabs is no record, either
};

class LineSplitter {
 public:
  explicit LineSplitter(LineRules rules) : rules_(rules) {}
  // RecordBinding::split's contract; `out` is overwritten.
  [[nodiscard]] RecordBinding::Split split(std::span<const char> block, bool final, LineIndex& out) const;

 private:
  void add_line(std::span<const char> block, std::size_t begin, std::size_t end, LineIndex& out) const;

  LineRules rules_;
};

class LineScanner final : public RecordScanner {
 public:
  [[nodiscard]] std::optional<std::size_t> scan(std::span<const char> bytes, std::size_t from,
                                                bool stop_at_end) override;
  [[nodiscard]] std::uint64_t lines() const override { return lines_; }
  [[nodiscard]] bool at_record_start() const override { return at_start_; }

 private:
  std::uint64_t lines_ = 0;
  bool at_start_ = true;
};

// RecordBinding::guess_record_start for lines: exact.
[[nodiscard]] std::optional<std::size_t> find_line_start(std::span<const char> bytes, char before);

// RecordFormat::read_head for lines: past a byte order mark and `skip_rows` lines.
[[nodiscard]] Result<FileHead> read_line_head(std::span<const char> bytes, bool complete, std::uint32_t skip_rows,
                                              const std::string& path);

}  // namespace tipple
