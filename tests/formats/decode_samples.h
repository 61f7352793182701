// Compressed samples, made by each format's own library, and readers of them.
#pragma once

#include <bzlib.h>
#include <libdeflate.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zstd.h>

#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "formats/decode_parallel.h"
#include "formats/decode_stream.h"

namespace tipple::samples {

class MemoryFile final : public FileBytes {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read_at(std::span<char> out, std::uint64_t offset) const override {
    const std::size_t count = offset < bytes_.size() ? std::min<std::size_t>(out.size(), bytes_.size() - offset) : 0;
    if (count > 0) std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }
  std::uint64_t size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
};

// Lines as a CSV has them: compressible, no two alike.
inline std::string lines(std::size_t bytes, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < bytes)
    text += std::to_string(random() % 100'000) + ",name-" + std::to_string(text.size()) + ",\"x\"\n";
  text.resize(bytes);
  return text;
}

inline std::string noise(std::size_t bytes, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

using Compressor = std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>;

inline std::string gzip(const std::string& text, int level = 6) {
  const Compressor compressor(libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), out.data(), out.size()));
  return out;
}

inline void append_little(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

inline std::string bgzf_block(const std::string& text) {
  const Compressor compressor(libdeflate_alloc_compressor(6), &libdeflate_free_compressor);
  std::string data(libdeflate_deflate_compress_bound(compressor.get(), text.size()), '\0');
  data.resize(libdeflate_deflate_compress(compressor.get(), text.data(), text.size(), data.data(), data.size()));
  std::string out("\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0", 16);
  append_little(out, static_cast<std::uint32_t>(data.size() + 25), 2);
  out += data;
  append_little(out, libdeflate_crc32(0, text.data(), text.size()), 4);
  append_little(out, static_cast<std::uint32_t>(text.size()), 4);
  return out;
}

// As bgzip writes it: blocks, then an empty one.
inline std::string bgzip(const std::string& text, std::size_t block = 0xff00) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += block) out += bgzf_block(text.substr(at, block));
  return out + bgzf_block("");
}

inline std::string bzip2(const std::string& text) {
  auto size = static_cast<unsigned>(text.size() + text.size() / 100 + 700);
  std::string out(size, '\0');
  TIPPLE_CHECK(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                        static_cast<unsigned>(text.size()), 1, 0, 0) == BZ_OK,
               "");
  out.resize(size);
  return out;
}

inline std::string xz(const std::string& text, lzma_check check = LZMA_CHECK_CRC64) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  TIPPLE_CHECK(
      lzma_easy_buffer_encode(1, check, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                              reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()) == LZMA_OK,
      "");
  out.resize(size);
  return out;
}

inline std::string zstd(const std::string& text, bool checksum = true) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, checksum ? 1 : 0);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size()));
  return out;
}

inline std::string skippable(const std::string& content) {
  std::string out = "\x5E\x2A\x4D\x18";
  append_little(out, static_cast<std::uint32_t>(content.size()), 4);
  return out + content;
}

inline std::string lz4(const std::string& text) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  std::string out(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &preferences));
  return out;
}

inline std::string compress(Compression compression, const std::string& text) {
  switch (compression) {
    case Compression::kGzip:
      return gzip(text);
    case Compression::kBgzip:
      return bgzip(text);
    case Compression::kBzip2:
      return bzip2(text);
    case Compression::kXz:
      return xz(text);
    case Compression::kZstd:
      return zstd(text);
    case Compression::kLz4:
      return lz4(text);
    case Compression::kNone:
    case Compression::kZip:
      break;
  }
  return text;
}

inline constexpr Compression kCompressions[] = {Compression::kGzip, Compression::kBgzip, Compression::kBzip2,
                                                Compression::kXz,   Compression::kZstd,  Compression::kLz4};

// All that a stream gives in reads of `read_bytes`, or its error's text.
struct Outcome {
  std::string text;
  std::string error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline Outcome drain(ByteStream& stream, std::size_t read_bytes) {
  Outcome outcome;
  std::vector<char> buffer(read_bytes);
  while (true) {
    const auto got = stream.read(buffer);
    if (!got.ok()) return {std::move(outcome.text), got.error().to_string()};
    outcome.text.append(buffer.data(), *got);
    if (*got < read_bytes) return outcome;
  }
}

inline const DecodeContext& context() {
  static const DecodeContext kContext{"/in/file", "s", {}};
  return kContext;
}

inline Outcome decode(Compression compression, const std::string& bytes, std::size_t read_bytes = 65536,
                      const DecodeContext& of = context()) {
  const MemoryFile file(bytes);
  auto decoded = DecodeStream::make(std::make_unique<FileStream>(file), compression, of);
  TIPPLE_CHECK(decoded.ok(), "no decoder");
  MeteredStream stream(std::move(decoded).value(), of);
  return drain(stream, read_bytes);
}

// Precondition: ParallelDecode::is_worth_it.
inline Outcome decode_parallel(Compression compression, const std::string& bytes, std::size_t read_bytes,
                               unsigned threads, std::uint64_t memory_bytes, const DecodeContext& of = context()) {
  const MemoryFile file(bytes);
  MeteredStream stream(std::make_unique<ParallelDecode>(file, compression, of, threads, memory_bytes), of);
  return drain(stream, read_bytes);
}

}  // namespace tipple::samples
