#include "formats/infer_block.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "base/limits.h"
#include "formats/csv_utf8.h"

namespace tipple {
namespace {

constexpr std::size_t kTileRows = 1024;

// The cells of one field of one block, CSV.
class CsvFieldWalk {
 public:
  CsvFieldWalk(const CsvDialect& dialect, const InferNulls& nulls, std::string_view block, bool check_utf8)
      : reader_(dialect), nulls_(nulls), block_(block), check_utf8_(check_utf8) {
    careful_ = check_utf8 || reader_.escape().has_value();
    quote_ = reader_.quote() ? static_cast<unsigned char>(*reader_.quote()) : -1;
  }

  [[nodiscard]] const CsvFieldReader& reader() const { return reader_; }
  // False: the record is a reject.
  [[gnu::always_inline]] inline bool add(std::size_t begin, std::size_t end, bool last, ColumnInference& facts) {
    if (last && end > begin && block_[end - 1] == '\r') [[unlikely]]
      end = begin + reader_.trimmed_size(block_.substr(begin, end - begin));
    const char* const p = block_.data() + begin;
    const auto length = static_cast<std::uint32_t>(end - begin);
    if (nulls_.take(p, length, facts)) return true;
    if (careful_ || length > limits::kFieldBytesMax || static_cast<unsigned char>(*p) == quote_) [[unlikely]]
      return add_slowly({p, length}, facts);
    ++values_;
    bytes_ += length;
    width_min_ = std::min(width_min_, length);
    width_max_ = std::max(width_max_, length);
    facts.add_unsized(p, length);
    return true;
  }
  // The column's last cell was added.
  void end_column(ColumnInference& facts) {
    facts.add_sizes(values_, bytes_, width_min_, width_max_);
    values_ = bytes_ = 0;
    width_min_ = kNoWidth;
    width_max_ = 0;
  }
  [[nodiscard]] bool bad_encoding() const { return bad_encoding_; }

 private:
  bool add_slowly(std::string_view field, ColumnInference& facts) {
    std::string_view text;
    if (!reader_.read(field, scratch_, text).good() || text.size() > limits::kFieldBytesMax) return false;
    if (check_utf8_ && !is_valid_utf8(text)) {
      bad_encoding_ = true;
      return false;
    }
    // Texts in the block have its slack behind them.
    if (text.data() >= block_.data() && text.data() < block_.data() + block_.size()) {
      facts.add_padded(text.data(), static_cast<std::uint32_t>(text.size()));
    } else {
      facts.add(text);
    }
    return true;
  }

  CsvFieldReader reader_;
  const InferNulls& nulls_;
  std::string_view block_;
  bool check_utf8_;
  bool careful_ = false;  // every field goes the slow way
  int quote_ = -1;
  bool bad_encoding_ = false;
  std::string scratch_;
  static constexpr std::uint32_t kNoWidth = 0xFFFFFFFF;
  std::uint64_t values_ = 0;  // of the column, on the quick way
  std::uint64_t bytes_ = 0;
  std::uint32_t width_min_ = kNoWidth;
  std::uint32_t width_max_ = 0;
};

// The records of a block that have all their fields, and where they stood; the others are bad.
struct WholeRecords {
  std::vector<CsvIndex::Record> records;
  std::vector<std::size_t> rows;
};

WholeRecords whole_records(const InferBlock& block, std::vector<bool>& bad) {
  WholeRecords whole;
  const auto records = block.csv.records();
  for (std::size_t row = 0; row < records.size(); ++row) {
    const std::size_t next = row + 1 < records.size() ? records[row + 1].first_field : block.csv.field_ends().size();
    if (next - records[row].first_field == block.fields->size()) {
      whole.records.push_back(records[row]);
      whole.rows.push_back(row);
    } else {
      bad[row] = true;
    }
  }
  return whole;
}

}  // namespace

bool InferNulls::take_one(const char* text, std::uint32_t length, ColumnInference& facts) const {
  if (nulls.matches(text, length)) {
    // The length alone answered for the empty text.
    if (length > 0 || std::find(nulls.texts().begin(), nulls.texts().end(), "") != nulls.texts().end()) {
      facts.add_nulls();
      return true;
    }
  }
  if (!candidates.matches(text, length)) return false;
  const auto& texts = candidates.texts();
  const auto found = std::find(texts.begin(), texts.end(), std::string_view(text, length));
  if (found == texts.end()) return false;
  facts.add_null_candidate(static_cast<unsigned>(found - texts.begin()));
  return true;
}

void InferTally::merge(const InferTally& other) {
  for (std::size_t k = 0; k < other.columns.size(); ++k) {
    column(static_cast<std::uint32_t>(k)).merge(other.columns[k]);
    seen[k] += other.seen[k];
  }
  for (const auto& [path, facts] : other.json) {
    JsonFieldFacts& mine = json[path];
    mine.facts.merge(facts.facts);
    mine.first = std::min(mine.first, facts.first);
    mine.seen += facts.seen;
    mine.object = mine.object || facts.object;
  }
  records += other.records;
  bad_records += other.bad_records;
  bad_encoding = bad_encoding || other.bad_encoding;
}

void infer_csv_block(const InferBlock& block, const CsvDialect& dialect, const InferNulls& nulls, InferTally& tally) {
  const std::string_view text(block.bytes.get(), block.size);
  const bool check_utf8 = !is_ascii_without_nul(text) && !is_valid_utf8(text);
  CsvFieldWalk walk(dialect, nulls, text, check_utf8);
  const auto ends = block.csv.field_ends();
  const std::size_t width = block.fields->size();
  const std::uint64_t rows = block.csv.record_count();
  const bool uniform = block.csv.uniform();
  std::vector<bool> bad(rows);
  const WholeRecords whole = uniform ? WholeRecords() : whole_records(block, bad);
  for (const std::uint32_t field : *block.fields) {
    (void)tally.column(field);
    tally.seen[field] += rows;
  }
  // A few rows at a time, so that their text is in the cache for every column.
  const std::size_t rows_whole = uniform ? rows : whole.records.size();
  for (std::size_t first = 0; first < rows_whole; first += kTileRows) {
    const std::size_t tile_end = std::min(first + kTileRows, rows_whole);
    for (std::size_t k = 0; k < width; ++k) {
      ColumnInference& facts = tally.column((*block.fields)[k]);
      const bool last = k + 1 == width;
      if (uniform) {
        for (std::size_t row = first; row < tile_end; ++row) {
          const std::size_t at = row * width + k;
          const std::size_t begin = at == 0 ? 0 : ends[at - 1] + std::size_t{1};
          if (!walk.add(begin, ends[at], last, facts)) [[unlikely]]
            bad[row] = true;
        }
      } else {
        for (std::size_t row = first; row < tile_end; ++row) {
          const std::size_t at = whole.records[row].first_field + k;
          const std::size_t begin = k == 0 ? whole.records[row].begin : ends[at - 1] + std::size_t{1};
          if (!walk.add(begin, ends[at], last, facts)) [[unlikely]]
            bad[whole.rows[row]] = true;
        }
      }
      walk.end_column(facts);
    }
  }
  tally.records += rows;
  if (block.open_quote && rows > 0) bad[rows - 1] = true;
  tally.bad_records += static_cast<std::uint64_t>(std::count(bad.begin(), bad.end(), true));
  tally.bad_encoding = tally.bad_encoding || walk.bad_encoding();
}

Status infer_line_block(const InferBlock& block, const InferNulls& nulls, InferTally& tally) {
  const BlockPlace place{};
  TIPPLE_TRY(const ConvertedBatch batch, block.binding->convert(0, block.text(), *block.index, place, block.open_quote,
                                                                arrow::default_memory_pool()));
  for (std::size_t k = 0; k < block.fields->size(); ++k) {
    ColumnInference& facts = tally.column((*block.fields)[k]);
    tally.seen[(*block.fields)[k]] += batch.rows_in;
    const auto& cells = static_cast<const arrow::StringArray&>(*batch.batch->column(static_cast<int>(k)));
    for (std::int64_t row = 0; row < cells.length(); ++row) {
      const std::string_view text = cells.GetView(row);
      if (cells.IsNull(row)) {
        facts.add_nulls();
      } else if (!nulls.take(text.data(), static_cast<std::uint32_t>(text.size()), facts)) {
        facts.add(text);
      }
    }
  }
  tally.records += batch.rows_in;
  tally.bad_records += batch.rejects.size();
  for (const Reject& reject : batch.rejects)
    tally.bad_encoding = tally.bad_encoding || reject.rule == to_string(CsvRule::kEncoding);
  return {};
}

}  // namespace tipple
