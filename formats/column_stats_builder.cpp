#include "formats/column_stats_builder.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/check.h"
#include "formats/codec_kernel.h"
#include "formats/null_scan.h"
#include "formats/part_gather.h"
#include "formats/text_words.h"
#include "formats/value_range.h"

namespace tipple {
namespace {

constexpr std::size_t kStringStatBytes = 32;
constexpr std::size_t kBlockRows = 1024;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

bool is_valid(const arrow::ArrayData& data, std::size_t row) {
  return arrow::bit_util::GetBit(data.buffers[0]->data(), data.offset + static_cast<std::int64_t>(row));
}

// What stands under nulls may be anything: a valid value of the block takes its place. False: all rows are null.
template <typename T>
bool cover_nulls(const arrow::ArrayData& data, std::size_t first, std::size_t count, T* block) {
  const std::uint8_t* bits = data.buffers[0]->data();
  const auto offset = static_cast<std::size_t>(data.offset) + first;
  std::size_t nulls = 0;
  std::size_t valid = 0;  // the first valid row: nulls before it come as 0, 1, 2, ...
  for_each_null(bits, offset, count, [&](std::size_t i) {
    ++nulls;
    if (i == valid) ++valid;
  });
  if (nulls == count) return false;
  if (nulls > 0) for_each_null(bits, offset, count, [&](std::size_t i) { block[i] = block[valid]; });
  return true;
}

// kStride: in T, from value to value.
template <std::size_t kStride, typename T>
void add_range(const arrow::ArrayData& data, const T* values, Range<T>& range) {
  const auto rows = static_cast<std::size_t>(data.length);
  if (rows == 0) return;
  const bool nulls = data.GetNullCount() != 0;
  if (!nulls && kStride == 1) return run_kernel<RangeKernel<T>>(typename RangeKernel<T>::Args{values, rows, range});
  std::array<T, kBlockRows> block;
  for (std::size_t first = 0; first < rows; first += kBlockRows) {
    const std::size_t count = std::min(rows - first, kBlockRows);
    for (std::size_t i = 0; i < count; ++i) block[i] = values[(first + i) * kStride];
    if (nulls && !cover_nulls(data, first, count, block.data())) continue;
    run_kernel<RangeKernel<T>>(typename RangeKernel<T>::Args{block.data(), count, range});
  }
}

__extension__ using Int128 = __int128;

// Numbers of at most 18 digits, which fit their low words.
struct ShortDecimalRange {
  Range<std::int64_t> words;
};

struct DecimalRange {
  Int128 lowest = 0;
  Int128 highest = 0;
  bool seen = false;
};

void widen(DecimalRange& range, Int128 low, Int128 high) {
  if (!range.seen || low < range.lowest) range.lowest = low;
  if (!range.seen || high > range.highest) range.highest = high;
  range.seen = true;
}

void add_decimals(const arrow::ArrayData& data, DecimalRange& range) {
  const std::uint8_t* values = data.GetValues<std::uint8_t>(1, 0) + data.offset * 16;
  const bool nulls = data.GetNullCount() != 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(data.length); ++i) {
    if (nulls && !is_valid(data, i)) continue;
    Int128 value;
    std::memcpy(&value, values + 16 * i, sizeof(value));
    widen(range, value, value);
  }
}

struct StringRange {
  std::string lowest;
  std::string highest;
  bool seen = false;
};

// The first 8 bytes as a number that orders as the bytes do: decides nearly every comparison.
std::uint64_t prefix_of(std::string_view text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data(), std::min<std::size_t>(text.size(), 8));
  return __builtin_bswap64(word);
}

// The lowest or the highest text so far. may_be_*() decide by 8 bytes and the size: no means no.
struct StringBound {
  std::string_view text;
  std::uint64_t prefix = 0;
  explicit StringBound(std::string_view t) : text(t), prefix(prefix_of(t)) {}
  // Equal prefixes: texts of at most 8 bytes order by size, and come before longer ones.
  [[nodiscard]] bool may_be_below(std::uint64_t p, std::size_t size) const {
    return (p < prefix) | ((p == prefix) & ((size < text.size()) | ((size > 8) & (text.size() > 8))));
  }
  [[nodiscard]] bool may_be_above(std::uint64_t p, std::size_t size) const {
    return (p > prefix) | ((p == prefix) & ((size > text.size()) | ((size > 8) & (text.size() > 8))));
  }
};

// Masks by length (8: any longer one) of a word whose first byte is its highest.
constexpr std::array<std::uint64_t, 9> kPrefixMasks = [] {
  std::array<std::uint64_t, 9> masks{};
  for (std::size_t size = 1; size <= 8; ++size) masks[size] = ~std::uint64_t{0} << (64 - 8 * size);
  return masks;
}();

void add_strings(const arrow::ArrayData& data, StringRange& range) {
  const auto rows = static_cast<std::size_t>(data.length);
  const bool nulls = data.GetNullCount() != 0;
  std::size_t first = 0;
  if (nulls) {
    while (first < rows && !is_valid(data, first)) ++first;
  }
  if (first == rows) return;
  const TextRows text(data, first);
  const auto text_at = [&](std::size_t i) { return std::string_view(text.bytes + text.offsets[i], text.size(i)); };
  StringBound low(range.seen ? std::string_view(range.lowest) : text_at(0));
  StringBound high(range.seen ? std::string_view(range.highest) : text_at(0));
  for_each_16_bytes(text, rows - first, [&](std::size_t i, const char* p) {
    const std::size_t size = text.size(i);
    std::uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    const std::uint64_t prefix = __builtin_bswap64(word) & kPrefixMasks[std::min<std::size_t>(size, 8)];
    if (!(low.may_be_below(prefix, size) | high.may_be_above(prefix, size))) [[likely]]
      return;
    if (nulls && !is_valid(data, first + i)) return;
    const std::string_view value = text_at(i);
    if (value < low.text) low = StringBound(value);
    if (value > high.text) high = StringBound(value);
  });
  std::string lowest(low.text);
  std::string highest(high.text);
  range = {std::move(lowest), std::move(highest), true};
}

// Which labels occurred; they are ordered as strings, not by position.
struct LabelSet {
  std::vector<std::uint8_t> seen;
};

void add_labels(const arrow::ArrayData& data, LabelSet& labels) {
  if (data.length == 0) return;
  const std::uint16_t* values = data.GetValues<std::uint16_t>(1);
  const bool nulls = data.GetNullCount() != 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(data.length); ++i) {
    if (nulls && !is_valid(data, i)) continue;
    TIPPLE_CHECK(values[i] < labels.seen.size(), "an enum value without a label");
    labels.seen[values[i]] = 1;
  }
}

struct NoRange {};

using AnyRange =
    std::variant<NoRange, Range<std::int8_t>, Range<std::int16_t>, Range<std::int32_t>, Range<std::int64_t>,
                 Range<std::uint8_t>, Range<std::uint16_t>, Range<std::uint32_t>, Range<std::uint64_t>, Range<float>,
                 Range<double>, ShortDecimalRange, DecimalRange, StringRange, LabelSet>;

AnyRange empty_range(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return Range<std::int8_t>{};
    case TypeKind::kInt16:
      return Range<std::int16_t>{};
    case TypeKind::kInt32:
    case TypeKind::kDate:
      return Range<std::int32_t>{};
    case TypeKind::kInt64:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return Range<std::int64_t>{};
    case TypeKind::kUint8:
      return Range<std::uint8_t>{};
    case TypeKind::kUint16:
      return Range<std::uint16_t>{};
    case TypeKind::kUint32:
      return Range<std::uint32_t>{};
    case TypeKind::kUint64:
      return Range<std::uint64_t>{};
    case TypeKind::kFloat32:
      return Range<float>{};
    case TypeKind::kFloat64:
      return Range<double>{};
    case TypeKind::kDecimal:
      if (type.precision <= kDecimal64PrecisionMax) return ShortDecimalRange{};
      return DecimalRange{};
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return StringRange{};
    case TypeKind::kEnum:
      return LabelSet{std::vector<std::uint8_t>(type.labels.size())};
    case TypeKind::kBool:
      break;
  }
  return NoRange{};
}

void add_data(NoRange&, const arrow::ArrayData&) {}
template <typename T>
void add_data(Range<T>& range, const arrow::ArrayData& data) {
  add_range<1>(data, data.GetValues<T>(1), range);
}
void add_data(ShortDecimalRange& range, const arrow::ArrayData& data) {
  add_range<2>(data, reinterpret_cast<const std::int64_t*>(data.GetValues<std::uint8_t>(1, 0)) + 2 * data.offset,
               range.words);
}
void add_data(DecimalRange& range, const arrow::ArrayData& data) { add_decimals(data, range); }
void add_data(StringRange& range, const arrow::ArrayData& data) { add_strings(data, range); }
void add_data(LabelSet& labels, const arrow::ArrayData& data) { add_labels(data, labels); }

void merge_range(NoRange&, const NoRange&) {}
void merge_range(ShortDecimalRange& range, const ShortDecimalRange& other) { merge_range(range.words, other.words); }
void merge_range(DecimalRange& range, const DecimalRange& other) {
  if (other.seen) widen(range, other.lowest, other.highest);
}
void merge_range(StringRange& range, const StringRange& other) {
  if (!other.seen) return;
  if (!range.seen || other.lowest < range.lowest) range.lowest = other.lowest;
  if (!range.seen || other.highest > range.highest) range.highest = other.highest;
  range.seen = true;
}
void merge_range(LabelSet& labels, const LabelSet& other) {
  for (std::size_t i = 0; i < labels.seen.size(); ++i) labels.seen[i] |= other.seen[i];
}

std::string date_text(std::int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  // chrono's years end at 32,767; days do not.
  if (days > 11'248'737 || days < -12'687'428) return {};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string time_text(std::int64_t micros) {
  const std::int64_t seconds = micros / kMicrosPerSecond;
  return fmt::format("{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     micros % kMicrosPerSecond);
}

std::string quoted_text(std::string_view text) { return text.empty() ? std::string() : fmt::format("\"{}\"", text); }

std::string timestamp_json(std::int64_t micros, bool zoned) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) --days, rest += kMicrosPerDay;
  const std::string date = date_text(days);
  if (date.empty()) return {};
  return fmt::format("\"{}T{}{}\"", date, time_text(rest), zoned ? "Z" : "");
}

template <typename T>
std::string value_json(T value, const DataType& type) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return value == 0 ? "0.0" : fmt::format("{}", value);  // either zero: which one came first must not show
  } else {
    if (type.kind == TypeKind::kDate) return quoted_text(date_text(static_cast<std::int64_t>(value)));
    if (type.kind == TypeKind::kTime) return quoted_text(time_text(static_cast<std::int64_t>(value)));
    if (type.kind == TypeKind::kTimestamp) return timestamp_json(static_cast<std::int64_t>(value), type.zoned);
    return fmt::format("{}", value);
  }
}

// Code points of valid UTF-8; nothing for other bytes.
std::optional<std::vector<char32_t>> decode_utf8(std::string_view text) {
  std::vector<char32_t> points;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return std::nullopt;
    char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if (next >> 6 != 2) return std::nullopt;
      point = point << 6 | (next & 0x3FU);
    }
    points.push_back(point);
    i += length;
  }
  return points;
}

std::string encode_utf8(const std::vector<char32_t>& points) {
  std::string text;
  for (const char32_t point : points) {
    if (point < 0x80) {
      text += static_cast<char>(point);
      continue;
    }
    const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    text += static_cast<char>((0xFFU << (7 - more) & 0xFFU) | point >> (6 * more));
    for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80U | (point >> (6 * i) & 0x3FU));
  }
  return text;
}

std::string string_json(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    return {};  // not UTF-8: no bound is better than a wrong one
  }
}

std::string_view cut_text(std::string_view text) {
  std::size_t size = std::min(text.size(), kStringStatBytes);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) >> 6) == 2) --size;
  return text.substr(0, size);
}

// The shortest way up from a cut string: its last character that has a successor, one higher. No bound if none has.
std::string rounded_up_json(std::string_view text) {
  constexpr char32_t kLastPoint = 0x10FFFF;
  auto points = decode_utf8(cut_text(text));
  if (!points) return {};
  for (; !points->empty(); points->pop_back()) {
    char32_t& last = points->back();
    if (last == kLastPoint) continue;
    const char32_t kept = last;
    last = last == 0xD7FF ? 0xE000 : last + 1;  // no character is a surrogate
    if (std::string up = encode_utf8(*points); up.size() <= kStringStatBytes) return string_json(up);
    last = kept;
  }
  return {};
}

void put_range(const NoRange&, const DataType&, ColumnStats&) {}
template <typename T>
void put_range(const Range<T>& range, const DataType& type, ColumnStats& stats) {
  if (!range.seen || range.lowest > range.highest) return;
  stats.min_json = value_json(range.lowest, type);
  stats.max_json = value_json(range.highest, type);
}
void put_range(const DecimalRange& range, const DataType& type, ColumnStats& stats) {
  if (!range.seen) return;
  const auto text = [&](Int128 value) {
    return arrow::Decimal128(static_cast<std::int64_t>(value >> 64), static_cast<std::uint64_t>(value))
        .ToString(type.scale);
  };
  stats.min_json = text(range.lowest);
  stats.max_json = text(range.highest);
}
void put_range(const ShortDecimalRange& range, const DataType& type, ColumnStats& stats) {
  put_range(DecimalRange{range.words.lowest, range.words.highest, range.words.seen}, type, stats);
}
void put_range(const StringRange& range, const DataType&, ColumnStats& stats) {
  if (!range.seen) return;
  stats.min_json = string_json(std::string(cut_text(range.lowest)));
  stats.max_json =
      range.highest.size() <= kStringStatBytes ? string_json(range.highest) : rounded_up_json(range.highest);
}
void put_range(const LabelSet& labels, const DataType& type, ColumnStats& stats) {
  StringRange range;
  for (std::size_t i = 0; i < labels.seen.size(); ++i) {
    if (labels.seen[i]) merge_range(range, StringRange{type.labels[i], type.labels[i], true});
  }
  put_range(range, type, stats);
}

}  // namespace

struct ColumnStatsBuilder::Impl {
  Schema schema;
  std::vector<std::uint64_t> null_counts;
  std::vector<AnyRange> ranges;
};

ColumnStatsBuilder::ColumnStatsBuilder(const Schema& schema) : impl_(std::make_unique<Impl>()) {
  impl_->schema = schema;
  impl_->null_counts.resize(schema.size());
  for (const Column& column : schema) impl_->ranges.push_back(empty_range(column.type));
}

ColumnStatsBuilder::~ColumnStatsBuilder() = default;
ColumnStatsBuilder::ColumnStatsBuilder(ColumnStatsBuilder&&) noexcept = default;
ColumnStatsBuilder& ColumnStatsBuilder::operator=(ColumnStatsBuilder&&) noexcept = default;

void ColumnStatsBuilder::add(const arrow::RecordBatch& batch) {
  TIPPLE_CHECK(batch.num_columns() == static_cast<int>(impl_->schema.size()), "a batch of another schema");
  for (std::size_t c = 0; c < impl_->schema.size(); ++c) {
    const arrow::ArrayData& data = *batch.column_data(static_cast<int>(c));
    impl_->null_counts[c] += static_cast<std::uint64_t>(data.GetNullCount());
    std::visit([&](auto& range) { add_data(range, data); }, impl_->ranges[c]);
  }
}

void ColumnStatsBuilder::merge(const ColumnStatsBuilder& other) {
  TIPPLE_CHECK(impl_->schema == other.impl_->schema, "statistics of another schema");
  for (std::size_t c = 0; c < impl_->schema.size(); ++c) {
    impl_->null_counts[c] += other.impl_->null_counts[c];
    std::visit(
        [&](auto& range) { merge_range(range, std::get<std::decay_t<decltype(range)>>(other.impl_->ranges[c])); },
        impl_->ranges[c]);
  }
}

std::vector<ColumnStats> ColumnStatsBuilder::finish() const {
  std::vector<ColumnStats> all;
  for (std::size_t c = 0; c < impl_->schema.size(); ++c) {
    ColumnStats stats;
    stats.null_count = impl_->null_counts[c];
    std::visit([&](const auto& range) { put_range(range, impl_->schema[c].type, stats); }, impl_->ranges[c]);
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace tipple
