#include "worker/stream_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace tipple {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kReadableBeyond = 64;  // what RecordBinding::split may look at
constexpr std::size_t kHeadBytesMax = std::size_t{16} << 20;

}  // namespace

StreamClient::StreamClient(File file, const RecordFormat& format, const SourceSpec& source,
                           std::uint64_t record_bytes_max)
    : file_(std::move(file)), format_(format), source_(source), record_bytes_max_(record_bytes_max) {}

Result<bool> StreamClient::read() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, size_ - begin_);
    size_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < size_ + kReadBytes + kReadableBeyond) buffer_.resize(size_ + kReadBytes + kReadableBeyond);
  const ssize_t got = ::read(file_.fd(), buffer_.data() + size_, kReadBytes);
  if (got > 0) {
    size_ += static_cast<std::size_t>(got);
    return true;
  }
  if (got == 0) return false;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return true;
  if (errno == ECONNRESET) return false;
  return system_error(errno, "cannot read the stream", file_.path().string());
}

Result<bool> StreamClient::read_head(bool final) {
  if (binding_) return true;
  const std::span<const char> bytes = unread();
  if (bytes.empty()) return false;
  TIPPLE_TRY(const FileHead head, format_.read_head(bytes, final, source_.name));
  if (head.data_begin > bytes.size() || (!final && !format_.has_records(head))) {
    if (bytes.size() <= kHeadBytesMax) return false;
    return usage_error(fmt::format("the stream has no header within its first {} bytes", bytes.size()), source_.name,
                       "check 'header' and 'skip_rows' of the source");
  }
  if (!format_.has_records(head)) return false;
  TIPPLE_TRY(binding_, format_.bind(head, {}, source_.name));
  index_ = binding_->make_index();
  head_.assign(bytes.data(), head.data_begin);
  take(head.data_begin);
  return true;
}

StreamClient::Whole StreamClient::whole_records(bool final) {
  if (unread().empty()) return {};
  const RecordBinding::Split split = binding_->split(unread(), final, *index_);
  return {split.whole, index_->record_count()};
}

StreamClient::Whole StreamClient::cut_records(const Whole& whole, const StreamCutter::Cut& cut) {
  const std::span<const char> bytes = unread().first(whole.bytes);
  const std::unique_ptr<RecordScanner> scanner = format_.scanner();
  Whole cut_off;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = scanner->scan(bytes.subspan(at), 0, true).value_or(bytes.size() - at);
    // Blank and comment lines end like records and are none.
    (void)binding_->split(bytes.subspan(at, size), true, *index_);
    at += size;
    cut_off.records += index_->record_count();
    cut_off.bytes = at;
    if (cut_off.records > 0 && ((cut.byte && at >= *cut.byte) || (cut.record && cut_off.records >= *cut.record))) break;
  }
  return cut_off;
}

void StreamClient::take(std::uint64_t bytes) {
  begin_ += bytes;
  taken_ += bytes;
}

Status StreamClient::check_record_size() const {
  if (unread().size() <= record_bytes_max_) return {};
  return environment_error(fmt::format("a record of the stream has more than {} bytes", record_bytes_max_),
                           source_.name, "check the quoting of what is sent");
}

// A client that does not read its acknowledgements is not waited for.
void StreamClient::acknowledge() {
  if (taken_ == acknowledged_) return;
  acknowledged_ = taken_;
  const std::string line = fmt::format("ack {}\n", taken_);
  (void)!::send(file_.fd(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace tipple
