#include "formats/parquet_values.h"

#include <arrow/util/bit_util.h>

#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "formats/codec_kernel.h"
#include "formats/null_scan.h"
#include "formats/parquet_deltas.h"
#include "formats/text_words.h"

namespace tipple {
namespace {

constexpr std::size_t kBlockRows = 1024;
// What a page of differences may take of its plain bytes: above it, compressing the values does better.
constexpr double kDeltasShareMax = 0.5;

// Appends at(i) for each of `count` rows whose bit of `valid` (nullptr: all) is set; may write one value more.
template <typename Value, typename At>
Value* append_valid(const std::uint8_t* valid, std::size_t offset, std::size_t count, At at, Value* out) {
  if (valid == nullptr) {
    for (std::size_t i = 0; i < count; ++i) out[i] = at(i);
    return out + count;
  }
  std::array<std::uint8_t, kBlockRows> kept;
  for (std::size_t begin = 0; begin < count; begin += kBlockRows) {
    const std::size_t rows = std::min(kBlockRows, count - begin);
    expand_bits(valid, offset + begin, rows, kept.data());
    // Without a branch: nulls come in no order.
    for (std::size_t i = 0; i < rows; ++i) {
      *out = at(begin + i);
      out += kept[i];
    }
  }
  return out;
}

// Values that stand as `Stored`, `kStride` of them from one to the next.
template <typename Value, typename Stored, std::size_t kStride = 1>
Value* append_values(const arrow::ArrayData& data, std::size_t first, std::size_t count, Value* out) {
  const std::size_t offset = static_cast<std::size_t>(data.offset) + first;
  const std::uint8_t* const from = data.GetValues<std::uint8_t>(1, 0) + offset * kStride * sizeof(Stored);
  const auto at = [&](std::size_t i) {
    Stored value;
    std::memcpy(&value, from + i * kStride * sizeof(Stored), sizeof(value));
    return static_cast<Value>(value);
  };
  return append_valid(validity_bits(data), offset, count, at, out);
}

std::uint8_t* put_text(std::string_view text, std::uint8_t* out) {
  const auto size = static_cast<std::uint32_t>(text.size());
  std::memcpy(out, &size, sizeof(size));
  std::memcpy(out + sizeof(size), text.data(), text.size());
  return out + sizeof(size) + text.size();
}

std::uint8_t* put_texts(std::span<const std::string_view> texts, std::uint8_t* out) {
  for (const std::string_view text : texts) out = put_text(text, out);
  return out;
}

// visit(i) for each of the `count` rows from `first` on that is not null.
template <typename Visit>
void for_each_valid(const arrow::ArrayData& data, std::size_t first, std::size_t count, Visit visit) {
  const std::uint8_t* const valid = validity_bits(data);
  const std::int64_t offset = data.offset + static_cast<std::int64_t>(first);
  for (std::size_t i = 0; i < count; ++i) {
    if (valid == nullptr || arrow::bit_util::GetBit(valid, offset + static_cast<std::int64_t>(i))) visit(i);
  }
}

// Without what lies under nulls.
std::size_t valid_text_bytes(const arrow::ArrayData& data, std::size_t first, std::size_t count) {
  const TextRows text(data, first);
  if (validity_bits(data) == nullptr) return static_cast<std::size_t>(text.offsets[count] - text.offsets[0]);
  std::size_t bytes = 0;
  for_each_valid(data, first, count, [&](std::size_t i) { bytes += text.size(i); });
  return bytes;
}

}  // namespace

template <typename Value>
auto FixedValues<Value>::append_of([[maybe_unused]] const DataType& type) -> Append {
  if constexpr (std::is_floating_point_v<Value>) return &append_values<Value, Value>;
  const bool decimal = type.kind == TypeKind::kDecimal;
  if constexpr (std::is_same_v<Value, Int128>) {
    return decimal ? &append_values<Value, Int128> : &append_values<Value, std::uint64_t>;
  }
  if constexpr (std::is_same_v<Value, std::int64_t>) {
    if (decimal) return &append_values<Value, std::int64_t, 2>;
    return type.kind == TypeKind::kUint32 ? &append_values<Value, std::uint32_t> : &append_values<Value, std::int64_t>;
  }
  if constexpr (std::is_same_v<Value, std::int32_t>) {
    if (decimal) return &append_values<Value, std::int64_t, 2>;
    if (type.kind == TypeKind::kInt8) return &append_values<Value, std::int8_t>;
    if (type.kind == TypeKind::kInt16) return &append_values<Value, std::int16_t>;
    if (type.kind == TypeKind::kUint8) return &append_values<Value, std::uint8_t>;
    if (type.kind == TypeKind::kUint16) return &append_values<Value, std::uint16_t>;
    return &append_values<Value, std::int32_t>;
  }
}

template <typename Value>
FixedValues<Value>::FixedValues(const ParquetColumnRows& rows, const DataType& type, std::size_t stored_bytes,
                                ParquetScratch& scratch)
    : rows_(rows),
      append_(append_of(type)),
      stored_bytes_(stored_bytes),
      scratch_(scratch),
      dictionary_(std::get<WordDictionary<Word>>(scratch.words)) {
  dictionary_.clear(kParquetDictionaryBytesMax / stored_bytes);
}

template <typename Value>
void FixedValues<Value>::load(std::size_t first, std::size_t count) {
  auto* const begin = reinterpret_cast<Value*>(scratch_.values.need((count + 1) * sizeof(Value)));
  Value* end = begin;
  rows_.for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    end = append_(data, from, rows, end);
  });
  values_ = {begin, end};
}

template <typename Value>
std::uint8_t* FixedValues<Value>::put(std::span<const Value> values, std::uint8_t* out) const {
  if constexpr (std::is_same_v<Value, Int128>) {
    for (const Value value : values) {
      for (std::size_t i = 0; i < stored_bytes_; ++i)
        *out++ = static_cast<std::uint8_t>(value >> (8 * (stored_bytes_ - 1 - i)));
    }
    return out;
  }
  if (values.empty()) return out;
  std::memcpy(out, values.data(), values.size_bytes());
  return out + values.size_bytes();
}

template <typename Value>
std::size_t FixedValues<Value>::direct_bytes_max() const {
  return std::max(values_.size() * stored_bytes_, deltas_bytes_max(values_.size(), sizeof(Value)));
}

template <typename Value>
DirectPage FixedValues<Value>::put_direct(std::uint8_t* out) const {
  if constexpr (std::is_integral_v<Value> && !std::is_same_v<Value, Int128>) {
    std::uint8_t* const end = put_deltas(values_, out);
    if (static_cast<double>(end - out) <= kDeltasShareMax * static_cast<double>(values_.size_bytes()))
      return {end, true};
  }
  return {put(values_, out), false};
}

template <typename Value>
std::uint8_t* FixedValues<Value>::put_dictionary(std::uint8_t* out) const {
  for (const Word word : dictionary_.entries()) {
    const Value value = std::bit_cast<Value>(word);
    out = put({&value, 1}, out);
  }
  return out;
}

template <typename Value>
ParquetBounds FixedValues<Value>::stored(const ValueRange& range) const {
  Value lowest = range.lowest;
  Value highest = range.highest;
  if constexpr (std::is_same_v<Value, Int128>) {
    if (!range.seen) return {};
  } else {
    if (!(lowest <= highest)) return {};
    // Either zero may have come first: the format asks for the one that cannot rule out the other.
    if (std::is_floating_point_v<Value> && lowest == 0) lowest = -Value{0};
    if (std::is_floating_point_v<Value> && highest == 0) highest = Value{0};
  }
  ParquetBounds bounds{true, std::string(stored_bytes_, '\0'), std::string(stored_bytes_, '\0')};
  (void)put({&lowest, 1}, reinterpret_cast<std::uint8_t*>(bounds.lowest.data()));
  (void)put({&highest, 1}, reinterpret_cast<std::uint8_t*>(bounds.highest.data()));
  return bounds;
}

template <typename Value>
ParquetBounds FixedValues<Value>::bounds(std::span<const std::uint32_t> /*codes*/) {
  ValueRange page;
  if constexpr (std::is_same_v<Value, Int128>) {
    const auto widen = [](ValueRange& range, Value low, Value high) {
      if (!range.seen || low < range.lowest) range.lowest = low;
      if (!range.seen || high > range.highest) range.highest = high;
      range.seen = true;
    };
    for (const Value value : values_) widen(page, value, value);
    if (page.seen) widen(chunk_range_, page.lowest, page.highest);
  } else {
    run_kernel<RangeKernel<Value>>(typename RangeKernel<Value>::Args{values_.data(), values_.size(), page});
    merge_range(chunk_range_, page);
  }
  return stored(page);
}

template class FixedValues<std::int32_t>;
template class FixedValues<std::int64_t>;
template class FixedValues<float>;
template class FixedValues<double>;
template class FixedValues<Int128>;

void CodedTexts::widen(std::string_view lowest, std::string_view highest) {
  if (!chunk_bounds_.seen || lowest < chunk_bounds_.lowest) chunk_bounds_.lowest = lowest;
  if (!chunk_bounds_.seen || highest > chunk_bounds_.highest) chunk_bounds_.highest = highest;
  chunk_bounds_.seen = true;
}

ParquetBounds CodedTexts::bounds_of(std::span<const std::uint32_t> codes, std::span<const std::string_view> entries) {
  if (codes.empty()) return {};
  occurs_.resize(entries.size());
  for (const std::uint32_t code : codes) occurs_[code] = 1;
  std::string_view lowest = entries[codes.front()];
  std::string_view highest = lowest;
  for (std::size_t code = 0; code < entries.size(); ++code) {
    if (occurs_[code] == 0) continue;
    occurs_[code] = 0;
    if (entries[code] < lowest) lowest = entries[code];
    if (entries[code] > highest) highest = entries[code];
  }
  widen(lowest, highest);
  return {true, std::string(lowest), std::string(highest)};
}

TextValues::TextValues(const ParquetColumnRows& rows, ParquetScratch& scratch)
    : rows_(rows), dictionary_(scratch.texts) {
  dictionary_.clear(kParquetDictionaryBytesMax);
}

std::size_t TextValues::page_rows(std::size_t first) const {
  const std::size_t count = std::min(kParquetPageRows, rows_.rows() - first);
  std::size_t bytes_max = 0;  // what lies under nulls included
  rows_.for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    const TextRows text(data, from);
    bytes_max += rows * sizeof(std::uint32_t) + static_cast<std::size_t>(text.offsets[rows] - text.offsets[0]);
  });
  if (bytes_max <= kParquetPageBytes) return count;
  std::size_t bytes = 0;
  std::size_t row = 0;
  std::size_t page_rows = count;
  rows_.for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    if (page_rows < count) return;
    const TextRows text(data, from);
    for_each_valid(data, from, rows, [&](std::size_t i) {
      if (bytes >= kParquetPageBytes) return;
      bytes += sizeof(std::uint32_t) + text.size(i);
      if (bytes >= kParquetPageBytes) page_rows = row + i + 1;
    });
    row += rows;
  });
  return page_rows;
}

void TextValues::load(std::size_t first, std::size_t count) {
  first_ = first;
  count_ = count;
  text_bytes_ = 0;
  rows_.for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    text_bytes_ += valid_text_bytes(data, from, rows);
  });
  plain_bytes_ = text_bytes_ + (count - rows_.nulls(first, count)) * sizeof(std::uint32_t);
}

DirectPage TextValues::put_direct(std::uint8_t* out) const {
  rows_.for_each_piece(first_, count_, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    const TextRows text(data, from);
    for_each_valid(data, from, rows, [&](std::size_t i) {
      out = put_text({text.bytes + text.offsets[i], text.size(i)}, out);
    });
  });
  return {out, false};
}

bool TextValues::add_codes(std::uint32_t* codes) {
  bool added = true;
  rows_.for_each_piece(first_, count_, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    added = added && dictionary_.add(data, from, rows, codes);
  });
  return added;
}

ParquetBounds TextValues::bounds_of_rows() {
  std::string_view lowest;
  std::string_view highest;
  std::uint64_t lowest_prefix = 0;  // the first 8 bytes as a number that orders as they do
  std::uint64_t highest_prefix = 0;
  bool seen = false;
  TextWords words;
  rows_.for_each_piece(first_, count_, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    for (std::size_t begin = 0; begin < rows; begin += kTextBlockRows) {
      const TextRows text(data, from + begin);
      const std::size_t block = std::min(kTextBlockRows, rows - begin);
      (void)read_text_words(text, block, words);
      for_each_valid(data, from + begin, block, [&](std::size_t i) {
        const std::string_view value(text.bytes + text.offsets[i], text.size(i));
        const std::uint64_t prefix = __builtin_bswap64(words.low[i]);
        if (!seen || prefix < lowest_prefix || (prefix == lowest_prefix && value < lowest)) {
          lowest = value;
          lowest_prefix = prefix;
        }
        if (!seen || prefix > highest_prefix || (prefix == highest_prefix && value > highest)) {
          highest = value;
          highest_prefix = prefix;
        }
        seen = true;
      });
    }
  });
  if (!seen) return {};
  widen(lowest, highest);
  return {true, std::string(lowest), std::string(highest)};
}

ParquetBounds TextValues::bounds(std::span<const std::uint32_t> codes) {
  return codes.empty() ? bounds_of_rows() : bounds_of(codes, dictionary_.entries());
}

std::size_t TextValues::plain_bytes_total() const {
  std::size_t bytes = (rows_.rows() - rows_.nulls(0, rows_.rows())) * sizeof(std::uint32_t);
  rows_.for_each_piece(0, rows_.rows(), [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    bytes += valid_text_bytes(data, from, rows);
  });
  return bytes;
}

std::uint8_t* TextValues::put_dictionary(std::uint8_t* out) const { return put_texts(dictionary_.entries(), out); }

EnumValues::EnumValues(const ParquetColumnRows& rows, const DataType& type, ParquetScratch& scratch)
    : rows_(rows), scratch_(scratch), labels_(type.labels.begin(), type.labels.end()) {}

void EnumValues::load(std::size_t first, std::size_t count) {
  auto* const begin = reinterpret_cast<std::uint32_t*>(scratch_.values.need((count + 1) * sizeof(std::uint32_t)));
  std::uint32_t* end = begin;
  rows_.for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    end = append_values<std::uint32_t, std::uint16_t>(data, from, rows, end);
  });
  positions_ = {begin, end};
  for (const std::uint32_t position : positions_)
    TIPPLE_CHECK(position < labels_.size(), "an enum value without a label");
}

std::optional<std::int64_t> EnumValues::text_bytes() const {
  std::size_t bytes = 0;
  for (const std::uint32_t position : positions_) bytes += labels_[position].size();
  return static_cast<std::int64_t>(bytes);
}

bool EnumValues::add_codes(std::uint32_t* codes) const {
  std::copy(positions_.begin(), positions_.end(), codes);
  return true;
}

std::size_t EnumValues::dictionary_bytes() const {
  std::size_t bytes = labels_.size() * sizeof(std::uint32_t);
  for (const std::string_view label : labels_) bytes += label.size();
  return bytes;
}

std::uint8_t* EnumValues::put_dictionary(std::uint8_t* out) const { return put_texts(labels_, out); }

void BoolValues::load(std::size_t first, std::size_t count) {
  std::uint8_t* const begin = scratch_.values.need(count + 1);
  std::uint8_t* end = begin;
  rows_.for_each_piece(first, count, [&](const arrow::ArrayData& data, std::size_t from, std::size_t rows) {
    const std::size_t offset = static_cast<std::size_t>(data.offset) + from;
    const std::uint8_t* const bits = data.GetValues<std::uint8_t>(1, 0);
    const auto at = [&](std::size_t i) {
      return static_cast<std::uint8_t>(arrow::bit_util::GetBit(bits, static_cast<std::int64_t>(offset + i)));
    };
    end = append_valid(validity_bits(data), offset, rows, at, end);
  });
  values_ = {begin, end};
}

DirectPage BoolValues::put_direct(std::uint8_t* out) const {
  std::fill_n(out, direct_bytes_max(), std::uint8_t{0});
  for (std::size_t i = 0; i < values_.size(); ++i) {
    out[i / 8] = static_cast<std::uint8_t>(out[i / 8] | values_[i] << (i % 8));
  }
  return {out + direct_bytes_max(), false};
}

ParquetBounds BoolValues::stored(const Seen& seen) {
  if (!seen[0] && !seen[1]) return {};
  return {true, std::string(1, seen[0] ? '\0' : '\1'), std::string(1, seen[1] ? '\1' : '\0')};
}

ParquetBounds BoolValues::bounds(std::span<const std::uint32_t> /*codes*/) {
  std::uint8_t any = 0;
  std::uint8_t all = 1;
  for (const std::uint8_t value : values_) any |= value, all &= value;
  const Seen page{!values_.empty() && all == 0, any != 0};
  for (std::size_t i = 0; i < page.size(); ++i) chunk_seen_[i] = chunk_seen_[i] || page[i];
  return stored(page);
}

}  // namespace tipple
