// Exact inference over the whole of a text source: every field of every record of every file.
//
// Files are read in order and cut into blocks of whole records by one thread; the blocks' cells are looked at by all of
// them, and what they found is merged. As merging commutes (formats/infer_column.h), the answer is a function of the
// input alone. Records that a load would reject for their form (arity, quotes, JSON grammar, bytes that are not UTF-8)
// are counted and not looked at.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/byte_source.h"
#include "formats/infer_column.h"
#include "jobs/job_spec.h"

namespace tipple {

struct InferredField {
  std::string from;       // what a column is read from: the field's name, or its path in JSON
  ColumnInference facts;  // values() + nulls() + candidates are the records that had it
  bool absent = false;    // not all files, or not all records, have it: it is null there
  bool mixed = false;     // JSON: a value here and an object there; only its text can be loaded
};

struct InferredInput {
  std::vector<InferredField> fields;  // in the order in which the input names them
  std::uint64_t records = 0;
  std::uint64_t bad_records = 0;  // among them
  bool bad_encoding = false;      // one of those was not UTF-8
};

// At most 64 bare texts that may mean null besides the source's own null_texts. None for a job that runs as it is.
struct InferOptions {
  std::vector<std::string> null_candidates;
  unsigned threads = 1;
};

// Precondition: `source` is kCsv, kJsonLines, kFixedWidth or kLog. Errors: those of reading, a header that is none,
// more than limits::kColumnsMax fields.
[[nodiscard]] Result<InferredInput> infer_input(const SourceSpec& source, std::span<const ByteSourceFile> files,
                                                const InferOptions& options);

// The names of the fields alone, by the heads of the files; JSON lines have none there. Errors: as infer_input's.
[[nodiscard]] Result<std::vector<std::string>> read_field_names(const SourceSpec& source,
                                                                std::span<const ByteSourceFile> files);

}  // namespace tipple
