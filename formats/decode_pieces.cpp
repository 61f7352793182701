#include "formats/decode_pieces.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <zstd.h>

namespace tipple {
namespace {

constexpr std::size_t kGzipFixedBytes = 12;  // with the extra field's length
constexpr std::size_t kGzipTrailerBytes = 8;
constexpr unsigned char kGzipFlagExtra = 0x04;

unsigned char byte_at(std::span<const char> bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }
std::size_t two_bytes(std::span<const char> bytes, std::size_t i) {
  return byte_at(bytes, i) | (std::size_t{byte_at(bytes, i + 1)} << 8);
}

// Magic, deflate, known flags, and the few values that XFL and OS have: in 137 GB of random bytes there is one such
// place.
bool looks_like_gzip_header(std::span<const char> bytes) {
  if (bytes.size() < 10) return false;
  const unsigned char flags = byte_at(bytes, 3);
  const unsigned char speed = byte_at(bytes, 8);
  const unsigned char system = byte_at(bytes, 9);
  return byte_at(bytes, 0) == 0x1f && byte_at(bytes, 1) == 0x8b && byte_at(bytes, 2) == 8 && (flags & 0xE0) == 0 &&
         (speed == 0 || speed == 2 || speed == 4) && (system <= 13 || system == 255);
}

// "BZh", a level, and the first block's magic: ten bytes, nine of them fixed.
bool looks_like_bzip2_header(std::span<const char> bytes) {
  const std::string_view text(bytes.data(), std::min<std::size_t>(bytes.size(), 10));
  return text.starts_with("BZh") && text.substr(4) == "1AY&SY" && text[3] >= '1' && text[3] <= '9';
}

// Up to the first candidate at `aim` or later.
std::optional<std::size_t> find_candidate(Compression compression, std::span<const char> bytes, std::size_t aim,
                                          bool end) {
  const std::string_view text(bytes.data(), bytes.size());
  const std::string_view begin = compression == Compression::kBzip2 ? "BZh" : "\x1f\x8b\x08";
  for (std::size_t at = text.find(begin, aim); at != std::string_view::npos; at = text.find(begin, at + 1)) {
    const std::span<const char> rest = bytes.subspan(at);
    if (compression == Compression::kBzip2 ? looks_like_bzip2_header(rest) : looks_like_gzip_header(rest)) return at;
  }
  return end && !bytes.empty() ? std::optional(bytes.size()) : std::nullopt;
}

std::optional<std::size_t> zstd_frame_bytes(std::span<const char> bytes) {
  const std::size_t size = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0 || size == 0 || size > bytes.size()) return std::nullopt;
  return size;
}

}  // namespace

bool has_pieces(Compression compression) {
  return compression == Compression::kGzip || compression == Compression::kBgzip ||
         compression == Compression::kBzip2 || compression == Compression::kZstd;
}

std::optional<std::size_t> bgzf_block_bytes(std::span<const char> bytes) {
  if (bytes.size() < kGzipFixedBytes || !looks_like_gzip_header(bytes) || (byte_at(bytes, 3) & kGzipFlagExtra) == 0)
    return std::nullopt;
  const std::size_t extra_end = kGzipFixedBytes + two_bytes(bytes, 10);
  for (std::size_t at = kGzipFixedBytes; at + 4 <= extra_end && at + 4 <= bytes.size();) {
    const std::size_t length = two_bytes(bytes, at + 2);
    if (byte_at(bytes, at) == 'B' && byte_at(bytes, at + 1) == 'C' && length == 2) {
      if (at + 6 > extra_end || at + 6 > bytes.size()) return std::nullopt;
      const std::size_t block = two_bytes(bytes, at + 4) + 1;
      return block >= extra_end + kGzipTrailerBytes ? std::optional(block) : std::nullopt;
    }
    at += 4 + length;
  }
  return std::nullopt;
}

std::optional<std::size_t> find_piece(Compression compression, std::span<const char> bytes, std::size_t aim, bool end) {
  if (compression == Compression::kGzip || compression == Compression::kBzip2)
    return find_candidate(compression, bytes, aim, end);
  std::size_t size = 0;
  while (size < aim && size < bytes.size()) {
    const std::span<const char> rest = bytes.subspan(size);
    const auto member = compression == Compression::kBgzip ? bgzf_block_bytes(rest) : zstd_frame_bytes(rest);
    if (!member || *member > rest.size()) break;
    size += *member;
  }
  return size > 0 ? std::optional(size) : std::nullopt;
}

}  // namespace tipple
