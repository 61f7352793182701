#include "formats/row_extract.h"

#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/hdf5_row_extract.h"
#include "formats/parquet_row_extract.h"

namespace tipple {

Result<std::unique_ptr<RowExtract>> make_row_extract(const std::string& from, const SourceSpec& source,
                                                     const std::string& to) {
  TIPPLE_CHECK(source.format == SourceFormat::kParquet || source.format == SourceFormat::kHdf5,
               "only foreign columnar files are extracted");
  TIPPLE_TRY(auto rows, open_batch_source(from, source));
  if (source.format == SourceFormat::kParquet) return make_parquet_row_extract(std::move(rows), from, to);
  return make_hdf5_row_extract(*rows, from, source, to);
}

Status check_row_extract(const BatchSource& written, std::uint64_t rows, const arrow::Schema& schema,
                         const std::string& from) {
  if (written.rows() != rows) {
    return environment_error(fmt::format("its copy has {} rows where {} were written", written.rows(), rows), from,
                             "is the disk well?");
  }
  const arrow::Schema& found = *written.schema();
  if (found.num_fields() != schema.num_fields()) return row_extract_error("fields would be missing", from);
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (found.field(i)->Equals(*schema.field(i), /*check_metadata=*/false)) continue;
    return row_extract_error(fmt::format("{} would become {}", schema.field(i)->ToString(), found.field(i)->ToString()),
                             from);
  }
  return {};
}

Error row_extract_error(std::string_view why, const std::string& from) {
  return usage_error(fmt::format("its rows cannot be copied as they are: {}", why), from,
                     "correct the job and load the file again with `tipple run`");
}

}  // namespace tipple
