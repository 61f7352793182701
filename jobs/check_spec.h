// The checks of a table: which rows it takes, and what it must come to as a whole. Values; read by
// jobs/check_section.cpp, run by transforms/table_pipeline.h (rows) and by the publisher (the whole table).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace tipple {

enum class OnFail : std::uint8_t { kReject, kWarn, kFail };

struct CheckSpec {
  std::string name;  // given, or made from what it says; the reject's rule is "check:NAME"
  enum class Kind : std::uint8_t { kRule, kNotNull, kRange, kSet, kPattern, kLength, kForeignKey } kind = Kind::kRule;
  std::vector<std::string> columns;  // all kinds but kRule
  std::string rule;                  // kRule: an expression; a row fails unless it is true or null
  std::optional<std::string> min;    // kRange: as text of the column's type
  std::optional<std::string> max;
  std::vector<std::string> values;          // kSet
  std::string pattern;                      // kPattern: RE2, the whole text
  std::optional<std::uint64_t> length_min;  // kLength: characters
  std::optional<std::uint64_t> length_max;
  SourceId source;  // kForeignKey
  std::vector<std::string> foreign_columns;
  OnFail on_fail = OnFail::kReject;
  // kReject and kWarn: more failing rows than this fail the load. Absent: the table's limits alone.
  std::optional<std::uint64_t> max_rows;
  std::optional<double> max_percent;
};

// Of the whole table, checked when everything is staged and nothing is published yet.
struct TableExpectations {
  std::optional<std::uint64_t> rows_min;
  std::optional<std::uint64_t> rows_max;
  struct Sum {
    std::string column;
    std::optional<double> min;
    std::optional<double> max;
  };
  std::vector<Sum> sums;
};

}  // namespace tipple
