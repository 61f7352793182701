// Why a field or record cannot be loaded: Reject::rule as a value, so that the hot path handles no text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/data_type.h"

namespace tipple {

enum class CsvRule : std::uint8_t {
  kNone,  // the field is good
  kArity,
  kQuote,
  kType,
  kRange,
  kNotNull,
  kLength,
  kEncoding,
  kEnum,
  kRecordBytes,
  kFieldBytes,
  kNul,
};

[[nodiscard]] std::string_view to_string(CsvRule rule);

// What a value parser answers: kNone, or the rule that the text breaks and, where the type alone does not explain it,
// why.
struct CsvVerdict {
  CsvRule rule = CsvRule::kNone;
  const char* note = nullptr;  // a static string
  [[nodiscard]] bool good() const { return rule == CsvRule::kNone; }
};

// `text` in double quotes: cut to 64 bytes, other than printable ASCII as \xNN.
[[nodiscard]] std::string printable_text(std::string_view text);

// One sentence for Reject::reason. `text`: the field as it stands in the file.
[[nodiscard]] std::string csv_reason(const CsvVerdict& verdict, std::string_view text, const DataType& type);

// The rows of one block that are rejected: the first fault of each row, columns being tried in table order.
class CsvFaults {
 public:
  struct Fault {
    std::uint32_t row = 0;
    std::uint32_t column = 0;  // position in the table
    CsvRule rule = CsvRule::kNone;
    std::string reason;
  };

  explicit CsvFaults(std::size_t rows) : rows_(rows) {}

  [[nodiscard]] bool is_bad(std::size_t row) const { return !bad_.empty() && (bad_[row / 64] >> (row % 64) & 1) != 0; }
  void add(std::uint32_t row, std::uint32_t column, CsvRule rule, std::string reason) {
    if (bad_.empty()) bad_.resize((rows_ + 63) / 64);
    bad_[row / 64] |= std::uint64_t{1} << (row % 64);
    faults_.push_back({row, column, rule, std::move(reason)});
  }
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::vector<Fault>& faults() { return faults_; }

 private:
  std::size_t rows_;
  std::vector<std::uint64_t> bad_;  // one bit a row; empty while every row is good
  std::vector<Fault> faults_;
};

}  // namespace tipple
