#include "formats/parquet_column_encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "formats/parquet_column_rows.h"
#include "formats/parquet_part_sample.h"
#include "formats/parquet_part_types.h"
#include "formats/parquet_runs.h"
#include "formats/parquet_values.h"

namespace tipple {
namespace {

// What a dictionary with its codes may take of the bytes that the plain values take: above it, looking up every value
// costs more than compressing it.
constexpr double kDictionaryShareMax = 0.75;
constexpr std::size_t kLevelHeadBytes = 16;  // size and the head of the run

template <typename Values>
class ChunkEncoder {
 public:
  ChunkEncoder(const ParquetColumnRows& rows, bool nullable, Values values, ParquetPages& pages,
               ParquetScratch& scratch)
      : rows_(rows),
        nullable_(nullable),
        values_total_(rows.rows() - rows.nulls(0, rows.rows())),
        values_(std::move(values)),
        pages_(pages),
        scratch_(scratch) {}

  void encode_directly() {
    ParquetPage chunk{0, rows_.rows(), 0, {}, {}};
    for (std::size_t first = 0; first < rows_.rows();) {
      ParquetPage page = load(first);
      page.bounds = values_.bounds({});
      std::uint8_t* const content = scratch_.content.need(level_bytes_max(page) + values_.direct_bytes_max());
      const DirectPage direct = values_.put_direct(put_levels(page, content));
      pages_.put(page, direct.deltas ? parquet::Encoding::DELTA_BINARY_PACKED : parquet::Encoding::PLAIN,
                 {content, direct.end}, scratch_.compressed);
      add(page, chunk);
      first += page.rows;
    }
    finish(std::move(chunk));
  }

  // False, with nothing written: a dictionary does not pay.
  [[nodiscard]] bool encode_with_dictionary() {
    auto* const codes = reinterpret_cast<std::uint32_t*>(scratch_.codes.need(rows_.rows() * sizeof(std::uint32_t)));
    std::uint32_t* codes_end = codes;
    ParquetPage chunk{0, rows_.rows(), 0, {}, {}};
    std::vector<ParquetPage> found;
    for (std::size_t first = 0; first < rows_.rows();) {
      ParquetPage page = load(first);
      if (!values_.add_codes(codes_end) || !pays()) return false;
      const std::size_t count = page.rows - page.nulls;
      page.bounds = values_.bounds({codes_end, count});
      codes_end += count;
      first += page.rows;
      add(page, chunk);
      found.push_back(std::move(page));
    }
    if (values_.entries() == 0) return false;
    std::uint8_t* const dictionary = scratch_.content.need(values_.dictionary_bytes());
    pages_.put_dictionary({dictionary, values_.put_dictionary(dictionary)}, values_.entries());
    put_coded(found, codes);
    finish(std::move(chunk));
    return true;
  }

 private:
  [[nodiscard]] ParquetPage load(std::size_t first) {
    const std::size_t count = values_.page_rows(first);
    values_.load(first, count);
    return {first, count, rows_.nulls(first, count), values_.text_bytes(), {}};
  }

  static void add(const ParquetPage& page, ParquetPage& chunk) {
    chunk.nulls += page.nulls;
    if (page.text_bytes) chunk.text_bytes = chunk.text_bytes.value_or(0) + *page.text_bytes;
  }

  // Of the entries so far: what it denies once it will deny with more entries, too.
  [[nodiscard]] bool pays() {
    if constexpr (!Values::kAlwaysDictionary) {
      if (plain_bytes_ == 0) plain_bytes_ = values_.plain_bytes_total();
      const std::size_t coded = values_.dictionary_bytes() + values_total_ * code_bits(values_.entries()) / 8;
      return static_cast<double>(coded) <= kDictionaryShareMax * static_cast<double>(plain_bytes_);
    }
    return true;
  }

  void put_coded(const std::vector<ParquetPage>& found, const std::uint32_t* codes) {
    const unsigned bits = code_bits(values_.entries());
    for (const ParquetPage& page : found) {
      const std::size_t count = page.rows - page.nulls;
      std::uint8_t* const content = scratch_.content.need(level_bytes_max(page) + 1 + runs_bytes_max(count, bits));
      std::uint8_t* end = put_levels(page, content);
      *end++ = static_cast<std::uint8_t>(bits);
      end = put_runs({codes, count}, bits, end);
      pages_.put(page, parquet::Encoding::RLE_DICTIONARY, {content, end}, scratch_.compressed);
      codes += count;
    }
  }

  [[nodiscard]] static std::size_t level_bytes_max(const ParquetPage& page) { return kLevelHeadBytes + page.rows / 8; }

  // Definition levels: 1 for a value, 0 for a null. A required column has none.
  [[nodiscard]] std::uint8_t* put_levels(const ParquetPage& page, std::uint8_t* out) {
    if (!nullable_) return out;
    std::uint8_t* const begin = out + sizeof(std::uint32_t);
    std::uint8_t* end = begin;
    if (page.nulls == 0 || page.nulls == page.rows) {
      end = put_level_run(page.rows, page.nulls == 0 ? 1 : 0, begin);
    } else {
      validity_.resize(page.rows / 8 + 1);
      rows_.copy_validity(page.first_row, page.rows, validity_.data());
      end = put_level_bits(validity_.data(), page.rows, begin);
    }
    const auto size = static_cast<std::uint32_t>(end - begin);
    std::memcpy(out, &size, sizeof(size));
    return end;
  }

  void finish(ParquetPage chunk) {
    chunk.bounds = values_.chunk_bounds();
    pages_.finish(chunk);
  }

  const ParquetColumnRows& rows_;
  const bool nullable_;
  const std::size_t values_total_;  // that are not null
  Values values_;
  ParquetPages& pages_;
  ParquetScratch& scratch_;
  std::size_t plain_bytes_ = 0;  // of the chunk
  std::vector<std::uint8_t> validity_;
};

// encode_parquet_column(): `numbered`.
class NumberedValues : public FixedValues<std::int64_t> {
 public:
  using FixedValues::FixedValues;
  [[nodiscard]] DirectPage put_direct(std::uint8_t* out) const { return {put_plain(out), false}; }
  [[nodiscard]] static ParquetBounds bounds(std::span<const std::uint32_t> /*codes*/) { return {}; }
  [[nodiscard]] static ParquetBounds chunk_bounds() { return {}; }
};

struct ChunkContext {
  const ParquetColumnRows& rows;
  const Column& column;
  bool dictionary;
  ParquetPages& pages;
  ParquetScratch& scratch;
};

template <typename Values>
void encode_repeating(const ChunkContext& context, Values values) {
  ChunkEncoder<Values> encoder(context.rows, context.column.nullable, std::move(values), context.pages,
                               context.scratch);
  if (context.dictionary && encoder.encode_with_dictionary()) return;
  encoder.encode_directly();
}

template <typename Value>
void encode_fixed(const ChunkContext& context, std::size_t stored_bytes) {
  encode_repeating(context, FixedValues<Value>(context.rows, context.column.type, stored_bytes, context.scratch));
}

void encode_decimals(const ChunkContext& context, std::size_t stored_bytes) {
  const std::uint8_t precision = context.column.type.precision;
  if (precision <= kParquetInt32Precision) return encode_fixed<std::int32_t>(context, sizeof(std::int32_t));
  if (precision <= kParquetInt64Precision) return encode_fixed<std::int64_t>(context, sizeof(std::int64_t));
  encode_fixed<Int128>(context, stored_bytes);
}

void encode(const ChunkContext& context, std::size_t stored_bytes) {
  switch (context.column.type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kDate:
      return encode_fixed<std::int32_t>(context, sizeof(std::int32_t));
    case TypeKind::kInt64:
    case TypeKind::kUint32:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return encode_fixed<std::int64_t>(context, sizeof(std::int64_t));
    case TypeKind::kUint64:
      return encode_fixed<Int128>(context, stored_bytes);
    case TypeKind::kFloat32:
      return encode_fixed<float>(context, sizeof(float));
    case TypeKind::kFloat64:
      return encode_fixed<double>(context, sizeof(double));
    case TypeKind::kDecimal:
      return encode_decimals(context, stored_bytes);
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return encode_repeating(context, TextValues(context.rows, context.scratch));
    case TypeKind::kEnum: {
      ChunkEncoder<EnumValues> encoder(context.rows, context.column.nullable,
                                       EnumValues(context.rows, context.column.type, context.scratch), context.pages,
                                       context.scratch);
      TIPPLE_CHECK(encoder.encode_with_dictionary(), "an enum without labels");
      return;
    }
    case TypeKind::kBool:
      ChunkEncoder<BoolValues>(context.rows, context.column.nullable, BoolValues(context.rows, context.scratch),
                               context.pages, context.scratch)
          .encode_directly();
      return;
  }
}

}  // namespace

void encode_parquet_column(const RowGroup& group, std::uint32_t index, const Column& column, int stored_bytes,
                           bool numbered, ParquetPages& pages) {
  thread_local ParquetScratch scratch;
  const ParquetColumnRows rows(group, index);
  TIPPLE_CHECK(column.nullable || rows.nulls(0, rows.rows()) == 0, "a null in a column that has none");
  if (numbered) {
    NumberedValues values(rows, column.type, sizeof(std::int64_t), scratch);
    ChunkEncoder<NumberedValues>(rows, column.nullable, std::move(values), pages, scratch).encode_directly();
  } else {
    const bool dictionary = wants_dictionary(rows, column.type);
    encode({rows, column, dictionary, pages, scratch}, static_cast<std::size_t>(std::max(stored_bytes, 0)));
  }
  scratch.trim();
}

}  // namespace tipple
