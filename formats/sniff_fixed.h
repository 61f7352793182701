// Do the fields of a text stand below each other? Told from a sample: where every line has a space, a field ends.
//
// Pure: a function of the sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

struct SniffedFixed {
  std::vector<FixedField> fields;  // the last one goes to the line's end
  std::uint32_t skip_rows = 0;     // with the header, if there is one
  std::optional<char> comment;
  double score = 0;                   // score_of() the records (formats/sniff_records.h)
  std::vector<std::string> evidence;  // a line for each decision
};

// The sample and `more` as for sniff_dialect(). Nothing: there are no two such fields, or none of them holds values.
[[nodiscard]] std::optional<SniffedFixed> sniff_fixed(std::string_view sample, std::string_view more);

}  // namespace tipple
