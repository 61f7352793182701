// gzip (RFC 1952) over ISA-L's inflate. Header and trailer are read here: ISA-L's own parser forgets where a member
// ended.
#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "formats/decode_member.h"

namespace tipple {
namespace {

constexpr unsigned kFlagCrc = 0x02;
constexpr unsigned kFlagExtra = 0x04;
constexpr unsigned kFlagName = 0x08;
constexpr unsigned kFlagComment = 0x10;
constexpr unsigned kFlagsUnknown = 0xE0;
constexpr std::size_t kFixedHeaderBytes = 10;
constexpr std::size_t kTrailerBytes = 8;

std::uint32_t little_endian(const unsigned char* bytes, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint32_t{bytes[i]} << (8 * i);
  return value;
}

const char* inflate_error_text(int code) {
  switch (code) {
    case ISAL_INVALID_BLOCK:
      return "a deflate block has an invalid header";
    case ISAL_INVALID_SYMBOL:
      return "a deflate block has an invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "a deflate block refers to bytes before the data";
    default:
      return "its deflate data is invalid";
  }
}

class GzipDecoder final : public MemberDecoder {
 public:
  GzipDecoder() : inflate_(std::make_unique<inflate_state>()) {}

  Status begin_member() override {
    isal_inflate_init(inflate_.get());
    inflate_->crc_flag = ISAL_GZIP_NO_HDR;
    part_ = Part::kFixed;
    held_size_ = 0;
    header_crc_ = 0;
    made_ = 0;
    return {};
  }

  Status decode(std::span<const char> in, std::span<char> out, Step& step) override {
    while (part_ < Part::kBody && step.taken < in.size()) {
      TIPPLE_RETURN_IF_ERROR(take_header_byte(static_cast<unsigned char>(in[step.taken++])));
    }
    if (part_ == Part::kBody) TIPPLE_RETURN_IF_ERROR(inflate(in, out, step));
    if (part_ == Part::kTrailer) {
      while (held_size_ < kTrailerBytes && step.taken < in.size()) {
        held_[held_size_++] = static_cast<unsigned char>(in[step.taken++]);
      }
      if (held_size_ == kTrailerBytes) {
        TIPPLE_RETURN_IF_ERROR(check_trailer());
        step.member_end = true;
      }
    }
    return {};
  }

 private:
  // In the order of the bytes, so that `part_ < kBody` is the header.
  enum class Part { kFixed, kExtraLength, kExtra, kName, kComment, kHeaderCrc, kBody, kTrailer };

  Status take_header_byte(unsigned char byte) {
    if (part_ != Part::kHeaderCrc) header_crc_ = crc32_gzip_refl(header_crc_, &byte, 1);
    switch (part_) {
      case Part::kFixed:
        held_[held_size_++] = byte;
        return held_size_ == kFixedHeaderBytes ? end_fixed() : check_fixed();
      case Part::kExtraLength:
        held_[held_size_++] = byte;
        if (held_size_ == 2) {
          extra_left_ = little_endian(held_, 2);
          begin_part(extra_left_ > 0 ? Part::kExtra : part_after(Part::kExtra));
        }
        return {};
      case Part::kExtra:
        if (--extra_left_ == 0) begin_part(part_after(Part::kExtra));
        return {};
      case Part::kName:
      case Part::kComment:
        if (byte == 0) begin_part(part_after(part_));
        return {};
      case Part::kHeaderCrc:
        held_[held_size_++] = byte;
        if (held_size_ < 2) return {};
        if (little_endian(held_, 2) != (header_crc_ & 0xFFFF))
          return environment_error("the header's checksum is wrong");
        begin_part(Part::kBody);
        return {};
      case Part::kBody:
      case Part::kTrailer:
        break;
    }
    return {};
  }

  Status check_fixed() const {
    static constexpr unsigned char kBegin[] = {0x1f, 0x8b, 0x08};
    const std::size_t last = held_size_ - 1;
    if (last < sizeof kBegin && held_[last] != kBegin[last])
      return environment_error("what stands there is not a gzip header");
    return {};
  }

  Status end_fixed() {
    flags_ = held_[3];
    if ((flags_ & kFlagsUnknown) != 0) return environment_error("the header has flags that gzip does not define");
    begin_part(part_after(Part::kFixed));
    return {};
  }

  [[nodiscard]] Part part_after(Part part) const {
    if (part < Part::kExtraLength && (flags_ & kFlagExtra) != 0) return Part::kExtraLength;
    if (part < Part::kName && (flags_ & kFlagName) != 0) return Part::kName;
    if (part < Part::kComment && (flags_ & kFlagComment) != 0) return Part::kComment;
    if (part < Part::kHeaderCrc && (flags_ & kFlagCrc) != 0) return Part::kHeaderCrc;
    return Part::kBody;
  }

  void begin_part(Part part) {
    part_ = part;
    held_size_ = 0;
  }

  Status inflate(std::span<const char> in, std::span<char> out, Step& step) {
    inflate_state& state = *inflate_;
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
    const auto avail_in = static_cast<std::uint32_t>(std::min(in.size() - step.taken, kMost));
    const auto avail_out = static_cast<std::uint32_t>(std::min(out.size(), kMost));
    // ISA-L only reads its input.
    state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data() + step.taken));
    state.avail_in = avail_in;
    state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    state.avail_out = avail_out;
    const int code = isal_inflate(&state);
    step.taken += avail_in - state.avail_in;
    step.made += avail_out - state.avail_out;
    made_ += avail_out - state.avail_out;
    if (code < 0) return environment_error(inflate_error_text(code));
    if (state.block_state != ISAL_BLOCK_FINISH) return {};
    part_ = Part::kTrailer;
    take_back_lookahead();
    return {};
  }

  // inflate reads ahead by up to eight bytes; those belong to the trailer, which is as long.
  void take_back_lookahead() {
    inflate_state& state = *inflate_;
    const unsigned whole_bytes = state.read_in_length > 0 ? static_cast<unsigned>(state.read_in_length) / 8 : 0;
    std::uint64_t bits = state.read_in >> (state.read_in_length > 0 ? state.read_in_length % 8 : 0);
    for (held_size_ = 0; held_size_ < whole_bytes; ++held_size_) {
      held_[held_size_] = static_cast<unsigned char>(bits);
      bits >>= 8;
    }
  }

  Status check_trailer() const {
    if (little_endian(held_, 4) != inflate_->crc) return environment_error("the data's checksum is wrong");
    if (little_endian(held_ + 4, 4) != static_cast<std::uint32_t>(made_)) {
      return environment_error(fmt::format("the data's length is wrong: {} bytes came out", made_));
    }
    return {};
  }

  std::unique_ptr<inflate_state> inflate_;
  Part part_ = Part::kFixed;
  unsigned flags_ = 0;
  std::uint32_t extra_left_ = 0;
  std::uint32_t header_crc_ = 0;
  std::uint64_t made_ = 0;
  unsigned char held_[kFixedHeaderBytes] = {};  // the part's bytes so far
  std::size_t held_size_ = 0;
};

}  // namespace

Result<std::unique_ptr<MemberDecoder>> make_gzip_decoder() {
  return std::unique_ptr<MemberDecoder>(std::make_unique<GzipDecoder>());
}

}  // namespace tipple
