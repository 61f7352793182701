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
constexpr int kLevel = 1;
// ISA-L 2.30 hashes the second position of a fresh stream with what a register holds: bits 16 to 47 of the stream object's
// address (.write_first_byte in igzip_icf_body_h1_gr_bt.asm). The output is valid but not always the same, and parts must be. The
// code for short inputs has no such fault, so a few bytes go first, and the flush keeps the history that they begin.
constexpr std::uint32_t kFirstBytes = 8;
// Incompressible input becomes stored blocks of at most 64 KiB with 5 bytes each; zlib adds 2 bytes before and 4 behind. ISA-L
// wants some room beyond that to work in.
constexpr std::size_t kFrameBytes = 128;

struct IsalState {
  isal_zstream stream;
  std::unique_ptr<std::uint8_t[]> level_bytes{new std::uint8_t[ISAL_DEF_LVL1_DEFAULT]};
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
  isal_deflate_init(&stream);
  stream.level = kLevel;
  stream.level_buf = state->level_bytes.get();
  stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  stream.gzip_flag = IGZIP_ZLIB;
  stream.next_in = const_cast<std::uint8_t*>(in.data());
  stream.next_out = out;
  stream.avail_out = static_cast<std::uint32_t>(capacity);
  const auto size = static_cast<std::uint32_t>(in.size());
  const std::uint32_t first = size > kFirstBytes ? kFirstBytes : 0;
  if (first > 0) {
    stream.avail_in = first;
    stream.flush = SYNC_FLUSH;
    if (isal_deflate(&stream) != COMP_OK || stream.avail_in != 0) return 0;
  }
  stream.avail_in = size - first;
  stream.flush = NO_FLUSH;
  stream.end_of_stream = 1;
  if (isal_deflate(&stream) != COMP_OK || stream.internal_state.state != ZSTATE_END) return 0;
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
