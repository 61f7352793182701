// What the fuzzers of the line formats share: head, split and conversion neither crash nor read out of bounds, keep the
// account, and give the same wherever the file is cut.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>

#include "base/check.h"
#include "formats/record_format.h"

namespace tipple {

inline constexpr std::size_t kFuzzedPastBytes = 64;

inline ColumnSpec fuzzed_column(const std::string& name, const std::string& type, const std::string& from) {
  return {Column{name, parse_data_type(type).value(), name != "b"}, from, {}, {}};
}

struct FuzzedBatch {
  ConvertedBatch converted;
  std::size_t whole = 0;
};

inline FuzzedBatch convert_lines(const RecordFormat& format, const std::vector<ColumnSpec>& columns,
                                 std::string_view text, std::uint64_t offset, bool final) {
  FileHead head;
  head.fields = format.read_head({}, true, "fuzz").value().fields;
  const auto binding = format.bind(head, {BoundTable{columns, true, true, false}}, "fuzz");
  TIPPLE_CHECK(binding.ok(), "the columns are there");
  // Exactly the readable bytes past the end that the contract names: the address sanitizer sees one more.
  std::vector<char> block(text.begin(), text.end());
  block.resize(text.size() + kFuzzedPastBytes, '"');
  const auto index = (*binding)->make_index();
  const auto split = (*binding)->split({block.data(), text.size()}, final, *index);
  TIPPLE_CHECK(split.whole <= text.size() && (!final || split.whole == text.size()),
               "the end of the file ends the last record");
  auto batch = (*binding)->convert(0, {block.data(), split.whole}, *index, {"fuzz", offset, 0}, false,
                                   arrow::default_memory_pool());
  TIPPLE_CHECK(batch.ok() && batch->batch->ValidateFull().ok(), "a valid batch");
  TIPPLE_CHECK(batch->rows_in == static_cast<std::uint64_t>(batch->batch->num_rows()) + batch->rejects.size(),
               "conservation");
  TIPPLE_CHECK(batch->origins.size() == static_cast<std::size_t>(batch->batch->num_rows()), "an origin for each row");
  return {std::move(batch).value(), split.whole};
}

// The first byte says where the text behind it is cut.
inline void run_line_format(const RecordFormat& format, const std::vector<ColumnSpec>& columns,
                            std::span<const std::uint8_t> data) {
  if (data.empty()) return;
  const std::string_view text(reinterpret_cast<const char*>(data.data()) + 1, data.size() - 1);
  for (const bool complete : {false, true}) (void)format.read_head({text.data(), text.size()}, complete, "fuzz");
  const FuzzedBatch all = convert_lines(format, columns, text, 0, true);
  const std::size_t cut = text.size() * data[0] / 256;
  const FuzzedBatch first = convert_lines(format, columns, text.substr(0, cut), 0, false);
  const FuzzedBatch second = convert_lines(format, columns, text.substr(first.whole), first.whole, true);
  const auto together = arrow::ConcatenateRecordBatches({first.converted.batch, second.converted.batch});
  TIPPLE_CHECK(together.ok() &&
                   (*together)->Equals(*all.converted.batch, false, arrow::EqualOptions::Defaults().nans_equal(true)),
               "cutting changes nothing");
  TIPPLE_CHECK(first.converted.rejects.size() + second.converted.rejects.size() == all.converted.rejects.size(),
               "cutting rejects nothing");
}

}  // namespace tipple
