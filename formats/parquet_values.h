// The values of one column of a row group, page by page, in Parquet's physical form: nulls left out, integers widened,
// decimals as integers or big-endian bytes.
//
// Each class below is one kind of values with the same members, for parquet_column_encoder.cpp:
//
//   page_rows(first)    rows of the page that begins at row `first`, by the rows alone
//   load(first, count)  takes that page; what follows is about it
//   direct_bytes_max(), put_direct(out)   its values without a dictionary, in the encoding that suits them
//   text_bytes()        of texts: their bytes without sizes
//   add_codes(codes)    the values' codes in the dictionary of the chunk; false: the dictionary gave up
//   bounds(codes)       lowest and highest value; `codes` as add_codes() gave them, empty where it was not asked
//
// and about the chunk: plain_bytes_total(), chunk_bounds() (of the pages whose bounds() were asked for), entries(),
// dictionary_bytes(), put_dictionary(out). Borrow the rows and the scratch. One owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "formats/codec_scratch.h"
#include "formats/parquet_column_rows.h"
#include "formats/parquet_dictionary.h"
#include "formats/value_range.h"
#include "jobs/data_type.h"

namespace tipple {

inline constexpr std::size_t kParquetPageRows = 20'000;
// Texts end a page with the row that reaches so many bytes.
inline constexpr std::size_t kParquetPageBytes = 1 << 20;
inline constexpr std::size_t kParquetDictionaryBytesMax = 1 << 20;

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// As Parquet's statistics hold them.
struct ParquetBounds {
  bool seen = false;
  std::string lowest;
  std::string highest;
};

// The end of a page's values, and how they are written.
struct DirectPage {
  std::uint8_t* end = nullptr;
  bool deltas = false;  // DELTA_BINARY_PACKED instead of PLAIN
};

// What a thread encodes in; reused from chunk to chunk.
struct ParquetScratch {
  CodecScratch values, codes, content, compressed;
  std::tuple<WordDictionary<std::uint32_t>, WordDictionary<std::uint64_t>, WordDictionary<UInt128>> words;
  TextDictionary texts;
  void trim() { values.trim(), codes.trim(), content.trim(), compressed.trim(); }
};

// Value: std::int32_t, std::int64_t, float, double, or Int128, which is stored as `stored_bytes` big-endian bytes.
template <typename Value>
class FixedValues {
 public:
  static constexpr bool kAlwaysDictionary = false;
  FixedValues(const ParquetColumnRows& rows, const DataType& type, std::size_t stored_bytes, ParquetScratch& scratch);

  [[nodiscard]] std::size_t page_rows(std::size_t first) const {
    return std::min(kParquetPageRows, rows_.rows() - first);
  }
  void load(std::size_t first, std::size_t count);
  [[nodiscard]] std::size_t direct_bytes_max() const;
  [[nodiscard]] DirectPage put_direct(std::uint8_t* out) const;
  [[nodiscard]] std::uint8_t* put_plain(std::uint8_t* out) const { return put(values_, out); }
  [[nodiscard]] std::optional<std::int64_t> text_bytes() const { return std::nullopt; }
  [[nodiscard]] bool add_codes(std::uint32_t* codes) { return dictionary_.add(values_, codes); }
  [[nodiscard]] ParquetBounds bounds(std::span<const std::uint32_t> codes);

  [[nodiscard]] std::size_t plain_bytes_total() const {
    return (rows_.rows() - rows_.nulls(0, rows_.rows())) * stored_bytes_;
  }
  [[nodiscard]] ParquetBounds chunk_bounds() const { return stored(chunk_range_); }
  [[nodiscard]] std::size_t entries() const { return dictionary_.entries().size(); }
  [[nodiscard]] std::size_t dictionary_bytes() const { return entries() * stored_bytes_; }
  [[nodiscard]] std::uint8_t* put_dictionary(std::uint8_t* out) const;

 private:
  using Word = std::conditional_t<sizeof(Value) == 4, std::uint32_t,
                                  std::conditional_t<sizeof(Value) == 8, std::uint64_t, UInt128>>;
  // Appends the values of the rows of `data` that are not null, may write one more, and gives their end.
  using Append = Value* (*)(const arrow::ArrayData& data, std::size_t first, std::size_t count, Value* out);
  struct WideRange {  // Range for what has no numeric_limits
    Value lowest = 0;
    Value highest = 0;
    bool seen = false;
  };
  using ValueRange = std::conditional_t<std::is_same_v<Value, Int128>, WideRange, Range<Value>>;

  [[nodiscard]] static Append append_of(const DataType& type);
  [[nodiscard]] std::uint8_t* put(std::span<const Value> values, std::uint8_t* out) const;
  [[nodiscard]] ParquetBounds stored(const ValueRange& range) const;

  const ParquetColumnRows& rows_;
  const Append append_;
  const std::size_t stored_bytes_;
  ParquetScratch& scratch_;
  WordDictionary<Word>& dictionary_;
  std::span<const Value> values_;
  ValueRange chunk_range_;
};

// What texts and enums share: the bounds of a page by the codes that occur in it.
class CodedTexts {
 protected:
  [[nodiscard]] ParquetBounds bounds_of(std::span<const std::uint32_t> codes,
                                        std::span<const std::string_view> entries);
  void widen(std::string_view lowest, std::string_view highest);

  ParquetBounds chunk_bounds_;

 private:
  std::vector<std::uint8_t> occurs_;  // by code; all 0 between calls
};

class TextValues : private CodedTexts {
 public:
  static constexpr bool kAlwaysDictionary = false;
  TextValues(const ParquetColumnRows& rows, ParquetScratch& scratch);

  [[nodiscard]] std::size_t page_rows(std::size_t first) const;
  void load(std::size_t first, std::size_t count);
  [[nodiscard]] std::size_t direct_bytes_max() const { return plain_bytes_; }
  [[nodiscard]] DirectPage put_direct(std::uint8_t* out) const;
  [[nodiscard]] std::optional<std::int64_t> text_bytes() const { return static_cast<std::int64_t>(text_bytes_); }
  [[nodiscard]] bool add_codes(std::uint32_t* codes);
  [[nodiscard]] ParquetBounds bounds(std::span<const std::uint32_t> codes);

  [[nodiscard]] std::size_t plain_bytes_total() const;
  [[nodiscard]] const ParquetBounds& chunk_bounds() const { return chunk_bounds_; }
  [[nodiscard]] std::size_t entries() const { return dictionary_.entries().size(); }
  [[nodiscard]] std::size_t dictionary_bytes() const { return dictionary_.bytes(); }
  [[nodiscard]] std::uint8_t* put_dictionary(std::uint8_t* out) const;

 private:
  [[nodiscard]] ParquetBounds bounds_of_rows();

  const ParquetColumnRows& rows_;
  TextDictionary& dictionary_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t text_bytes_ = 0;
  std::size_t plain_bytes_ = 0;
};

// Positions among labels, which are the dictionary, all of them.
class EnumValues : private CodedTexts {
 public:
  static constexpr bool kAlwaysDictionary = true;
  EnumValues(const ParquetColumnRows& rows, const DataType& type, ParquetScratch& scratch);

  [[nodiscard]] std::size_t page_rows(std::size_t first) const {
    return std::min(kParquetPageRows, rows_.rows() - first);
  }
  void load(std::size_t first, std::size_t count);
  [[nodiscard]] std::optional<std::int64_t> text_bytes() const;
  [[nodiscard]] bool add_codes(std::uint32_t* codes) const;
  [[nodiscard]] ParquetBounds bounds(std::span<const std::uint32_t> codes) { return bounds_of(codes, labels_); }

  [[nodiscard]] const ParquetBounds& chunk_bounds() const { return chunk_bounds_; }
  [[nodiscard]] std::size_t entries() const { return labels_.size(); }
  [[nodiscard]] std::size_t dictionary_bytes() const;
  [[nodiscard]] std::uint8_t* put_dictionary(std::uint8_t* out) const;

 private:
  const ParquetColumnRows& rows_;
  ParquetScratch& scratch_;
  std::vector<std::string_view> labels_;
  std::span<const std::uint32_t> positions_;
};

class BoolValues {
 public:
  BoolValues(const ParquetColumnRows& rows, ParquetScratch& scratch) : rows_(rows), scratch_(scratch) {}

  [[nodiscard]] std::size_t page_rows(std::size_t first) const {
    return std::min(kParquetPageRows, rows_.rows() - first);
  }
  void load(std::size_t first, std::size_t count);
  [[nodiscard]] std::size_t direct_bytes_max() const { return (values_.size() + 7) / 8; }
  [[nodiscard]] DirectPage put_direct(std::uint8_t* out) const;
  [[nodiscard]] std::optional<std::int64_t> text_bytes() const { return std::nullopt; }
  [[nodiscard]] ParquetBounds bounds(std::span<const std::uint32_t> codes);
  [[nodiscard]] ParquetBounds chunk_bounds() const { return stored(chunk_seen_); }

 private:
  using Seen = std::array<bool, 2>;  // false, true
  [[nodiscard]] static ParquetBounds stored(const Seen& seen);

  const ParquetColumnRows& rows_;
  ParquetScratch& scratch_;
  std::span<const std::uint8_t> values_;  // 0 or 1
  Seen chunk_seen_{};
};

}  // namespace tipple
