// Is a sample's first record a header?
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/sniff_records.h"
#include "jobs/job_spec.h"

namespace tipple {

// Null texts besides the empty one that a typed column may have.
[[nodiscard]] const std::vector<std::string>& common_null_texts();

struct SniffedHeader {
  bool present = false;
  std::string why;
  std::vector<std::string> texts;  // of the first record, whether it is one or not
};

// `fields`: that most records have. Precondition: there are records.
[[nodiscard]] SniffedHeader sniff_header(const std::vector<SniffedRecord>& records, const CsvDialect& dialect,
                                         std::size_t fields);

// Names that a load takes, by position: of `texts`, but for those that are empty or come twice.
[[nodiscard]] std::vector<std::string> usable_names(const std::vector<std::string>& texts);
// column_1, column_2, ...
[[nodiscard]] std::vector<std::string> numbered_names(std::size_t count);

}  // namespace tipple
