#include "transforms/check_values.h"

#include <limits>

#include <arrow/array.h>
#include <arrow/memory_pool.h>

#include "formats/csv_column.h"

namespace tipple {

Result<std::shared_ptr<arrow::Array>> array_of_texts(const std::vector<std::string>& texts, const DataType& type,
                                                     const std::string& place) {
  constexpr std::size_t kReadableBytes = 64;  // past each field, as CsvCells asks
  CsvDialect dialect;
  dialect.quote.reset();
  dialect.null_texts.clear();
  std::string block;
  std::vector<std::uint32_t> ends = {std::numeric_limits<std::uint32_t>::max()};  // "before" the first byte
  for (const std::string& text : texts) {
    block += text;
    ends.push_back(static_cast<std::uint32_t>(block.size()));
    block += ',';
  }
  block.append(kReadableBytes, '\0');
  CsvFaults faults(texts.size());
  const auto converter = make_csv_column(dialect, Column{"value", type, false}, 0);
  TIPPLE_TRY(auto data,
             converter->convert({block.data(), ends.data(), 1, texts.size()}, faults, arrow::default_memory_pool()));
  if (!faults.empty()) return usage_error(faults.faults().front().reason, place);
  return arrow::MakeArray(data);
}

}  // namespace tipple
