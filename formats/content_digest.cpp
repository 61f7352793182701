#define XXH_INLINE_ALL
#include "formats/content_digest.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <vector>

#include "formats/codec_kernel.h"
#include "formats/null_scan.h"
#include "formats/part_gather.h"
#include "formats/text_words.h"

namespace tipple {
namespace {

// docs/format-hdf5.md defines these constants and the steps: a change here is a change of the digest.
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
constexpr std::uint64_t kMixA = 0xBF58476D1CE4E5B9;
constexpr std::uint64_t kMixB = 0x94D049BB133111EB;
constexpr std::uint64_t kMultiply = 0xD6E8FEB86659FD93;
constexpr std::uint64_t kRoundA = 0xFF51AFD7ED558CCD;
constexpr std::uint64_t kRoundB = 0xC4CEB9FE1A85EC53;
constexpr std::uint64_t kKeysPerColumn = 6;

// Rows whose lanes stay in the first-level cache while the columns pass over them.
constexpr std::size_t kBlockRows = 512;

using Block = std::array<std::uint64_t, kBlockRows>;

constexpr std::uint64_t splitmix(std::uint64_t n) {
  std::uint64_t z = (n + 1) * kGolden;
  z = (z ^ (z >> 30)) * kMixA;
  z = (z ^ (z >> 27)) * kMixB;
  return z ^ (z >> 31);
}

struct ColumnKeys {
  std::uint64_t low_xor, low_add;    // a value's first word
  std::uint64_t high_xor, high_add;  // the second word of 16-byte values
  std::uint64_t null_a, null_b;
};

ColumnKeys keys_of(std::uint64_t column) {
  const std::uint64_t n = column * kKeysPerColumn;
  return {splitmix(n), splitmix(n + 1), splitmix(n + 2), splitmix(n + 3), splitmix(n + 4), splitmix(n + 5)};
}

[[gnu::always_inline]] inline std::uint64_t word_of(std::uint64_t value) { return value; }
[[gnu::always_inline]] inline std::uint64_t word_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }
[[gnu::always_inline]] inline std::uint64_t word_of(std::uint32_t value) { return value; }
[[gnu::always_inline]] inline std::uint64_t word_of(std::int32_t value) { return word_of(std::int64_t{value}); }
[[gnu::always_inline]] inline std::uint64_t word_of(std::uint16_t value) { return value; }
[[gnu::always_inline]] inline std::uint64_t word_of(std::int16_t value) { return word_of(std::int64_t{value}); }
[[gnu::always_inline]] inline std::uint64_t word_of(std::uint8_t value) { return value; }
[[gnu::always_inline]] inline std::uint64_t word_of(std::int8_t value) { return word_of(std::int64_t{value}); }
[[gnu::always_inline]] inline std::uint64_t word_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x7FFFFFFFU) > 0x7F800000U ? 0x7FC00000U : bits;
}
[[gnu::always_inline]] inline std::uint64_t word_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return (bits & 0x7FFFFFFFFFFFFFFFU) > 0x7FF0000000000000U ? 0x7FF8000000000000U : bits;
}

// Lane a gets a bijection of the word; lane b a product of the two halves of that.
struct Mixed {
  std::uint64_t a, b;
};
[[gnu::always_inline]] inline Mixed mix(std::uint64_t word, std::uint64_t key_xor, std::uint64_t key_add) {
  std::uint64_t x = (word ^ key_xor) * kMultiply;
  x ^= x >> 32;
  const std::uint64_t low = (x + key_add) & 0xFFFFFFFFU;
  const std::uint64_t high = ((x >> 32) + (key_add >> 32)) & 0xFFFFFFFFU;
  return {x, low * high};
}

[[gnu::always_inline]] inline std::uint64_t round_of(std::uint64_t x) {
  x ^= x >> 33;
  x *= kRoundA;
  x ^= x >> 33;
  x *= kRoundB;
  return x ^ (x >> 33);
}

struct Lanes {
  alignas(64) Block a;
  alignas(64) Block b;
};

struct FinalizeKernel {
  struct Args {
    Lanes& lanes;
    std::size_t rows;
  };
  [[gnu::always_inline]] static inline void run(const Args& args) {
    std::uint64_t* __restrict a = args.lanes.a.data();
    std::uint64_t* __restrict b = args.lanes.b.data();
    const std::size_t rows = args.rows;
    for (std::size_t i = 0; i < rows; ++i) {
      std::uint64_t x = a[i];
      std::uint64_t y = b[i];
      y ^= round_of(x);
      x ^= round_of(y + kGolden);
      y ^= round_of(x);
      a[i] = x;
      b[i] = y;
    }
  }
};

// Adds the rows' 128-bit numbers. The low words as two halves, whose sums over a block cannot overflow: plain vector
// adds.
struct SumKernel {
  struct Args {
    const Lanes& lanes;
    std::size_t rows;
    Id128& sum;
  };
  [[gnu::always_inline]] static inline void run(const Args& args) {
    const std::uint64_t* __restrict a = args.lanes.a.data();
    const std::uint64_t* __restrict b = args.lanes.b.data();
    const std::size_t rows = args.rows;
    std::uint64_t high = 0, middle = 0, low = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      high += a[i];
      middle += b[i] >> 32;
      low += b[i] & 0xFFFFFFFFU;
    }
    middle += low >> 32;
    const std::uint64_t word = middle << 32 | (low & 0xFFFFFFFFU);
    args.sum.low += word;
    args.sum.high += high + (middle >> 32) + (args.sum.low < word ? 1 : 0);
  }
};

template <typename T>
struct AddKernel {
  struct Args {
    const T* values;
    std::size_t stride;          // in T: 2 for one half of 16-byte values
    const std::uint64_t* valid;  // all ones or zero a row; nullptr: all valid
    std::uint64_t key_xor, key_add;
    std::uint64_t null_a, null_b;
    Lanes& lanes;
    std::size_t rows;
  };

  template <std::size_t kStride>
  [[gnu::always_inline]] static inline void run_stride(const Args& args) {
    const T* __restrict values = args.values;
    const std::uint64_t* __restrict valid = args.valid;
    std::uint64_t* __restrict a = args.lanes.a.data();
    std::uint64_t* __restrict b = args.lanes.b.data();
    const std::uint64_t key_xor = args.key_xor, key_add = args.key_add, null_a = args.null_a, null_b = args.null_b;
    const std::size_t rows = args.rows;
    if (valid == nullptr) {
      for (std::size_t i = 0; i < rows; ++i) {
        const Mixed mixed = mix(word_of(values[i * kStride]), key_xor, key_add);
        a[i] += mixed.a;
        b[i] += mixed.b;
      }
      return;
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const Mixed mixed = mix(word_of(values[i * kStride]), key_xor, key_add);
      a[i] += (mixed.a & valid[i]) | (null_a & ~valid[i]);
      b[i] += (mixed.b & valid[i]) | (null_b & ~valid[i]);
    }
  }

  [[gnu::always_inline]] static inline void run(const Args& args) {
    if (args.stride == 1) return run_stride<1>(args);
    run_stride<2>(args);
  }
};

// One column of a batch, resolved once.
struct ColumnView {
  TypeKind kind;
  bool one_word;  // of decimals
  ColumnKeys keys;
  const arrow::ArrayData* data;
  const std::uint8_t* validity;  // nullptr: no nulls
};

template <typename T>
void add_words(const ColumnView& column, const T* values, std::size_t rows, const std::uint64_t* valid, Lanes& lanes) {
  const ColumnKeys& k = column.keys;
  run_kernel<AddKernel<T>>(
      typename AddKernel<T>::Args{values, 1, valid, k.low_xor, k.low_add, k.null_a, k.null_b, lanes, rows});
}

// Values of two words, each with keys of its own; a null counts once.
void add_pairs(const ColumnView& column, const std::uint64_t* low, const std::uint64_t* high, std::size_t stride,
               std::size_t rows, const std::uint64_t* valid, Lanes& lanes) {
  using Kernel = AddKernel<std::uint64_t>;
  const ColumnKeys& k = column.keys;
  run_kernel<Kernel>(Kernel::Args{low, stride, valid, k.low_xor, k.low_add, k.null_a, k.null_b, lanes, rows});
  run_kernel<Kernel>(Kernel::Args{high, stride, valid, k.high_xor, k.high_add, 0, 0, lanes, rows});
}

// Decimals: those that parts hold as one word count as one.
void add_decimals(const ColumnView& column, std::size_t first, std::size_t rows, const std::uint64_t* valid,
                  Lanes& lanes) {
  using Kernel = AddKernel<std::uint64_t>;
  const auto* pairs = reinterpret_cast<const std::uint64_t*>(column.data->GetValues<std::uint8_t>(1, 0)) +
                      2 * (static_cast<std::size_t>(column.data->offset) + first);
  if (!column.one_word) return add_pairs(column, pairs, pairs + 1, 2, rows, valid, lanes);
  const ColumnKeys& k = column.keys;
  run_kernel<Kernel>(Kernel::Args{pairs, 2, valid, k.low_xor, k.low_add, k.null_a, k.null_b, lanes, rows});
}

template <typename T>
void add_fixed(const ColumnView& column, std::size_t first, std::size_t rows, const std::uint64_t* valid,
               Lanes& lanes) {
  add_words(column, column.data->GetValues<T>(1) + first, rows, valid, lanes);
}

void add_bools(const ColumnView& column, std::size_t first, std::size_t rows, const std::uint64_t* valid,
               Lanes& lanes) {
  std::array<std::uint8_t, kBlockRows> values;
  const std::uint8_t* bits = column.data->GetValues<std::uint8_t>(1, 0);
  const auto offset = static_cast<std::size_t>(column.data->offset) + first;
  expand_bits(bits, offset, rows, values.data());
  add_words(column, values.data(), rows, valid, lanes);
}

static_assert(kBlockRows <= kTextBlockRows);

void add_strings(const ColumnView& column, std::size_t first, std::size_t rows, const std::uint64_t* valid,
                 Lanes& lanes) {
  const TextRows text(*column.data, first);
  TextWords words;
  const bool longer = read_text_words(text, rows, words);
  if (longer) {
    // Their numbers first, without a branch: long and short ones come in no order.
    std::array<std::uint16_t, kBlockRows> long_rows;
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      long_rows[count] = static_cast<std::uint16_t>(i);
      count += text.size(i) > kShortTextBytes ? 1 : 0;
    }
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t i = long_rows[k];
      const XXH128_hash_t hash = XXH3_128bits(text.bytes + text.offsets[i], text.size(i));
      words.low[i] = hash.low64;
      words.high[i] = hash.high64;
    }
  }
  add_pairs(column, words.low.data(), words.high.data(), 1, rows, valid, lanes);
}

void add_column(const ColumnView& column, std::size_t first, std::size_t rows, const std::uint64_t* valid,
                Lanes& lanes) {
  switch (column.kind) {
    case TypeKind::kInt8:
      return add_fixed<std::int8_t>(column, first, rows, valid, lanes);
    case TypeKind::kInt16:
      return add_fixed<std::int16_t>(column, first, rows, valid, lanes);
    case TypeKind::kInt32:
    case TypeKind::kDate:
      return add_fixed<std::int32_t>(column, first, rows, valid, lanes);
    case TypeKind::kInt64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return add_fixed<std::int64_t>(column, first, rows, valid, lanes);
    case TypeKind::kUint8:
      return add_fixed<std::uint8_t>(column, first, rows, valid, lanes);
    case TypeKind::kUint16:
    case TypeKind::kEnum:
      return add_fixed<std::uint16_t>(column, first, rows, valid, lanes);
    case TypeKind::kUint32:
      return add_fixed<std::uint32_t>(column, first, rows, valid, lanes);
    case TypeKind::kUint64:
      return add_fixed<std::uint64_t>(column, first, rows, valid, lanes);
    case TypeKind::kFloat32:
      return add_fixed<float>(column, first, rows, valid, lanes);
    case TypeKind::kFloat64:
      return add_fixed<double>(column, first, rows, valid, lanes);
    case TypeKind::kDecimal:
      return add_decimals(column, first, rows, valid, lanes);
    case TypeKind::kBool:
      return add_bools(column, first, rows, valid, lanes);
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return add_strings(column, first, rows, valid, lanes);
  }
}

// masks[i] = bit i of `bits` as all ones or zeros.
struct MaskKernel {
  struct Args {
    const std::uint8_t* bits;
    std::size_t rows;
    Block& masks;
  };
  [[gnu::always_inline]] static inline void run(const Args& args) {
    const std::uint8_t* __restrict bits = args.bits;
    std::uint64_t* __restrict masks = args.masks.data();
    const std::size_t rows = args.rows;
    for (std::size_t first = 0; first < rows; first += 64) {
      std::uint64_t word;
      std::memcpy(&word, bits + first / 8, sizeof(word));
      for (std::size_t i = 0; i < 64; ++i) masks[first + i] = std::uint64_t{0} - (word >> i & 1U);
    }
  }
};

// A null column's values may be anything, so a row's mask decides; nullptr when every row of the block is valid.
const std::uint64_t* masks_of(const ColumnView& column, std::size_t first, std::size_t rows, Block& masks) {
  if (column.validity == nullptr) return nullptr;
  const std::size_t bit = static_cast<std::size_t>(column.data->offset) + first;
  std::array<std::uint8_t, kBlockRows / 8> bits{};
  const bool any = copy_bits(column.validity, bit, rows, bits.data());
  if (!any) return nullptr;
  run_kernel<MaskKernel>(MaskKernel::Args{bits.data(), rows, masks});
  return masks.data();
}

}  // namespace

Id128 content_digest(const arrow::RecordBatch& batch, const Schema& schema) {
  TIPPLE_CHECK(batch.num_columns() == static_cast<int>(schema.size()), "a batch of another schema");
  std::vector<ColumnView> columns;
  for (std::size_t c = 0; c < schema.size(); ++c) {
    const arrow::ArrayData& data = *batch.column_data(static_cast<int>(c));
    const bool nulls = data.buffers[0] != nullptr && data.GetNullCount() != 0;
    columns.push_back({schema[c].type.kind, schema[c].type.precision <= kDecimal64PrecisionMax, keys_of(c), &data,
                       nulls ? data.GetValues<std::uint8_t>(0, 0) : nullptr});
  }
  Lanes lanes;
  alignas(64) Block masks;
  Id128 sum;
  const auto rows_total = static_cast<std::size_t>(batch.num_rows());
  for (std::size_t first = 0; first < rows_total; first += kBlockRows) {
    const std::size_t rows = std::min(kBlockRows, rows_total - first);
    std::memset(&lanes, 0, sizeof(lanes));
    for (const ColumnView& column : columns)
      add_column(column, first, rows, masks_of(column, first, rows, masks), lanes);
    run_kernel<FinalizeKernel>(FinalizeKernel::Args{lanes, rows});
    run_kernel<SumKernel>(SumKernel::Args{lanes, rows, sum});
  }
  return sum;
}

}  // namespace tipple
