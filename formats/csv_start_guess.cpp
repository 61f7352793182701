// Where does the first record start, for a worker that begins in the middle of a file? Two hypotheses, judged by the
// schema.
#include <algorithm>
#include <cstring>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

#include "formats/csv_convert.h"

namespace tipple {
namespace {

constexpr std::size_t kSampleBytesMax = 64 * 1024;
constexpr std::uint64_t kSampleRecordsMax = 64;
constexpr std::size_t kReadPastBytes = 64;  // what indexer and converter may read past a block

struct Sample {
  std::uint64_t records = 0;
  std::uint64_t rejected = 0;
};

// What the schema says to the records from `begin` on.
Sample judge(std::span<const char> bytes, std::size_t begin, bool final, const CsvIndexer& indexer,
             const CsvConverter& converter) {
  std::size_t size = std::min(bytes.size() - begin, kSampleBytesMax);
  std::vector<char> block(size + kReadPastBytes);
  std::memcpy(block.data(), bytes.data() + begin, size);
  CsvIndex index;
  CsvIndexer::Split split = indexer.index({block.data(), size}, final && begin + size == bytes.size(), index);
  if (index.record_count() > kSampleRecordsMax) {
    const std::size_t fields = index.fields_per_record();
    size = index.uniform() ? index.field_ends()[kSampleRecordsMax * fields - 1] + 1
                           : index.records()[kSampleRecordsMax].begin;
    split = indexer.index({block.data(), size}, false, index);
  }
  const auto batch = converter.convert({block.data(), split.whole}, index, BlockPlace{}, split.open_quote,
                                       arrow::default_memory_pool());
  // Without memory nothing can be judged here; the load itself will say so.
  if (!batch.ok()) return {};
  return {batch->rows_in, batch->rejects.size()};
}

// A byte that means nothing in the dialect.
char neutral_byte(const CsvDialect& dialect) {
  for (const char c : {'x', 'y', 'z', 'w'}) {
    if (c != dialect.delimiter && dialect.quote != c && dialect.escape != c && dialect.comment != c) return c;
  }
  return 'v';
}

// The first record start if bytes[0] stands outside quotes.
std::optional<std::size_t> start_outside(std::span<const char> bytes, char before, const CsvDialect& dialect) {
  const char line_end = dialect.newline == CsvDialect::Newline::kLf ? '\n' : '\r';
  if (before == line_end) return 0;
  // The scanner begins at a record start; these bring it to the middle of one, behind a delimiter or in a bare field.
  const char neutral = neutral_byte(dialect);
  const char prefix[] = {neutral, before == dialect.delimiter || dialect.escape == before ? before : neutral};
  CsvBoundaryScanner scanner(dialect);
  (void)scanner.scan(prefix);
  return scanner.scan(bytes, 0, /*stop_at_end=*/true);
}

// The first record start if bytes[0] stands inside quotes. `with_before`: and `before` did, too.
std::optional<std::size_t> start_inside(std::span<const char> bytes, char before, const CsvDialect& dialect,
                                        bool with_before) {
  CsvBoundaryScanner scanner(dialect, /*inside_quotes=*/true);
  if (with_before) (void)scanner.scan({&before, 1});
  return scanner.scan(bytes, 0, /*stop_at_end=*/true);
}

}  // namespace

std::optional<std::size_t> guess_csv_record_start(std::span<const char> bytes, char before, bool final,
                                                  const CsvDialect& dialect, const CsvConverter& converter,
                                                  std::uint32_t fields_per_record) {
  const auto in_bytes = [&](std::optional<std::size_t> start) {
    return start && *start < bytes.size() ? start : std::nullopt;
  };
  std::optional<std::size_t> best = in_bytes(start_outside(bytes, before, dialect));
  if (!dialect.quote) return best;

  const CsvIndexer indexer(dialect, fields_per_record);
  Sample best_sample = best ? judge(bytes, *best, final, indexer, converter) : Sample{};
  bool none_starts = !best;  // under one of the hypotheses: its record goes on past the end of `bytes`
  // A quote or escape just before may have been inside quotes itself: half of a doubled quote, or what makes bytes[0]
  // literal.
  const bool halved = before == dialect.quote || before == dialect.escape;
  for (const bool with_before : {false, true}) {
    if (best_sample.records > 0 && best_sample.rejected == 0) return best;
    if (with_before && !halved) break;
    const std::optional<std::size_t> start = in_bytes(start_inside(bytes, before, dialect, with_before));
    none_starts = none_starts || !start;
    if (!start || start == best) continue;
    const Sample sample = judge(bytes, *start, final, indexer, converter);
    // The smaller share of rejects wins; without evidence for the other, any good record does.
    const bool better = best_sample.records == 0 ? sample.rejected < sample.records
                                                 : sample.records > 0 && sample.rejected * best_sample.records <
                                                                             best_sample.rejected * sample.records;
    if (better || !best) {
      best = start;
      best_sample = sample;
    }
  }
  // At the end of the file that is likelier than a start from which nothing passes for a record.
  if (final && none_starts && best_sample.rejected == best_sample.records) return std::nullopt;
  return best;
}

}  // namespace tipple
