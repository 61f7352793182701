// Which compression a file has (formats/byte_source.h), and how its members follow one another
// (formats/decode_member.h).
#include <algorithm>

#include "base/check.h"
#include "formats/byte_source.h"
#include "formats/decode_member.h"
#include "formats/decode_pieces.h"

namespace tipple {
namespace {

struct Magic {
  Compression compression;
  std::string_view bytes;
  // A file that is shorter than its magic is taken for one that was cut off if it has this many bytes of it: no text
  // begins like that.
  std::size_t bytes_min;
};

constexpr Magic kMagics[] = {
    {Compression::kGzip, "\x1f\x8b", 1},
    {Compression::kXz,
     {"\xFD"
      "7zXZ\0",
      6},
     1},
    {Compression::kZstd, "\x28\xB5\x2F\xFD", 2},
    {Compression::kLz4, "\x04\x22\x4D\x18", 1},
    {Compression::kLz4, "\x02\x21\x4C\x18", 2},  // the legacy format: recognised to be refused by name
    {Compression::kZip, "PK\x03\x04", 3},
    {Compression::kZip, "PK\x05\x06", 3},
};

// Skippable frames (RFC 8878, 3.1.2), which pzstd and the seekable format write first. They are lz4's, too; only zstd's
// tools begin with one.
bool is_skippable_frame(std::string_view first) {
  return first.size() >= 4 && (static_cast<unsigned char>(first[0]) & 0xF0) == 0x50 &&
         first.substr(1, 3) == "\x2A\x4D\x18";
}

// "BZh", the level, then the magic of a block or of the stream's end. "BZh" alone could begin a text.
bool is_bzip2(std::string_view first) {
  if (first.size() < 4 || !first.starts_with("BZh") || first[3] < '1' || first[3] > '9') return false;
  const std::string_view rest = first.substr(4, 6);
  return std::string_view("1AY&SY").starts_with(rest) || std::string_view("\x17\x72\x45\x38\x50\x90").starts_with(rest);
}

}  // namespace

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kBgzip:
      return "bgzip";
    case Compression::kBzip2:
      return "bzip2";
    case Compression::kXz:
      return "xz";
    case Compression::kZstd:
      return "zstd";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZip:
      return "zip";
  }
  return "";
}

Compression detect_compression(std::span<const char> first) {
  const std::string_view text(first.data(), first.size());
  for (const Magic& magic : kMagics) {
    const bool whole = text.starts_with(magic.bytes);
    const bool cut_off = text.size() >= magic.bytes_min && magic.bytes.starts_with(text);
    if (!whole && !cut_off) continue;
    return magic.compression == Compression::kGzip && bgzf_block_bytes(first) ? Compression::kBgzip : magic.compression;
  }
  if (is_bzip2(text)) return Compression::kBzip2;
  return is_skippable_frame(text) ? Compression::kZstd : Compression::kNone;
}

MemberRules member_rules(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
    case Compression::kBgzip:
      return {"gzip", 1};
    case Compression::kXz:
      return {"xz", 4};
    case Compression::kBzip2:
      return {"bzip2", 0};
    case Compression::kZstd:
      return {"zstd", 0};
    case Compression::kLz4:
      return {"lz4", 0};
    case Compression::kNone:
    case Compression::kZip:
      break;
  }
  TIPPLE_CHECK(false, "a format without members");
  return {};
}

bool may_begin_member(Compression compression, unsigned char byte) {
  const bool skippable = byte >= 0x50 && byte <= 0x5F;
  switch (compression) {
    case Compression::kGzip:
    case Compression::kBgzip:
      return byte == 0x1f;
    case Compression::kXz:
      return byte == 0xFD;
    case Compression::kBzip2:
      return byte == 'B';
    case Compression::kZstd:
      return byte == 0x28 || skippable;
    case Compression::kLz4:
      return byte == 0x04 || skippable;
    case Compression::kNone:
    case Compression::kZip:
      break;
  }
  return false;
}

Result<std::unique_ptr<MemberDecoder>> make_member_decoder(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
    case Compression::kBgzip:
      return make_gzip_decoder();
    case Compression::kBzip2:
      return make_bzip2_decoder();
    case Compression::kXz:
      return make_xz_decoder();
    case Compression::kZstd:
      return make_zstd_decoder();
    case Compression::kLz4:
      return make_lz4_decoder();
    case Compression::kNone:
    case Compression::kZip:
      break;
  }
  TIPPLE_CHECK(false, "a format without a decoder");
  return environment_error("");
}

}  // namespace tipple
