// Any bytes as a CSV file: head, guess, index and conversion neither crash nor read out of bounds, and keep the
// account. The first bytes choose the dialect and where the file is cut; cutting must not change what comes out.
#include <cstdint>
#include <cstring>
#include <vector>

#include <arrow/api.h>

#include "formats/csv_convert.h"

namespace tipple {
namespace {

constexpr std::size_t kSettingBytes = 3;
constexpr std::size_t kReadPastBytes = 64;

CsvDialect dialect_of(std::uint8_t setting) {
  CsvDialect dialect;
  dialect.delimiter = (setting & 1) != 0 ? '\t' : ',';
  if ((setting & 2) != 0) dialect.quote.reset();
  if ((setting & 4) != 0) dialect.escape = '\\';
  if ((setting & 8) != 0) dialect.comment = '#';
  if ((setting & 16) != 0) dialect.newline = CsvDialect::Newline::kCr;
  if ((setting & 32) != 0) dialect.null_texts = {"NA", "\\N", "0"};
  return dialect;
}

std::vector<ColumnSpec> columns_of(std::uint8_t setting) {
  static const char* const kTypes[] = {
      "int64", "uint8", "float64",   "float32",      "decimal(9,2)", "decimal(38,20)", "bool",
      "date",  "time",  "timestamp", "timestamp_tz", "string",       "string(3)",      "enum(a,bc,a longer label)"};
  std::vector<ColumnSpec> columns;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    columns.push_back(
        {Column{name, parse_data_type(kTypes[(setting + i * 5) % std::size(kTypes)]).value(), i == 1}, name, {}, {}});
  }
  return columns;
}

ConvertedBatch convert(std::string_view text, const CsvIndexer& indexer, const CsvConverter& converter,
                       std::uint64_t offset, bool final, std::size_t& whole) {
  // Exactly the readable bytes past the end that the contract names: the address sanitizer sees one more.
  std::vector<char> block(text.begin(), text.end());
  block.resize(text.size() + kReadPastBytes, '"');
  CsvIndex index;
  const auto split = indexer.index({block.data(), text.size()}, final, index);
  whole = split.whole;
  auto batch = converter.convert({block.data(), split.whole}, index, {"", offset, 0}, split.open_quote,
                                 arrow::default_memory_pool());
  TIPPLE_CHECK(batch.ok(), "memory suffices");
  TIPPLE_CHECK(batch->batch->ValidateFull().ok(), "a valid batch");
  TIPPLE_CHECK(batch->rows_in == static_cast<std::uint64_t>(batch->batch->num_rows()) + batch->rejects.size(),
               "conservation");
  return std::move(batch).value();
}

void run(std::span<const std::uint8_t> data) {
  if (data.size() < kSettingBytes) return;
  const CsvDialect dialect = dialect_of(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data.data()) + kSettingBytes, data.size() - kSettingBytes);
  for (const bool complete : {false, true}) (void)read_csv_head(text, complete, dialect, {}, "fuzz");

  const CsvConverter converter =
      CsvConverter::make(dialect, columns_of(data[1]), {2, 0, 1}, (data[0] & 64) != 0).value();
  const CsvIndexer indexer(dialect, 3);
  std::size_t whole = 0;
  const ConvertedBatch all = convert(text, indexer, converter, 0, true, whole);
  TIPPLE_CHECK(whole == text.size(), "the end of the file ends the last record");

  const std::size_t cut = text.size() * data[2] / 256;
  const ConvertedBatch first = convert(text.substr(0, cut), indexer, converter, 0, false, whole);
  std::size_t rest = 0;
  const ConvertedBatch second = convert(text.substr(whole), indexer, converter, whole, true, rest);
  const auto together = arrow::ConcatenateRecordBatches({first.batch, second.batch});
  TIPPLE_CHECK(
      together.ok() && (*together)->Equals(*all.batch, false, arrow::EqualOptions::Defaults().nans_equal(true)),
      "cutting changes nothing");
  TIPPLE_CHECK(first.rejects.size() + second.rejects.size() == all.rejects.size(), "cutting rejects nothing");
  if (cut > 0) {
    const auto start = guess_csv_record_start(std::span(text).subspan(cut), text[cut - 1], true, dialect, converter, 3);
    TIPPLE_CHECK(!start || *start < text.size() - cut, "a guess lies in the bytes");
  }
}

}  // namespace
}  // namespace tipple

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tipple::run({data, size});
  return 0;
}
