// The dialect of delimited text, from a sample: every combination of delimiter, quote and escape is tried on it with
// the language's own rules (formats/csv_state.h), and the one wins whose records agree best on their number of fields
// and whose fields look most like values.
//
// Pure: a function of the sample.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

struct SniffedDialect {
  CsvDialect dialect;
  std::vector<std::string> fields;  // of the header; without one column_1, column_2, ...
  // The header has names that a load refuses (empty, twice): it is skipped by skip_rows, and `fields` are the names
  // made of it.
  bool renamed = false;
  double score = 0;                   // score_of() the records (formats/sniff_records.h)
  std::vector<std::string> evidence;  // a line for each decision
};

// `sample`: UTF-8 without byte order mark, whole lines from the file's beginning. `more`: from elsewhere in it, whole
// lines or nothing.
[[nodiscard]] SniffedDialect sniff_dialect(std::string_view sample, std::string_view more);

}  // namespace tipple
