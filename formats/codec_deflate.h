// Deflate in zlib framing (RFC 1950), as HDF5's filter 1 reads and writes it.
//
// ISA-L level 1 where it has kernels (x86-64, aarch64): measured four times as fast as libdeflate level 1, which stands
// in elsewhere. There, pieces of 32 KiB that a sample shows to be noise (the low bytes of floats and times) are stored
// uncompressed within the stream. Inflating is libdeflate's everywhere: it checks the Adler-32 and the exact size.
// Thread rule: any thread; working memory is per thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace tipple {

// Bytes that deflate() needs to hold the worst case.
[[nodiscard]] std::size_t deflate_bound(std::size_t bytes);

// Bytes written to `out`; 0 if they do not fit.
[[nodiscard]] std::size_t deflate(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t capacity);

// Fills `out` exactly, or is an Error.
[[nodiscard]] Status inflate(std::span<const std::uint8_t> in, std::span<std::uint8_t> out);

}  // namespace tipple
