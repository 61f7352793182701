// The steps of a table: what happens to its rows between their conversion and the table. Values; read by
// jobs/step_section.cpp, typed by jobs/table_schema.h, run by transforms/table_pipeline.h. docs/job-file.md describes
// each for users.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "jobs/data_type.h"

namespace tipple {

// A secret by reference: its text never stands in a job file, a message or a log.
struct SecretRef {
  enum class Kind : std::uint8_t { kEnv, kFile } kind = Kind::kEnv;
  std::string name;
  friend bool operator==(const SecretRef&, const SecretRef&) = default;
};

// Rows for which the condition is not true are filtered.
struct WhereStep {
  std::string condition;
};
struct DeriveStep {
  std::vector<std::pair<std::string, std::string>> columns;  // name, expression; later ones see earlier ones
};
struct RenameStep {
  std::vector<std::pair<std::string, std::string>> names;  // old, new
};
struct DropStep {
  std::vector<std::string> columns;
};
struct CastStep {
  std::vector<std::pair<std::string, DataType>> columns;  // a value that does not fit rejects the row
};
// A small table, read once by each rank. Duplicate keys in it fail the load.
struct LookupStep {
  SourceId source;
  std::vector<std::pair<std::string, std::string>> on;    // own column, lookup's column
  std::vector<std::pair<std::string, std::string>> take;  // new column, lookup's column
  enum class Missing : std::uint8_t { kNull, kReject, kDefault } missing = Missing::kNull;
  std::map<std::string, std::string> defaults;          // kDefault: new column -> value as text
  std::vector<std::pair<std::string, DataType>> types;  // of the lookup's columns; others are string
};
struct NormaliseStep {
  std::vector<std::string> columns;
  enum class Case : std::uint8_t { kKeep, kLower, kUpper } letter_case = Case::kKeep;
  bool trim = false;        // white space at both ends
  bool whitespace = false;  // runs of white space become one space
  bool nfc = false;         // Unicode NFC
  double scale = 1.0;       // numbers: value * scale + offset (units)
  double offset = 0.0;
};
struct BinStep {
  std::string column;
  std::string into;
  std::vector<double> edges;        // ascending; bin i is [edges[i], edges[i+1]); outside: null
  std::vector<std::string> labels;  // one per bin; empty: the bin's number
};
// A text that is a list: one row becomes one row per element.
struct ExplodeStep {
  std::string column;
  std::string into;
  std::string separator = ",";  // empty: the text is a JSON array
};
// A text into several columns.
struct SplitStep {
  std::string column;
  std::string separator = ",";
  std::vector<std::string> into;
};
// Rows are chosen by a hash of `by` (or of where they stand in the input): the same ones at any size.
struct SampleStep {
  double fraction = 1.0;
  std::uint64_t seed = 0;
  std::vector<std::string> by;
};
struct MaskStep {
  std::vector<std::string> columns;
  enum class How : std::uint8_t { kHmac, kRedact, kTruncate, kDateShift } how = How::kRedact;
  std::optional<SecretRef> key;  // kHmac, kDateShift
  std::string with = "***";      // kRedact
  std::uint32_t keep = 0;        // kTruncate: characters, or for dates "year" = 1, "month" = 2
  std::uint32_t days = 365;      // kDateShift: at most this far, by the value of `by`
  std::string by;
};
struct EncryptStep {
  std::vector<std::string> columns;
  SecretRef key;
};
// A surrogate key: 1, 2, 3, ... in input order, over the whole load.
struct NumberStep {
  std::string into;
  std::uint64_t start = 1;
};

using StepSpec = std::variant<WhereStep, DeriveStep, RenameStep, DropStep, CastStep, LookupStep, NormaliseStep, BinStep,
                              ExplodeStep, SplitStep, SampleStep, MaskStep, EncryptStep, NumberStep>;

}  // namespace tipple
