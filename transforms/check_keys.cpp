// The checks that look a row's values up: set, foreign key.
#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "jobs/table_schema.h"
#include "jobs/table_schema_columns.h"
#include "transforms/check_rows.h"
#include "transforms/check_values.h"
#include "transforms/lookup_reader.h"
#include "transforms/step_arrays.h"

namespace tipple {
namespace {

// Rows whose keys are not in the index; a null among them passes.
class KeysCheck : public RowCheck {
 public:
  KeysCheck(LookupKeys keys, std::string complaint) : keys_(std::move(keys)), complaint_(std::move(complaint)) {}

  Status run(const arrow::RecordBatch& rows, FailedRows& failed, arrow::MemoryPool*) const override {
    const std::vector<KeyColumn> keys = keys_.of(rows);
    std::vector<std::uint32_t> found(static_cast<std::size_t>(rows.num_rows()));
    keys_.index.find(keys, rows.num_rows(), found.data());
    for (std::size_t row = 0; row < found.size(); ++row) {
      if (found[row] != kNoRow) continue;
      const bool null = std::any_of(keys.begin(), keys.end(),
                                    [&](const KeyColumn& key) { return key.is_null(static_cast<std::int64_t>(row)); });
      if (!null) failed.rows.push_back(static_cast<std::uint32_t>(row));
    }
    return {};
  }
  std::string reason(const arrow::RecordBatch& rows, std::uint32_t row) const override {
    std::string values;
    for (std::size_t i = 0; i < keys_.positions.size(); ++i) {
      if (i > 0) values += ", ";
      values += fmt::format("{} = {}", keys_.own_names[i],
                            value_in_words(*rows.column(keys_.positions[i]), labelled_types[i], row));
    }
    return fmt::format("{} {}", values, complaint_);
  }

  std::vector<DataType> labelled_types;  // of the columns as the table has them

 private:
  LookupKeys keys_;
  std::string complaint_;
};

std::vector<DataType> types_of(const std::vector<std::string>& names, const Schema& schema) {
  std::vector<DataType> types;
  for (const std::string& name : names)
    types.push_back(schema[static_cast<std::size_t>(find_column(schema, name))].type);
  return types;
}

}  // namespace

MadeCheck make_set_check(const CheckSpec& check, const Schema& schema, const std::string& place) {
  const Column& column = schema[static_cast<std::size_t>(find_column(schema, check.columns.front()))];
  TIPPLE_TRY(const auto values, array_of_texts(check.values, column.type, place));
  // Enums are looked up by their position.
  Schema as = schema;
  DataType type = key_type(column.type);
  if (column.type.kind == TypeKind::kEnum) type.kind = TypeKind::kUint16;
  as[static_cast<std::size_t>(find_column(schema, column.name))].type = type;
  TIPPLE_TRY(auto keys,
             LookupKeys::make({column.name}, {{column.name, type}}, {values}, as, /*unique=*/false, "", place));
  auto made = std::make_unique<KeysCheck>(std::move(keys), "is not one of the values that are allowed");
  made->labelled_types = {column.type};
  return std::unique_ptr<RowCheck>(std::move(made));
}

MadeCheck make_foreign_key_check(const CheckSpec& check, const Schema& schema, const JobSpec& job,
                                 const std::vector<LookupTable>& lookups, const std::string& place) {
  const std::vector<LookupField> fields = lookup_fields(check, schema);
  TIPPLE_TRY(const auto columns, lookup_arrays(fields, check.source, job, lookups, place));
  const std::string& source = job.sources[check.source.value()].name;
  TIPPLE_TRY(auto keys, LookupKeys::make(check.columns, fields, columns, schema, /*unique=*/false, "", place));
  auto made = std::make_unique<KeysCheck>(std::move(keys), fmt::format("is not in '{}'", source));
  made->labelled_types = types_of(check.columns, schema);
  return std::unique_ptr<RowCheck>(std::move(made));
}

}  // namespace tipple
