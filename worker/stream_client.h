// StreamClient: one writer of a stream: its bytes, the head that they began with, and which of them are whole records.
//
// Owner: a StreamReader. Thread rule: the reader's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "formats/record_format.h"
#include "partitioner/stream_cutter.h"

namespace tipple {

class StreamClient {
 public:
  StreamClient(File file, const RecordFormat& format, const SourceSpec& source, std::uint64_t record_bytes_max);

  [[nodiscard]] int fd() const { return file_.fd(); }
  // Reads what is there. False: the writer has closed its end.
  [[nodiscard]] Result<bool> read();
  // Takes the head off the first bytes. False: it is not whole yet. `final`: nothing follows.
  [[nodiscard]] Result<bool> read_head(bool final);
  [[nodiscard]] const std::string& head() const { return head_; }

  // Bytes that were read and not taken; before the head was read, all of them.
  [[nodiscard]] std::span<const char> unread() const { return {buffer_.data() + begin_, size_ - begin_}; }
  struct Whole {
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
  };
  // How much of unread() is whole records. `final`: a last record without a line end is whole.
  [[nodiscard]] Whole whole_records(bool final);
  // The part of `whole` up to where `cut` says.
  [[nodiscard]] Whole cut_records(const Whole& whole, const StreamCutter::Cut& cut);
  void take(std::uint64_t bytes);
  // An Error if the record that unread() begins with is too long already.
  [[nodiscard]] Status check_record_size() const;

  // All that was taken is sealed: says so to a socket's writer.
  void acknowledge();
  void end() { ended_ = true; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  File file_;
  const RecordFormat& format_;
  const SourceSpec& source_;
  const std::uint64_t record_bytes_max_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  std::string head_;
  std::unique_ptr<RecordBinding> binding_;  // once the head is known
  std::unique_ptr<RecordIndex> index_;
  std::uint64_t taken_ = 0;  // head included
  std::uint64_t acknowledged_ = 0;
  bool ended_ = false;
};

}  // namespace tipple
