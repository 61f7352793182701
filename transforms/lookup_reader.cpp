#include "transforms/lookup_reader.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

namespace tipple {

Result<std::vector<std::shared_ptr<arrow::Array>>> lookup_arrays(const std::vector<LookupField>& fields,
                                                                 SourceId source, const JobSpec& job,
                                                                 const std::vector<LookupTable>& lookups,
                                                                 const std::string& place) {
  const auto table =
      std::find_if(lookups.begin(), lookups.end(), [&](const LookupTable& lookup) { return lookup.source == source; });
  const std::vector<LookupField> all = lookup_fields(job, source);
  TIPPLE_CHECK(table != lookups.end() && table->rows != nullptr, "lookup tables are read before the pipeline is made");
  TIPPLE_CHECK(static_cast<std::size_t>(table->rows->num_columns()) == all.size(),
               "a lookup table has the columns of lookup_columns()");
  constexpr std::int64_t kLookupRowsMax = std::int64_t{1} << 30;
  if (table->rows->num_rows() >= kLookupRowsMax) {
    return usage_error(fmt::format("the lookup table '{}' has {} rows, more than {}", job.sources[source.value()].name,
                                   table->rows->num_rows(), kLookupRowsMax),
                       place);
  }
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const LookupField& field : fields) {
    arrays.push_back(table->rows->column(static_cast<int>(std::find(all.begin(), all.end(), field) - all.begin())));
  }
  return arrays;
}

Result<LookupKeys> LookupKeys::make(const std::vector<std::string>& own, const std::vector<LookupField>& fields,
                                    const std::vector<std::shared_ptr<arrow::Array>>& columns, const Schema& input,
                                    bool unique, const std::string& what, const std::string& place) {
  std::vector<std::string> names;
  std::vector<DataType> key_types;
  for (std::size_t i = 0; i < own.size(); ++i) {
    names.push_back(fields[i].field);
    key_types.push_back(fields[i].type);
  }
  const std::vector<std::shared_ptr<arrow::Array>> key_columns(
      columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(own.size()));
  auto index = LookupIndex::make(key_columns, std::move(key_types), names, unique, what);
  if (!index.ok()) {
    Error error = std::move(index).error();
    error.where = place;
    return error;
  }
  LookupKeys keys{std::move(index).value(), own, std::move(names), {}, {}};
  for (const std::string& name : own) {
    keys.positions.push_back(find_column(input, name));
    keys.types.push_back(input[static_cast<std::size_t>(keys.positions.back())].type);
  }
  return keys;
}

std::vector<KeyColumn> LookupKeys::of(const arrow::RecordBatch& batch) const {
  std::vector<KeyColumn> columns;
  columns.reserve(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) columns.emplace_back(*batch.column(positions[i]), types[i]);
  return columns;
}

}  // namespace tipple
