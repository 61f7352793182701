// A sample of delimited text cut into records and fields under one dialect.
//
// Pure. The rules are formats/csv_state.h's, byte by byte: samples are small.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_state.h"
#include "jobs/job_spec.h"

namespace tipple {

struct SniffedRecord {
  std::size_t begin = 0;                 // in the sample
  std::vector<std::string_view> fields;  // as they stand there, without the CR of a line end
};

// At most `records_max`; a last record without a line end counts. Blank and comment lines leave nothing.
[[nodiscard]] std::vector<SniffedRecord> split_sample(std::string_view sample, const CsvDialect& dialect,
                                                      std::size_t records_max);

// How the records look together.
struct RecordShape {
  std::size_t records = 0;
  std::size_t fields = 0;    // that most records have
  std::size_t agreeing = 0;  // records that have so many
  double known_share = 0;    // of their fields: empty, a number, a date, a word; not text with foreign marks in it
  std::size_t quoted = 0;    // fields in quotes
  std::size_t broken = 0;    // fields that begin with a quote and are no quoted field
};
[[nodiscard]] RecordShape shape_of(const std::vector<SniffedRecord>& records, const CsvDialect& dialect);
// From 0 to 1: how well the way in which the records were cut explains the text.
[[nodiscard]] double score_of(const RecordShape& shape);

}  // namespace tipple
