// MemberDecoder: one compressed format, one member (gzip member, xz stream, zstd frame, ...) at a time.
//
// Owner: one decoder loop. Thread rule: one thread at a time. Memory: the format's own window, bounded by the decoder's
// limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "formats/byte_source.h"

namespace tipple {

class MemberDecoder {
 public:
  virtual ~MemberDecoder() = default;

  struct Step {
    std::size_t taken = 0;    // of the input
    std::size_t made = 0;     // of the output
    bool member_end = false;  // the member is complete and its checksums are right
  };
  // Goes on with the member. Neither taken nor made: it needs more input (or the output is full); decoders hold no
  // output back that would fit. An Error's text says what is wrong, without the place: the caller
  // knows it, by step.taken, as near as the format tells. Precondition: step is as made.
  [[nodiscard]] virtual Status decode(std::span<const char> in, std::span<char> out, Step& step) = 0;
  // What follows is a new member, whatever became of the last one.
  [[nodiscard]] virtual Status begin_member() = 0;
};

// How members follow one another.
struct MemberRules {
  const char* name;              // for messages
  std::size_t padding_multiple;  // zero bytes after a member, as many as a multiple of this; 0: none are allowed
};
[[nodiscard]] MemberRules member_rules(Compression compression);

// Can a member begin with this byte?
[[nodiscard]] bool may_begin_member(Compression compression, unsigned char byte);

// Precondition: a compression that has a decoder, so neither kNone nor kZip. Errors: out of memory.
[[nodiscard]] Result<std::unique_ptr<MemberDecoder>> make_member_decoder(Compression compression);

[[nodiscard]] Result<std::unique_ptr<MemberDecoder>> make_gzip_decoder();
[[nodiscard]] Result<std::unique_ptr<MemberDecoder>> make_bzip2_decoder();
[[nodiscard]] Result<std::unique_ptr<MemberDecoder>> make_xz_decoder();
[[nodiscard]] Result<std::unique_ptr<MemberDecoder>> make_zstd_decoder();
[[nodiscard]] Result<std::unique_ptr<MemberDecoder>> make_lz4_decoder();

// Memory that a stream may ask of its decoder: what `xz -9` and `zstd --ultra -22 --long=27` need.
inline constexpr std::uint64_t kDecoderMemoryBytesMax = std::uint64_t{128} << 20;

}  // namespace tipple
