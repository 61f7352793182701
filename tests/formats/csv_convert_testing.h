// What the converter's tests share: text in, rows as printable cells out.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "formats/csv_convert.h"

namespace tipple::testing {

// Bytes with the 64 readable ones past their end that indexer and converter ask for.
class PaddedText {
 public:
  explicit PaddedText(std::string_view text) : bytes_(text.size() + 64, '\x5A'), size_(text.size()) {
    std::memcpy(bytes_.data(), text.data(), text.size());
  }
  [[nodiscard]] std::span<const char> span() const { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  std::size_t size_;
};

inline ColumnSpec column(const std::string& name, const std::string& type, bool nullable = false) {
  const Result<DataType> parsed = parse_data_type(type);
  EXPECT_TRUE(parsed.ok()) << type;
  return {Column{name, *parsed, nullable}, name, {}, {}};
}

// Columns c0, c1, ... bound to the file's fields in order.
struct Table {
  CsvDialect dialect;
  std::vector<ColumnSpec> columns;
  bool keep_raw = false;

  [[nodiscard]] std::uint32_t fields() const { return static_cast<std::uint32_t>(columns.size()); }
  [[nodiscard]] CsvConverter converter() const {
    std::vector<std::uint32_t> positions;
    for (std::uint32_t i = 0; i < fields(); ++i) positions.push_back(i);
    return CsvConverter::make(dialect, columns, positions, keep_raw).value();
  }
};

inline ConvertedBatch convert(const Table& table, std::string_view text, const BlockPlace& place = {},
                              bool final = true) {
  const PaddedText block(text);
  CsvIndex index;
  const CsvIndexer::Split split = CsvIndexer(table.dialect, table.fields()).index(block.span(), final, index);
  EXPECT_EQ(split.whole, text.size());
  Result<ConvertedBatch> batch =
      table.converter().convert(block.span(), index, place, split.open_quote, arrow::default_memory_pool());
  EXPECT_TRUE(batch.ok());
  EXPECT_TRUE(batch->batch->ValidateFull().ok()) << batch->batch->ValidateFull().ToString();
  return std::move(batch).value();
}

// One column of one type over one field per record.
inline ConvertedBatch convert_fields(const std::string& type, const std::vector<std::string>& fields,
                                     bool nullable = false) {
  Table table;
  table.columns = {column("value", type, nullable), column("end", "string")};
  std::string text;
  for (const std::string& field : fields) text += field + ",x\n";
  return convert(table, text);
}

// The values of column `c`, as Arrow prints them; "null" for null.
inline std::vector<std::string> cells(const ConvertedBatch& batch, int c = 0) {
  std::vector<std::string> out;
  const auto array = batch.batch->column(c);
  for (std::int64_t i = 0; i < array->length(); ++i) out.push_back((*array->GetScalar(i))->ToString());
  return out;
}

inline std::vector<std::string> rules(const ConvertedBatch& batch) {
  std::vector<std::string> out;
  for (const Reject& reject : batch.rejects) out.push_back(reject.rule);
  return out;
}

}  // namespace tipple::testing
