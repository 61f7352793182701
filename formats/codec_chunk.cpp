#include "formats/codec_chunk.h"

#include <lz4.h>
#include <zstd.h>

#include <cstring>
#include <memory>

#include "formats/codec_deflate.h"

namespace tipple {
namespace {

constexpr int kZstdLevel = 1;
constexpr std::size_t kLz4HeadBytes = 12;
constexpr std::size_t kLz4BlockHeadBytes = 4;
constexpr std::size_t kLz4BytesMax = LZ4_MAX_INPUT_SIZE;

void put_big_endian(std::uint8_t* to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to[i] = static_cast<std::uint8_t>(value >> (8 * (bytes - 1 - i)));
}

std::uint64_t get_big_endian(const std::uint8_t* from, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | from[i];
  return value;
}

using ZstdCompressor = std::unique_ptr<ZSTD_CCtx, decltype([](ZSTD_CCtx* context) { ZSTD_freeCCtx(context); })>;
using ZstdDecompressor = std::unique_ptr<ZSTD_DCtx, decltype([](ZSTD_DCtx* context) { ZSTD_freeDCtx(context); })>;

std::size_t compress_zstd(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t capacity) {
  thread_local ZstdCompressor context(ZSTD_createCCtx());
  const std::size_t size = ZSTD_compressCCtx(context.get(), out, capacity, in.data(), in.size(), kZstdLevel);
  return ZSTD_isError(size) ? 0 : size;
}

std::size_t compress_lz4(std::span<const std::uint8_t> in, std::uint8_t* out, std::size_t capacity) {
  if (in.size() > kLz4BytesMax) return 0;
  const std::size_t head = kLz4HeadBytes + kLz4BlockHeadBytes;
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out + head),
                                        static_cast<int>(in.size()), static_cast<int>(capacity - head));
  if (size <= 0) return 0;
  put_big_endian(out, in.size(), 8);
  put_big_endian(out + 8, in.size(), 4);
  put_big_endian(out + 12, static_cast<std::uint64_t>(size), 4);
  return head + static_cast<std::size_t>(size);
}

Status decompress_zstd(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
  thread_local ZstdDecompressor context(ZSTD_createDCtx());
  const std::size_t size = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(size)) return environment_error(std::string("zstd: ") + ZSTD_getErrorName(size));
  if (size != out.size()) return environment_error("zstd: a chunk of the wrong size");
  return {};
}

Status decompress_lz4(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
  if (in.size() < kLz4HeadBytes || get_big_endian(in.data(), 8) != out.size()) {
    return environment_error("lz4: a chunk of the wrong size");
  }
  const std::uint64_t block_bytes = get_big_endian(in.data() + 8, 4);
  if (block_bytes == 0 || block_bytes > kLz4BytesMax) return environment_error("lz4: a bad block size");
  std::size_t from = kLz4HeadBytes;
  for (std::size_t to = 0; to < out.size();) {
    const std::size_t want = out.size() - to < block_bytes ? out.size() - to : block_bytes;
    if (in.size() - from < kLz4BlockHeadBytes) return environment_error("lz4: a truncated chunk");
    const std::size_t have = get_big_endian(in.data() + from, 4);
    from += kLz4BlockHeadBytes;
    if (in.size() - from < have) return environment_error("lz4: a truncated chunk");
    if (have == want) {
      std::memcpy(out.data() + to, in.data() + from, want);
    } else {
      const int got =
          LZ4_decompress_safe(reinterpret_cast<const char*>(in.data() + from), reinterpret_cast<char*>(out.data() + to),
                              static_cast<int>(have), static_cast<int>(want));
      if (got < 0 || static_cast<std::size_t>(got) != want) return environment_error("lz4: a damaged block");
    }
    from += have;
    to += want;
  }
  return {};
}

}  // namespace

std::optional<std::span<const std::uint8_t>> compress_chunk(Codec codec, std::span<const std::uint8_t> in,
                                                            CodecScratch& scratch) {
  std::size_t size = 0;
  std::uint8_t* out = nullptr;
  switch (codec) {
    case Codec::kDeflate: {
      const std::size_t capacity = deflate_bound(in.size());
      size = deflate(in, out = scratch.need(capacity), capacity);
      break;
    }
    case Codec::kZstd: {
      const std::size_t capacity = ZSTD_compressBound(in.size());
      size = compress_zstd(in, out = scratch.need(capacity), capacity);
      break;
    }
    case Codec::kLz4: {
      const std::size_t capacity = in.size() + kLz4HeadBytes + kLz4BlockHeadBytes;
      size = compress_lz4(in, out = scratch.need(capacity), capacity);
      break;
    }
    case Codec::kNone:
      TIPPLE_CHECK(false, "compress_chunk without a codec");
  }
  if (size == 0 || size >= in.size()) return std::nullopt;
  return std::span<const std::uint8_t>(out, size);
}

std::span<const std::uint8_t> compress_zstd_frame(std::span<const std::uint8_t> in, CodecScratch& scratch) {
  const std::size_t capacity = ZSTD_compressBound(in.size());
  std::uint8_t* const out = scratch.need(capacity);
  const std::size_t size = compress_zstd(in, out, capacity);
  TIPPLE_CHECK(size > 0, "zstd has room for any input");
  return {out, size};
}

Status decompress_chunk(Codec codec, std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
  switch (codec) {
    case Codec::kDeflate:
      return inflate(in, out);
    case Codec::kZstd:
      return decompress_zstd(in, out);
    case Codec::kLz4:
      return decompress_lz4(in, out);
    case Codec::kNone:
      break;
  }
  TIPPLE_CHECK(false, "decompress_chunk without a codec");
  return {};
}

}  // namespace tipple
