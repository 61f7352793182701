// What infer_input hands to its threads: a block of whole records and the fields they have, and what a thread found in
// its blocks.
//
// Owner: formats/infer_input.cpp. Thread rule: a reader and a tally have one owner each.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/csv_field.h"
#include "formats/csv_index.h"
#include "formats/infer_column.h"
#include "formats/infer_input.h"
#include "formats/line_index.h"
#include "formats/record_format.h"

namespace tipple {

// Which bare texts are no values.
struct InferNulls {
  InferNulls(const SourceSpec& source, const InferOptions& options)
      : nulls(source.csv.null_texts), candidates(options.null_candidates) {
    for (const auto* texts : {&nulls.texts(), &candidates.texts()}) {
      for (const std::string& text : *texts) begins[text.empty() ? 0 : static_cast<unsigned char>(text[0])] = true;
      for (const std::string& text : *texts) empty = empty || text.empty();
    }
  }
  CsvNullTexts nulls;
  CsvNullTexts candidates;
  std::array<bool, 256> begins{};  // by first byte: may it be one of them?
  bool empty = false;              // the empty text is one of them
  // True: `text` was none of a value, and is counted.
  [[nodiscard]] bool take(const char* text, std::uint32_t length, ColumnInference& facts) const {
    if (length > 0 ? !begins[static_cast<unsigned char>(*text)] : !empty) [[likely]]
      return false;
    return take_one(text, length, facts);
  }

 private:
  [[nodiscard]] bool take_one(const char* text, std::uint32_t length, ColumnInference& facts) const;
};

struct InferBlock {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;  // without the slack behind it
  std::size_t size = 0;      // of whole records
  bool open_quote = false;   // the last record breaks off
  std::uint64_t number = 0;  // in the input
  std::uint32_t file = 0;
  CsvIndex csv;
  LineIndex lines;
  std::unique_ptr<RecordIndex> index;                        // kFixedWidth, kLog
  std::shared_ptr<const RecordBinding> binding;              // likewise, of the file
  std::shared_ptr<const std::vector<std::uint32_t>> fields;  // of the file, as positions in InferredInput::fields

  [[nodiscard]] std::span<const char> text() const { return {bytes.get(), size}; }
};
inline constexpr std::size_t kInferSlack = 64;

// A JSON field of a tally.
struct JsonFieldFacts {
  ColumnInference facts;
  std::uint64_t first = ~std::uint64_t{0};  // where in the input it was seen first: orders the columns
  std::uint64_t seen = 0;                   // records that had it
  bool object = false;                      // was an object somewhere
};

// What one thread found.
struct InferTally {
  std::vector<ColumnInference> columns;        // by position in InferredInput::fields
  std::vector<std::uint64_t> seen;             // records that had the field
  std::map<std::string, JsonFieldFacts> json;  // by path
  std::uint64_t records = 0;
  std::uint64_t bad_records = 0;
  bool bad_encoding = false;

  void merge(const InferTally& other);
  [[nodiscard]] ColumnInference& column(std::uint32_t field) {
    if (field >= columns.size()) {
      columns.resize(field + 1);
      seen.resize(field + 1);
    }
    return columns[field];
  }
};

void infer_csv_block(const InferBlock& block, const CsvDialect& dialect, const InferNulls& nulls, InferTally& tally);
// Fixed width and log lines: their own format cuts and trims the fields.
[[nodiscard]] Status infer_line_block(const InferBlock& block, const InferNulls& nulls, InferTally& tally);
void infer_json_block(const InferBlock& block, const InferNulls& nulls, InferTally& tally);

// The fields that the JSON paths of a tally come to.
[[nodiscard]] std::vector<InferredField> json_fields(const InferTally& tally);

}  // namespace tipple
