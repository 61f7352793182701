// TranscodeStream (formats/text_encoding.h).
#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/text_encoding.h"

namespace tipple {
namespace {

constexpr std::size_t kRawBytes = 64 * limits::kKiB;

}  // namespace

TranscodeStream::TranscodeStream(std::unique_ptr<ByteStream> input, const SourceSpec& source, std::string path)
    : input_(std::move(input)),
      encoding_(source.encoding),
      on_invalid_(source.on_invalid),
      path_(std::move(path)),
      raw_(kRawBytes),
      text_(kUtf8GrowthMax * kRawBytes) {}

Status TranscodeStream::take_byte_order_mark() {
  begun_ = true;
  if (encoding_ != Encoding::kUtf16 && encoding_ != Encoding::kUtf16Le && encoding_ != Encoding::kUtf16Be) return {};
  const std::string_view first(raw_.data(), std::min<std::size_t>(raw_size_, 2));
  const bool little = first == "\xFF\xFE";
  const bool big = first == "\xFE\xFF";
  if (little || big) {
    const Encoding marked = little ? Encoding::kUtf16Le : Encoding::kUtf16Be;
    if (encoding_ != Encoding::kUtf16 && encoding_ != marked) {
      return environment_error(fmt::format("its byte order mark says {}, the job file says {}", encoding_name(marked),
                                           encoding_name(encoding_)),
                               path_, fmt::format("set 'encoding: utf-16' to go by the mark"));
    }
    encoding_ = marked;
    raw_size_ -= 2;
    offset_ += 2;
    std::memmove(raw_.data(), raw_.data() + 2, raw_size_);
  } else if (encoding_ == Encoding::kUtf16) {
    if (raw_size_ > 0) {
      return environment_error("it is to be UTF-16 by its byte order mark, and does not begin with one", path_,
                               "set 'encoding: utf-16le' or 'utf-16be' if it is UTF-16 without a mark");
    }
    encoding_ = Encoding::kUtf16Le;  // an empty file has no order
  }
  return {};
}

Status TranscodeStream::fill() {
  while (text_begin_ == text_end_ && !(raw_end_ && raw_size_ == 0 && begun_)) {
    if (!raw_end_) {
      const std::span<char> room = std::span(raw_).subspan(raw_size_);
      TIPPLE_TRY(const std::size_t got, input_->read(room));
      raw_size_ += got;
      raw_end_ = got < room.size();
    }
    if (!begun_) TIPPLE_RETURN_IF_ERROR(take_byte_order_mark());
    const Utf8Step step = to_utf8(encoding_, on_invalid_, {raw_.data(), raw_size_}, raw_end_, text_);
    if (step.invalid) {
      return environment_error(fmt::format("the bytes at byte {} of the text are not valid in {}",
                                           offset_ + *step.invalid, encoding_name(encoding_)),
                               path_, "set the source's 'encoding', or 'on_invalid: reject' or 'replace'");
    }
    raw_size_ -= step.taken;
    offset_ += step.taken;
    std::memmove(raw_.data(), raw_.data() + step.taken, raw_size_);
    text_begin_ = 0;
    text_end_ = step.made;
  }
  return {};
}

Result<std::size_t> TranscodeStream::read(std::span<char> out) {
  std::size_t made = 0;
  while (made < out.size()) {
    TIPPLE_RETURN_IF_ERROR(fill());
    const std::size_t count = std::min(out.size() - made, text_end_ - text_begin_);
    if (count == 0) break;
    std::memcpy(out.data() + made, text_.data() + text_begin_, count);
    text_begin_ += count;
    made += count;
  }
  return made;
}

}  // namespace tipple
