// BatchConverter (formats/batch_source.h): which fields a table reads, the cast of each, and the good rows of a batch.
#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "formats/batch_convert.h"
#include "formats/batch_source.h"
#include "formats/csv_compact.h"
#include "formats/time_format.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

constexpr std::size_t kNamesListedMax = 4096;
constexpr std::size_t kNamesShownMax = 20;

// Where a column's values stand: a field of the file, and the way into its structs.
struct FieldPath {
  int field = 0;
  std::vector<int> children;
  std::shared_ptr<arrow::DataType> type;
};

// A name that has dots itself comes before one that is taken apart.
std::optional<FieldPath> find_field(const arrow::FieldVector& fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->name() == name) return FieldPath{static_cast<int>(i), {}, fields[i]->type()};
  }
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i]->name() != name.substr(0, dot) || fields[i]->type()->id() != arrow::Type::STRUCT) continue;
      if (auto inner = find_field(fields[i]->type()->fields(), name.substr(dot + 1))) {
        FieldPath path{static_cast<int>(i), {inner->field}, inner->type};
        path.children.insert(path.children.end(), inner->children.begin(), inner->children.end());
        return path;
      }
    }
  }
  return std::nullopt;
}

// The names of fields, and of what is in structs, as a job file writes them.
void list_names(const arrow::FieldVector& fields, const std::string& prefix, std::vector<std::string>& names) {
  for (const auto& field : fields) {
    if (names.size() >= kNamesListedMax) return;
    names.push_back(prefix + field->name());
    if (field->type()->id() == arrow::Type::STRUCT) list_names(field->type()->fields(), names.back() + ".", names);
  }
}

Error unknown_field(const arrow::Schema& file, const std::string& name, const std::string& column,
                    const std::string& path) {
  std::vector<std::string> names;
  list_names(file.fields(), "", names);
  const std::string nearest = nearest_name(name, names);
  std::string hint = nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
  if (nearest.empty()) {
    hint = "the file has: ";
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShownMax); ++i) hint += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kNamesShownMax) hint += ", ...";
  }
  return usage_error(fmt::format("has no field \"{}\", which column \"{}\" reads", name, column), path,
                     std::move(hint));
}

struct BoundColumn {
  std::size_t read_position = 0;  // in BatchConverter::columns()
  std::vector<int> children;
  std::unique_ptr<ColumnCast> cast;  // null: the file lacks the field, and every value is null
};

class TableConverter final : public BatchConverter {
 public:
  static Result<std::unique_ptr<BatchConverter>> make(const arrow::Schema& file, const BoundTable& table,
                                                      const std::string& path);

  const std::vector<int>& columns() const override { return columns_; }
  Result<ConvertedBatch> convert(const arrow::RecordBatch& batch, std::uint64_t first_row, std::string_view path,
                                 arrow::MemoryPool* pool) const override;

 private:
  Status bind(const arrow::Schema& file, const ColumnSpec& spec, const std::string& path);
  Result<ArrayDataPtr> cast_column(const BoundColumn& column, std::size_t position, const arrow::RecordBatch& batch,
                                   CsvFaults& faults, arrow::MemoryPool* pool) const;
  std::vector<Reject> make_rejects(const arrow::RecordBatch& batch, std::uint64_t first_row, std::string_view path,
                                   CsvFaults& faults) const;

  BoundTable table_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> columns_;
  std::vector<BoundColumn> bound_;
};

Status TableConverter::bind(const arrow::Schema& file, const ColumnSpec& spec, const std::string& path) {
  const std::string& name = spec.from.empty() ? spec.column.name : spec.from;
  const auto field = find_field(file.fields(), name);
  if (!field) {
    if (!table_.absent_is_null || !spec.column.nullable) return unknown_field(file, name, spec.column.name, path);
    bound_.emplace_back();
    return {};
  }
  const std::string& outer = file.field(field->field)->name();
  if (field->children.empty() && file.GetAllFieldIndices(outer).size() > 1) {
    return usage_error(fmt::format("has the field \"{}\" twice", outer), path,
                       "rename one of them where the file is written");
  }
  BoundColumn column;
  column.children = field->children;
  if (!spec.format.empty()) {
    const auto format = TimeFormat::compile(spec.format, spec.column.type);
    if (!format.ok())
      return usage_error(format.error().what, "column \"" + spec.column.name + "\"", format.error().hint);
  }
  column.cast = make_column_cast(*field->type, {spec.column, static_cast<std::uint32_t>(bound_.size()), spec.format});
  if (column.cast == nullptr) {
    return usage_error(fmt::format("field \"{}\" is {}, which cannot become column \"{}\" of type {}", name,
                                   field->type->ToString(), spec.column.name, spec.column.type.to_string()),
                       path, "declare another type; `string` takes everything");
  }
  columns_.push_back(field->field);
  column.read_position =
      static_cast<std::size_t>(field->field);  // in the file; made a position in columns_ when that is complete
  bound_.push_back(std::move(column));
  return {};
}

Result<std::unique_ptr<BatchConverter>> TableConverter::make(const arrow::Schema& file, const BoundTable& table,
                                                             const std::string& path) {
  auto converter = std::make_unique<TableConverter>();
  converter->table_ = table;
  Schema schema;
  for (const ColumnSpec& spec : table.columns) {
    TIPPLE_RETURN_IF_ERROR(converter->bind(file, spec, path));
    schema.push_back(spec.column);
  }
  auto& columns = converter->columns_;
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  for (BoundColumn& column : converter->bound_) {
    if (column.cast == nullptr) continue;
    const auto at = std::lower_bound(columns.begin(), columns.end(), static_cast<int>(column.read_position));
    column.read_position = static_cast<std::size_t>(at - columns.begin());
  }
  converter->schema_ = arrow_schema(schema);
  return std::unique_ptr<BatchConverter>(std::move(converter));
}

Result<ArrayDataPtr> TableConverter::cast_column(const BoundColumn& column, std::size_t position,
                                                 const arrow::RecordBatch& batch, CsvFaults& faults,
                                                 arrow::MemoryPool* pool) const {
  if (column.cast == nullptr) {
    auto nulls = arrow::MakeArrayOfNull(schema_->field(static_cast<int>(position))->type(), batch.num_rows(), pool);
    if (!nulls.ok()) return from_arrow(nulls.status());
    return (*nulls)->data();
  }
  std::shared_ptr<arrow::Array> array = batch.column(static_cast<int>(column.read_position));
  for (const int child : column.children) {  // null where the struct is
    auto flattened = static_cast<const arrow::StructArray&>(*array).GetFlattenedField(child, pool);
    if (!flattened.ok()) return from_arrow(flattened.status());
    array = std::move(flattened).ValueUnsafe();
  }
  return column.cast->cast(*array->data(), faults, pool);
}

std::vector<Reject> TableConverter::make_rejects(const arrow::RecordBatch& batch, std::uint64_t first_row,
                                                 std::string_view path, CsvFaults& faults) const {
  auto& found = faults.faults();
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  std::vector<Reject> rejects;
  rejects.reserve(found.size());
  for (CsvFaults::Fault& fault : found) {
    Reject reject;
    reject.path = path;
    reject.offset = first_row + fault.row;
    reject.line = first_row + fault.row;
    reject.column = table_.columns[fault.column].column.name;
    reject.rule = to_string(fault.rule);
    reject.reason = std::move(fault.reason);
    if (table_.keep_raw) {  // the row as it was read, as JSON
      for (int i = 0; i < batch.num_columns(); ++i) {
        reject.raw += i == 0 ? "{" : ",";
        append_json_text(batch.column_name(i), reject.raw);
        reject.raw += ':';
        append_value_json(*batch.column(i), fault.row, reject.raw);
      }
      reject.raw += '}';
    }
    rejects.push_back(std::move(reject));
  }
  return rejects;
}

// A copy of the rows of `runs`. The buffers of a cast may belong to others, too.
Result<ArrayDataPtr> copy_runs(const std::vector<CsvRowRun>& runs, const ArrayDataPtr& column,
                               arrow::MemoryPool* pool) {
  auto copy = arrow::Concatenate({arrow::MakeArray(column)}, pool);
  if (!copy.ok()) return from_arrow(copy.status());
  const ArrayDataPtr data = (*copy)->data();
  keep_runs(runs, *data);
  return data;
}

Result<ConvertedBatch> TableConverter::convert(const arrow::RecordBatch& batch, std::uint64_t first_row,
                                               std::string_view path, arrow::MemoryPool* pool) const {
  TIPPLE_CHECK(static_cast<std::size_t>(batch.num_columns()) == columns_.size(),
               "a batch of the columns that were asked for");
  const auto rows = static_cast<std::size_t>(batch.num_rows());
  CsvFaults faults(rows);
  std::vector<ArrayDataPtr> arrays;
  arrays.reserve(bound_.size());
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    TIPPLE_TRY(auto array, cast_column(bound_[i], i, batch, faults, pool));
    arrays.push_back(std::move(array));
  }
  ConvertedBatch result;
  result.rows_in = rows;
  const std::vector<CsvRowRun> runs = good_runs(faults);
  if (!faults.empty()) {
    for (ArrayDataPtr& array : arrays) {
      TIPPLE_TRY(array, copy_runs(runs, array, pool));
    }
  }
  const std::size_t good = rows - faults.faults().size();
  if (table_.origins) {
    result.origins.reserve(good);
    for (const CsvRowRun& run : runs) {
      for (std::size_t row = run.begin; row < run.end; ++row) result.origins.push_back(static_cast<std::uint32_t>(row));
    }
  }
  result.batch = arrow::RecordBatch::Make(schema_, static_cast<std::int64_t>(good), std::move(arrays));
  result.rejects = make_rejects(batch, first_row, path, faults);
  return result;
}

}  // namespace

Result<std::unique_ptr<BatchConverter>> BatchConverter::make(const arrow::Schema& file, const BoundTable& table,
                                                             const std::string& path) {
  return TableConverter::make(file, table, path);
}

}  // namespace tipple
