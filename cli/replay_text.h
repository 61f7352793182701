// ReplayText: the records of one text file, one at a time: the one at an offset, or all from the head on.
//
// Owner: who replays. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/byte_source.h"
#include "formats/record_format.h"
#include "jobs/job_spec.h"

namespace tipple {

class ReplayText {
 public:
  // `source`: how the file is written; copied. Errors: as open_byte_source and make_record_format; a format without
  // text.
  [[nodiscard]] static Result<std::unique_ptr<ReplayText>> open(const ByteSourceFile& file, const SourceSpec& source);

  // What stands before the first record, with its line ends.
  [[nodiscard]] Result<std::string> head();
  // From `offset` through the line end that ends the record there; empty at the text's end. Valid until the next call.
  // Without random access, offsets that ascend are cheap. Errors: a record of more than kReplayRecordBytesMax.
  [[nodiscard]] Result<std::string_view> record_at(std::uint64_t offset);
  // All records: calls `visit` with the offset of each; blank lines and comments are none. Gives their number.
  [[nodiscard]] Result<std::uint64_t> each_record(const std::function<Status(std::uint64_t offset)>& visit);

 private:
  ReplayText(ByteSourceFile file, SourceSpec source) : file_(std::move(file)), source_(std::move(source)) {}
  [[nodiscard]] Status reopen();
  [[nodiscard]] Result<std::span<const char>> piece(std::uint64_t offset);
  [[nodiscard]] Result<FileHead> read_head(std::string& text);

  ByteSourceFile file_;
  SourceSpec source_;
  std::unique_ptr<RecordFormat> format_;
  std::unique_ptr<ByteSource> bytes_;
  std::vector<char> window_;  // text from window_begin_ on
  std::uint64_t window_begin_ = 0;
  std::size_t window_size_ = 0;
  std::vector<char> record_;  // and padding
};

inline constexpr std::uint64_t kReplayRecordBytesMax = std::uint64_t{256} << 20;

// `unit` without the line end that ends it.
[[nodiscard]] std::string_view without_line_end(std::string_view unit, const SourceSpec& source);

}  // namespace tipple
