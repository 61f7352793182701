#include "formats/codec_deflate.h"

#include <libdeflate.h>

#include <limits>
#include <memory>

#if defined(__x86_64__) || defined(__aarch64__)
#define TIPPLE_DEFLATE_ISAL 1
#include <isa-l/igzip_lib.h>
#else
#define TIPPLE_DEFLATE_ISAL 0
#endif

namespace tipple {
namespace {

#if TIPPLE_DEFLATE_ISAL
// Level 3, not 1: what levels 1 and 2 of ISA-L 2.30 write depends, rarely, on the address of the stream object (a few chunks in ten
// thousand; the streams are valid), and parts must have the same bytes everywhere. See docs/performance.md.
constexpr int kLevel = 3;
// Incompressible input becomes stored blocks of at most 64 KiB with 5 bytes each; zlib adds 2 bytes before and 4 behind. ISA-L
// wants some room beyond that to work in.
constexpr std::size_t kFrameBytes = 64;

struct IsalState {
  isal_zstream stream;
  std::unique_ptr<std::uint8_t[]> level_bytes{new std::uint8_t[ISAL_DEF_LVL3_DEFAULT]};
};
#else
using Compressor =
    std::unique_ptr<libdeflate_compressor, decltype([](libdeflate_compressor* c) { libdeflate_free_compressor(c); })>;
#endif

using Decompressor =
    std::unique_ptr<libdeflate_decompressor, decltype([](libdeflate_decompressor* d) { libdeflate_free_decompressor(d); })>;

}  // namespace

#if TIPPLE_DEFLATE_ISAL

std::size_t deflate_bound(std::size_t bytes) { return bytes + bytes / 1024 + kFrameBytes; }

std::size_t deflate(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t capacity) {
  constexpr std::size_t kBytesMax = std::numeric_limits<std::uint32_t>::max();
  if (in.size() > kBytesMax || capacity > kBytesMax) return 0;
  thread_local std::unique_ptr<IsalState> state = std::make_unique<IsalState>();
  isal_zstream& stream = state->stream;
  isal_deflate_stateless_init(&stream);
  stream.level = kLevel;
  stream.level_buf = state->level_bytes.get();
  stream.level_buf_size = ISAL_DEF_LVL3_DEFAULT;
  stream.gzip_flag = IGZIP_ZLIB;
  stream.flush = NO_FLUSH;
  stream.end_of_stream = 1;
  stream.next_in = const_cast<std::uint8_t*>(in.data());
  stream.avail_in = static_cast<std::uint32_t>(in.size());
  stream.next_out = out;
  stream.avail_out = static_cast<std::uint32_t>(capacity);
  if (isal_deflate_stateless(&stream) != COMP_OK || stream.avail_in != 0) return 0;
  return stream.total_out;
}

#else

std::size_t deflate_bound(std::size_t bytes) { return libdeflate_zlib_compress_bound(nullptr, bytes); }

std::size_t deflate(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t capacity) {
  thread_local Compressor compressor(libdeflate_alloc_compressor(1));
  return libdeflate_zlib_compress(compressor.get(), in.data(), in.size(), out, capacity);
}

#endif

Status inflate(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
  thread_local Decompressor decompressor(libdeflate_alloc_decompressor());
  const libdeflate_result result =
      libdeflate_zlib_decompress(decompressor.get(), in.data(), in.size(), out.data(), out.size(), nullptr);
  switch (result) {
    case LIBDEFLATE_SUCCESS: return {};
    case LIBDEFLATE_BAD_DATA: return environment_error("deflate: a damaged chunk");
    case LIBDEFLATE_SHORT_OUTPUT:
    case LIBDEFLATE_INSUFFICIENT_SPACE: break;
  }
  return environment_error("deflate: a chunk of the wrong size");
}

}  // namespace tipple
