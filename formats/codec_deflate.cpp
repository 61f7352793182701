#include "formats/codec_deflate.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
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
// ISA-L 2.30 hashes the second position of a fresh stream with what a register holds: bits 16 to 47 of the stream
// object's address (.write_first_byte in igzip_icf_body_h1_gr_bt.asm). The output is valid but not always the same, and
// parts must be. The code for short inputs has no such fault, so a few bytes go first, and the flush keeps the history
// that they begin.
constexpr std::uint32_t kFirstBytes = 8;
// Room for the frame of the stream, and for the frames of a piece with what ISA-L wants to work in.
constexpr std::size_t kFrameBytes = 128;
constexpr std::size_t kPieceFrameBytes = 64;

// ISA-L spends most of its time on what does not shrink: the low bytes of floats and times. Such pieces are stored as
// they are. Each is judged by a sample, so that the bytes remain a function of the input.
constexpr std::size_t kPieceBytes = 32 * 1024;
constexpr std::size_t kPieceBytesMin = 4 * 1024;
static_assert(kPieceBytes < 65'536, "a stored block holds at most 65,535 bytes");
constexpr std::size_t kSampleBytes = 512;
// Pairs of equal bytes among the sample: 511 +- 23 of evenly spread bytes, 654 if coding them by frequency would save
// at most 4.5 %.
constexpr std::size_t kEqualPairsMax = 654;
constexpr std::size_t kRepeatSampleBytes = 1024;
constexpr std::size_t kRepeatsMax = 8;

struct IsalState {
  isal_zstream stream;
  std::unique_ptr<std::uint8_t[]> level_bytes{new std::uint8_t[ISAL_DEF_LVL1_DEFAULT]};
};
#else
using Compressor =
    std::unique_ptr<libdeflate_compressor, decltype([](libdeflate_compressor* c) { libdeflate_free_compressor(c); })>;
#endif

using Decompressor = std::unique_ptr<libdeflate_decompressor,
                                     decltype([](libdeflate_decompressor* d) { libdeflate_free_decompressor(d); })>;

}  // namespace

#if TIPPLE_DEFLATE_ISAL

namespace {

using Bytes = std::span<const std::uint8_t>;

// Bytes from all over the piece.
bool spread_evenly(Bytes piece) {
  std::array<std::uint16_t, 256> counts{};
  const std::size_t stride = piece.size() / kSampleBytes;
  for (std::size_t i = 0; i < kSampleBytes; ++i) ++counts[piece[i * stride]];
  std::size_t squares = 0;
  for (const std::size_t count : counts) squares += count * count;
  return (squares - kSampleBytes) / 2 <= kEqualPairsMax;
}

// Four bytes seen before, in a stretch from the middle: a counter's bytes are spread evenly, too, and shrink to
// nothing.
bool repeats(Bytes piece) {
  constexpr int kHashBits = 11;
  std::array<std::uint32_t, std::size_t{1} << kHashBits> seen{};
  const std::uint8_t* at = piece.data() + piece.size() / 2;
  std::size_t repeated = 0;
  for (std::size_t i = 0; i < kRepeatSampleBytes; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, at + i, sizeof word);
    std::uint32_t& slot = seen[word * 2'654'435'761U >> (32 - kHashBits)];
    repeated += slot == word ? 1 : 0;
    slot = word;
  }
  return repeated > kRepeatsMax;
}

bool will_not_shrink(Bytes piece) { return piece.size() >= kPieceBytesMin && spread_evenly(piece) && !repeats(piece); }

// Writes deflate blocks one behind the other, each whole to the byte.
class BlockWriter {
 public:
  BlockWriter(std::uint8_t* out, std::size_t capacity) : out_(out), room_(capacity) {}

  void put(std::initializer_list<std::uint8_t> bytes) {
    if (!reserve(bytes.size())) return;
    std::copy(bytes.begin(), bytes.end(), out_ + size_);
    size_ += bytes.size();
  }

  void store(Bytes piece, bool last) {
    const auto length = static_cast<std::uint16_t>(piece.size());
    const auto low = static_cast<std::uint8_t>(length);
    const auto high = static_cast<std::uint8_t>(length >> 8);
    put({static_cast<std::uint8_t>(last ? 1 : 0), low, high, static_cast<std::uint8_t>(~low),
         static_cast<std::uint8_t>(~high)});
    if (!reserve(piece.size())) return;
    std::memcpy(out_ + size_, piece.data(), piece.size());
    size_ += piece.size();
  }

  void compress(Bytes bytes, bool last) {
    thread_local std::unique_ptr<IsalState> state = std::make_unique<IsalState>();
    isal_zstream& stream = state->stream;
    isal_deflate_init(&stream);
    stream.level = kLevel;
    stream.level_buf = state->level_bytes.get();
    stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    stream.next_in = const_cast<std::uint8_t*>(bytes.data());
    stream.next_out = out_ + size_;
    stream.avail_out = static_cast<std::uint32_t>(room_ - size_);
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const std::uint32_t first = size > kFirstBytes ? kFirstBytes : 0;
    if (first > 0) {
      stream.avail_in = first;
      stream.flush = SYNC_FLUSH;
      if (isal_deflate(&stream) != COMP_OK || stream.avail_in != 0) failed_ = true;
    }
    stream.avail_in = size - first;
    stream.flush = last ? NO_FLUSH : SYNC_FLUSH;
    stream.end_of_stream = last ? 1 : 0;
    if (isal_deflate(&stream) != COMP_OK || stream.avail_in != 0 || stream.avail_out == 0) failed_ = true;
    if (last && stream.internal_state.state != ZSTATE_END) failed_ = true;
    size_ += stream.total_out;
  }

  [[nodiscard]] std::size_t size() const { return failed_ ? 0 : size_; }

 private:
  [[nodiscard]] bool reserve(std::size_t bytes) {
    if (bytes > room_ - size_) failed_ = true;
    return !failed_;
  }

  std::uint8_t* out_;
  std::size_t room_;
  std::size_t size_ = 0;
  bool failed_ = false;
};

}  // namespace

std::size_t deflate_bound(std::size_t bytes) {
  return bytes + bytes / 1024 + (bytes / kPieceBytes + 1) * kPieceFrameBytes + kFrameBytes;
}

std::size_t deflate(Bytes in, std::uint8_t* out, std::size_t capacity) {
  constexpr std::size_t kBytesMax = std::numeric_limits<std::uint32_t>::max();
  if (in.size() > kBytesMax || capacity > kBytesMax) return 0;
  BlockWriter writer(out, capacity);
  writer.put({0x78, 0x01});  // zlib: deflate with a window of 32 KiB, fast
  std::size_t waiting = 0;   // bytes before `at` that are to be compressed in one go
  std::size_t at = 0;
  while (at < in.size()) {
    const Bytes piece = in.subspan(at, std::min(kPieceBytes, in.size() - at));
    at += piece.size();
    if (!will_not_shrink(piece)) {
      waiting += piece.size();
      continue;
    }
    if (waiting > 0) writer.compress(in.subspan(at - piece.size() - waiting, waiting), false);
    waiting = 0;
    writer.store(piece, at == in.size());
  }
  if (waiting > 0 || in.empty()) writer.compress(in.last(waiting), true);
  const std::uint32_t sum = isal_adler32(1, in.data(), in.size());
  writer.put({static_cast<std::uint8_t>(sum >> 24), static_cast<std::uint8_t>(sum >> 16),
              static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)});
  return writer.size();
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
    case LIBDEFLATE_SUCCESS:
      return {};
    case LIBDEFLATE_BAD_DATA:
      return environment_error("deflate: a damaged chunk");
    case LIBDEFLATE_SHORT_OUTPUT:
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      break;
  }
  return environment_error("deflate: a chunk of the wrong size");
}

}  // namespace tipple
