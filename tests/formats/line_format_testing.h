// What the tests of the line formats share: text in, rows and rejects out, whole or in blocks of any size.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "formats/record_format.h"

namespace tipple::testing_lines {

inline ColumnSpec column(const std::string& name, const std::string& type, bool nullable = true,
                         const std::string& from = {}, const std::string& format = {}) {
  const Result<DataType> parsed = parse_data_type(type);
  EXPECT_TRUE(parsed.ok()) << type;
  return {Column{name, *parsed, nullable}, from, format, {}};
}

// What a file came to: every row and reject as text, so that two ways of reading compare with ==.
struct Outcome {
  std::shared_ptr<arrow::Table> rows;
  std::vector<std::string> rejects;  // offset|line|column|rule|raw
  std::vector<std::string> reasons;
  std::vector<std::uint64_t> origins;  // file offsets
  std::uint64_t rows_in = 0;
  std::uint64_t lines = 0;

  [[nodiscard]] std::vector<std::string> cells(int c = 0) const {
    std::vector<std::string> out;
    for (std::int64_t i = 0; i < rows->num_rows(); ++i) out.push_back((*rows->column(c)->GetScalar(i))->ToString());
    return out;
  }
  [[nodiscard]] std::vector<std::string> rules() const {
    std::vector<std::string> out;
    for (const std::string& reject : rejects) {
      const std::size_t rule = reject.find('|', reject.find('|', reject.find('|') + 1) + 1) + 1;
      out.push_back(reject.substr(rule, reject.find('|', rule) - rule));
    }
    return out;
  }
};

// Both from one file that was cut differently.
inline void expect_same(const Outcome& got, const Outcome& want, const std::string& what) {
  EXPECT_TRUE(got.rows->Equals(*want.rows))
      << what << "\ngot " << got.rows->ToString() << "\nwant " << want.rows->ToString();
  EXPECT_EQ(got.rejects, want.rejects) << what;
  EXPECT_EQ(got.reasons, want.reasons) << what;
  EXPECT_EQ(got.origins, want.origins) << what;
  EXPECT_EQ(got.rows_in, want.rows_in) << what;
  EXPECT_EQ(got.lines, want.lines) << what;
}

inline void add_block(const RecordBinding& binding, std::string_view text, bool final, std::uint64_t offset,
                      RecordIndex& index, std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, Outcome& out,
                      std::size_t& whole) {
  std::vector<char> block(text.begin(), text.end());
  block.resize(text.size() + 64, '"');  // exactly the bytes that may be read
  const RecordBinding::Split split = binding.split({block.data(), text.size()}, final, index);
  whole = split.whole;
  // A block of whole records has 64 readable bytes past its end, too.
  std::vector<char> records(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(whole));
  records.resize(whole + 64, '7');
  auto batch = binding.convert(0, {records.data(), whole}, index, {"in", offset, out.lines}, split.open_quote,
                               arrow::default_memory_pool());
  ASSERT_TRUE(batch.ok()) << batch.error().to_string();
  ASSERT_TRUE(batch->batch->ValidateFull().ok()) << batch->batch->ValidateFull().ToString();
  EXPECT_EQ(batch->rows_in, static_cast<std::uint64_t>(batch->batch->num_rows()) + batch->rejects.size());
  EXPECT_EQ(batch->rows_in, index.record_count());
  for (const Reject& reject : batch->rejects) {
    out.rejects.push_back(std::to_string(reject.offset) + "|" + std::to_string(reject.line) + "|" + reject.column +
                          "|" + reject.rule + "|" + reject.raw);
    out.reasons.push_back(reject.reason);
  }
  for (const std::uint32_t origin : batch->origins) out.origins.push_back(offset + origin);
  out.rows_in += batch->rows_in;
  out.lines += split.lines;
  batches.push_back(batch->batch);
}

// The whole of `text`, `block_bytes` more bytes at a time; what is no whole record is carried over.
inline Outcome read_all(const RecordFormat& format, const BoundTable& table, std::string_view text,
                        std::size_t block_bytes = std::size_t{1} << 30) {
  Outcome out;
  const auto head = format.read_head({text.data(), text.size()}, true, "in");
  EXPECT_TRUE(head.ok()) << head.error().to_string();
  const auto binding = format.bind(*head, {table}, "in");
  EXPECT_TRUE(binding.ok()) << binding.error().to_string();
  out.lines = head->lines;
  const auto index = (*binding)->make_index();
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::size_t at = head->data_begin;
  std::size_t end = at;
  while (end < text.size() || batches.empty()) {
    end = std::min(text.size(), end + block_bytes);
    std::size_t whole = 0;
    add_block(**binding, text.substr(at, end - at), end == text.size(), at, *index, batches, out, whole);
    if (::testing::Test::HasFatalFailure()) break;
    at += whole;
  }
  EXPECT_EQ(at, text.size());
  out.rows = arrow::Table::FromRecordBatches(batches).ValueOrDie();
  return out;
}

// Blocks of every size, and two blocks cut anywhere, give what one gives.
inline void expect_same_at_every_cut(const RecordFormat& format, const BoundTable& table, std::string_view text) {
  const Outcome want = read_all(format, table, text);
  for (std::size_t bytes = 1; bytes <= text.size(); ++bytes) {
    expect_same(read_all(format, table, text, bytes), want, "blocks of " + std::to_string(bytes));
    if (::testing::Test::HasFailure()) return;
  }
  const auto head = format.read_head({text.data(), text.size()}, true, "in");
  const auto binding = format.bind(*head, {table}, "in");
  // A worker that begins in the middle finds the first line start, exactly.
  for (std::size_t at = std::max<std::size_t>(1, head->data_begin); at <= text.size(); ++at) {
    const std::size_t line_end = text.find('\n', at - 1);
    const auto start = (*binding)->guess_record_start({text.data() + at, text.size() - at}, text[at - 1], true);
    if (line_end == std::string_view::npos || line_end + 1 >= text.size()) {
      EXPECT_FALSE(start.has_value()) << at;
    } else {
      ASSERT_TRUE(start.has_value()) << at;
      EXPECT_EQ(at + *start, line_end + 1);
    }
  }
}

}  // namespace tipple::testing_lines
