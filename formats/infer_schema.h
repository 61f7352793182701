// From what was inferred of fields to the columns of a table: names that a table can have, types, and for columnar
// files the file's own.
//
// Pure, infer_batch_columns apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/infer_input.h"
#include "jobs/job_spec.h"

namespace tipple {

// A name that a column can have, from a field's: at most 255 bytes of UTF-8, no '/', no '"', no '$' at the front.
// `taken` are names that it must not be, nor clash with the names that parts give to nulls and lengths; it is added.
[[nodiscard]] std::string column_name(std::string_view field, std::vector<std::string>& taken);

// `field` as a column without its name. `nulls`, `texts`: ColumnInference::finish's.
[[nodiscard]] InferredColumn column_of(const InferredField& field, std::uint64_t nulls = 0,
                                       const std::vector<std::string>& texts = {});

// Each field as a column.
[[nodiscard]] std::vector<ColumnSpec> columns_of(const std::vector<InferredField>& fields);

// Joins the fields of several inputs by name (renamed already): a field that one of them lacks is absent there.
[[nodiscard]] std::vector<InferredField> join_fields(std::vector<InferredField> fields,
                                                     const std::vector<InferredField>& more);

// The columns of Parquet and HDF5 files, of which each has all, as far as none of `read` reads them: types are the
// files'. Errors: those of opening; files that disagree.
[[nodiscard]] Result<std::vector<ColumnSpec>> infer_batch_columns(const SourceSpec& source,
                                                                  std::span<const std::string> paths,
                                                                  const std::vector<ColumnSpec>& read = {});

}  // namespace tipple
