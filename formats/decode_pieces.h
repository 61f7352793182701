// Where compressed data can be cut into pieces of whole members without decoding it.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "formats/byte_source.h"

namespace tipple {

// Can find_piece tell anything about this format?
[[nodiscard]] bool has_pieces(Compression compression);

// Length of a piece at the beginning of `bytes`: whole members, at least `aim` bytes of them if there are that many.
//
// kBgzip, kZstd: members say how long they are. kGzip, kBzip2: what looks like a member's header is taken for one;
// whoever decodes the piece must see whether a member ends exactly there. `end`: no bytes follow. Nothing: no member
// ends within `bytes`, as far as can be told. `bytes` begins with a member.
[[nodiscard]] std::optional<std::size_t> find_piece(Compression compression, std::span<const char> bytes,
                                                    std::size_t aim, bool end);

// How long the BGZF block (SAM specification, 4.1) at the beginning of `bytes` is, by its extra field; nothing if it is
// none.
[[nodiscard]] std::optional<std::size_t> bgzf_block_bytes(std::span<const char> bytes);

}  // namespace tipple
