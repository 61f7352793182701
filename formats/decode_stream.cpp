#include "formats/decode_stream.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"

namespace tipple {
namespace {

constexpr std::size_t kInputBufferBytes = 256 * limits::kKiB;
// Small files may have any ratio: a CSV of one repeated row is no bomb.
constexpr std::uint64_t kRatioBytesMin = 16 * limits::kMiB;

}  // namespace

Result<std::size_t> MeteredStream::read(std::span<char> out) {
  TIPPLE_TRY(const std::size_t made, decoded_->read(out));
  made_ += made;
  const DecompressionLimits& limits = context_.limits;
  if (made_ > limits.bytes_max) {
    return environment_error(
        fmt::format("more than {} bytes come out when it is decompressed", limits.bytes_max), context_.path,
        fmt::format("if that is meant to be, set 'decompression: {{max_bytes: ...}}' of source '{}' in the job file",
                    context_.source));
  }
  const std::uint64_t taken = std::max<std::uint64_t>(decoded_->bytes_taken(), 1);
  if (made_ > kRatioBytesMin && made_ / limits.ratio_max > taken) {
    return environment_error(
        fmt::format("{} bytes came out of {} compressed ones, more than {} times as many", made_, taken,
                    limits.ratio_max),
        context_.path,
        fmt::format("if that is meant to be, set 'decompression: {{max_ratio: ...}}' of source '{}' in the job file",
                    context_.source));
  }
  return made;
}

Error damage_error(const DecodeContext& context, const char* format, std::uint64_t offset, Error what) {
  std::string hint = what.hint.empty() ? "make or fetch the file again" : std::move(what.hint);
  return environment_error(fmt::format("its {} data is damaged at byte {}: {}", format, offset, what.what),
                           context.path, std::move(hint));
}

Result<std::unique_ptr<DecodeStream>> DecodeStream::make(std::unique_ptr<ByteStream> input, Compression compression,
                                                         const DecodeContext& context, std::uint64_t begin) {
  TIPPLE_TRY(auto decoder, make_member_decoder(compression));
  return std::unique_ptr<DecodeStream>(
      new DecodeStream(std::move(input), compression, std::move(decoder), context, begin));
}

DecodeStream::DecodeStream(std::unique_ptr<ByteStream> input, Compression compression,
                           std::unique_ptr<MemberDecoder> decoder, const DecodeContext& context, std::uint64_t begin)
    : input_(std::move(input)),
      compression_(compression),
      rules_(member_rules(compression)),
      decoder_(std::move(decoder)),
      context_(context),
      buffer_(kInputBufferBytes),
      at_(begin),
      member_begin_(begin),
      first_member_(begin == 0) {}

Error DecodeStream::damaged(Error what) const { return damage_error(context_, rules_.name, at_, std::move(what)); }

Status DecodeStream::refill() {
  if (held_begin_ < held_end_ || input_end_) return {};
  // Up to a multiple of the buffer's size: where damage is noticed then does not depend on where this stream began.
  const std::size_t room = buffer_.size() - at_ % buffer_.size();
  TIPPLE_TRY(held_end_, input_->read(std::span(buffer_).first(room)));
  held_begin_ = 0;
  input_end_ = held_end_ < room;
  return {};
}

Result<bool> DecodeStream::next_member() {
  const std::uint64_t padding_begin = at_;
  while (true) {
    TIPPLE_RETURN_IF_ERROR(refill());
    if (held().empty()) break;
    if (first_member_ || rules_.padding_multiple == 0 || held().front() != 0) break;
    ++held_begin_;
    ++at_;
  }
  const std::uint64_t padding = at_ - padding_begin;
  if (padding > 0 && padding % rules_.padding_multiple != 0) {
    return damaged(
        environment_error(fmt::format("{} zero bytes follow, not a multiple of {}", padding, rules_.padding_multiple)));
  }
  if (held().empty()) return false;
  if (!first_member_ && !may_begin_member(compression_, static_cast<unsigned char>(held().front()))) {
    return damaged(
        environment_error(fmt::format("the data ended at byte {}, and something else follows", padding_begin), "",
                          "cut off what does not belong to the file, or make it again"));
  }
  TIPPLE_RETURN_IF_ERROR(decoder_->begin_member());
  member_begin_ = at_;
  in_member_ = true;
  first_member_ = false;
  return true;
}

Status DecodeStream::decode_step(std::span<char> out, std::size_t& made) {
  MemberDecoder::Step step;
  Status decoded = decoder_->decode(held(), out, step);
  held_begin_ += step.taken;
  at_ += step.taken;
  if (!decoded.ok()) return damaged(std::move(decoded).error());
  made = step.made;
  in_member_ = !step.member_end;
  if (step.member_end || step.taken > 0 || step.made > 0) return {};
  if (!held().empty()) return damaged(environment_error("the decoder cannot go on"));
  if (input_end_) {
    return environment_error(
        fmt::format("its {} data ends too early: the file ends at byte {}, within what begins at byte {}", rules_.name,
                    at_, member_begin_),
        context_.path, "make or fetch the file again");
  }
  return {};
}

Result<DecodeStream::Until> DecodeStream::read_until(std::span<char> out, std::uint64_t offset) {
  Until until;
  while (until.made < out.size()) {
    if (!in_member_) {
      if (!first_member_ && at_ >= offset) {
        until.there = true;
        return until;
      }
      TIPPLE_TRY(const bool more, next_member());
      if (!more) {
        until.end = true;
        return until;
      }
    }
    // An output that was full may have left some of it in the decoder: it is asked again before the input is said to be
    // short.
    std::size_t made = 0;
    TIPPLE_RETURN_IF_ERROR(refill());
    TIPPLE_RETURN_IF_ERROR(decode_step(out.subspan(until.made), made));
    until.made += made;
  }
  return until;
}

Result<std::size_t> DecodeStream::read(std::span<char> out) {
  TIPPLE_TRY(const Until until, read_until(out, UINT64_MAX));
  return until.made;
}

}  // namespace tipple
