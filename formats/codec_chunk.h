// Compression of one HDF5 chunk by each codec that parts know, in the framing of the HDF5 filter of that codec.
//
//   deflate  zlib stream (filter 1): ISA-L level 1 on x86-64 and aarch64, libdeflate level 1 elsewhere
//   zstd     one zstd frame (filter 32015)
//   lz4      the lz4 plugin's blocks (filter 32004): u64 total bytes, u32 block bytes, then u32 compressed bytes and
//   data for
//            each block, all big-endian; a block whose compressed size is its own size is stored
//   none     no filter
//
// Thread rule: any thread; the codecs' working memory is per thread. Equal input gives equal bytes on equal CPU
// kernels.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "formats/codec_scratch.h"
#include "jobs/job_spec.h"

namespace tipple {

// The compressed bytes, in `scratch`; nothing if they are not fewer than the input's. Precondition: codec != kNone.
[[nodiscard]] std::optional<std::span<const std::uint8_t>> compress_chunk(Codec codec, std::span<const std::uint8_t> in,
                                                                          CodecScratch& scratch);

// One zstd frame, also where it is no shorter than `in`, with the same context; in `scratch`.
[[nodiscard]] std::span<const std::uint8_t> compress_zstd_frame(std::span<const std::uint8_t> in,
                                                                CodecScratch& scratch);

// Fills `out` exactly, or is an Error: foreign bytes never make it read or write outside its buffers.
// Precondition: codec != kNone.
[[nodiscard]] Status decompress_chunk(Codec codec, std::span<const std::uint8_t> in, std::span<std::uint8_t> out);

}  // namespace tipple
