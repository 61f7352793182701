// The first bytes of each text of an Arrow string column as words, for loops over whole blocks of rows without a branch
// on lengths.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include "formats/codec_kernel.h"

namespace tipple {

// The rows [first, first + rows) of a string column.
struct TextRows {
  const std::int32_t* offsets;
  const char* bytes;
  std::int64_t readable;  // bytes of the column's buffer

  TextRows(const arrow::ArrayData& data, std::size_t first)
      : offsets(data.GetValues<std::int32_t>(1) + first),
        bytes(data.buffers[2] ? data.GetValues<char>(2, 0) : ""),
        readable(data.buffers[2] ? data.buffers[2]->size() : 0) {}
  [[nodiscard]] std::size_t size(std::size_t row) const {
    return static_cast<std::size_t>(offsets[row + 1] - offsets[row]);
  }
};

// put(i, p) for each row: the 16 bytes at p begin with the text's first 16 (or all it has); what is behind a text may
// be anything.
template <typename Put>
void for_each_16_bytes(const TextRows& text, std::size_t rows, Put put) {
  // Offsets ascend: only the last rows of a buffer are too near its end to be read 16 bytes at a time.
  std::size_t near_end = rows;
  while (near_end > 0 && text.offsets[near_end - 1] + std::int64_t{16} > text.readable) --near_end;
  for (std::size_t i = 0; i < near_end; ++i) put(i, text.bytes + text.offsets[i]);
  for (std::size_t i = near_end; i < rows; ++i) {
    char padded[16] = {};
    std::memcpy(padded, text.bytes + text.offsets[i], text.size(i) < 16 ? text.size(i) : 16);
    put(i, padded);
  }
}

inline constexpr std::size_t kTextBlockRows = 512;
// Texts of at most so many bytes are two words with their size.
inline constexpr std::size_t kShortTextBytes = 15;
static_assert(kShortTextBytes >> 4 == 0 && (kShortTextBytes + 1) >> 4 != 0);

// Texts of a block as two words each: `low` the first 8 bytes, `high` the next 7 and the size, zeros where text ends.
// Of texts longer than kShortTextBytes only `low` and `sizes` say something.
struct TextWords {
  using Block = std::array<std::uint64_t, kTextBlockRows>;
  alignas(64) Block low;
  alignas(64) Block high;
  alignas(64) Block sizes;
};

// Takes away what is not text, and puts the sizes in. Longer texts come out wrong: `longer` says whether there are any.
struct ShortTextKernel {
  struct Args {
    TextWords& words;
    std::size_t rows;
    bool& longer;
  };
  [[gnu::always_inline]] static inline void run(const Args& args) {
    const std::uint64_t* __restrict sizes = args.words.sizes.data();
    std::uint64_t* __restrict low = args.words.low.data();
    std::uint64_t* __restrict high = args.words.high.data();
    const std::size_t rows = args.rows;
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t size = sizes[i];
      const std::uint64_t end = std::uint64_t{1} << (8 * size & 63);  // just behind the text, in the word where that is
      // Conditions as arithmetic: lengths come in no order, and of conditional expressions the compiler makes jumps.
      const std::uint64_t in_low = std::uint64_t{0} - ((size - 8) >> 63);
      const std::uint64_t in_high = std::uint64_t{0} - ((8 - size) >> 63);
      low[i] &= (end & in_low) - 1;
      high[i] = (high[i] & (end - 1) & in_high) | size << 56;
      any |= size >> 4;
    }
    args.longer = any != 0;
  }
};

// The rows of `text`, at most kTextBlockRows. True if one of them is longer than kShortTextBytes.
inline bool read_text_words(const TextRows& text, std::size_t rows, TextWords& words) {
  for_each_16_bytes(text, rows, [&](std::size_t i, const char* p) {
    std::memcpy(&words.low[i], p, 8);
    std::memcpy(&words.high[i], p + 8, 8);
    words.sizes[i] = text.size(i);
  });
  bool longer = false;
  run_kernel<ShortTextKernel>(ShortTextKernel::Args{words, rows, longer});
  return longer;
}

}  // namespace tipple
