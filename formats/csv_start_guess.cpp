// Where does the first record start, for a worker that begins in the middle of a file? Two hypotheses, judged by the schema.
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
  const auto batch =
      converter.convert({block.data(), split.whole}, index, BlockPlace{}, split.open_quote, arrow::default_memory_pool());
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

}  // namespace

std::optional<std::size_t> guess_csv_record_start(std::span<const char> bytes, char before, bool final,
                                                  const CsvDialect& dialect, const CsvConverter& converter,
                                                  std::uint32_t fields_per_record) {
  const auto in_bytes = [&](std::optional<std::size_t> start) {
    return start && *start < bytes.size() ? start : std::nullopt;
  };
  const std::optional<std::size_t> outside = in_bytes(start_outside(bytes, before, dialect));
  if (!dialect.quote) return outside;

  const CsvIndexer indexer(dialect, fields_per_record);
  const Sample sample = outside ? judge(bytes, *outside, final, indexer, converter) : Sample{};
  if (sample.records > 0 && sample.rejected == 0) return outside;
  const std::optional<std::size_t> inside = in_bytes(CsvBoundaryScanner(dialect, true).scan(bytes, 0, /*stop_at_end=*/true));
  if (!inside || inside == outside) return outside;
  const Sample other = judge(bytes, *inside, final, indexer, converter);
  if (!outside || (sample.records == 0 && other.rejected < other.records)) return inside;
  // The smaller share of rejects wins.
  return other.records > 0 && other.rejected * sample.records < sample.rejected * other.records ? inside : outside;
}

}  // namespace tipple
