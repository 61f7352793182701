// BatchConverter (formats/batch_source.h): which fields a table reads, the cast of each, and the good rows of a batch.
#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "formats/batch_convert.h"
#include "formats/batch_rescue.h"
#include "formats/batch_source.h"
#include "formats/csv_compact.h"
#include "formats/time_format.h"
#include "jobs/job_file.h"
#include "jobs/rescued_column.h"

namespace tipple {
namespace {

constexpr std::size_t kNamesListedMax = 4096;
constexpr std::size_t kNamesShownMax = 20;

struct FoundField {
  BatchFieldPath path;
  std::shared_ptr<arrow::DataType> type;
};

// A name that has dots itself comes before one that is taken apart.
std::optional<FoundField> find_field(const arrow::FieldVector& fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->name() == name) return FoundField{{static_cast<int>(i), {}}, fields[i]->type()};
  }
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i]->name() != name.substr(0, dot) || fields[i]->type()->id() != arrow::Type::STRUCT) continue;
      if (auto inner = find_field(fields[i]->type()->fields(), name.substr(dot + 1))) {
        FoundField found{{static_cast<int>(i), {inner->path.field}}, inner->type};
        found.path.children.insert(found.path.children.end(), inner->path.children.begin(), inner->path.children.end());
        return found;
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

// What each column reads; nothing: not from the file, or no field of it.
std::vector<std::optional<BatchFieldPath>> find_paths(const arrow::Schema& file,
                                                      const std::vector<ColumnSpec>& columns) {
  std::vector<std::optional<BatchFieldPath>> paths;
  for (const ColumnSpec& spec : columns) {
    const auto found = is_rescued_column(spec) ? std::nullopt : find_field(file.fields(), spec.field());
    paths.push_back(found ? std::optional(found->path) : std::nullopt);
  }
  return paths;
}

struct BoundColumn {
  int field = 0;
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
  Status bind_rescue(const arrow::Schema& file, const std::string& path);
  void choose_columns();
  Result<std::vector<ArrayDataPtr>> cast_columns(const arrow::RecordBatch& batch, CsvFaults& faults,
                                                 arrow::MemoryPool* pool) const;
  Result<ArrayDataPtr> cast_column(const BoundColumn& column, std::size_t position, const arrow::RecordBatch& batch,
                                   CsvFaults& faults, arrow::MemoryPool* pool) const;
  std::vector<Reject> make_rejects(const arrow::RecordBatch& batch, std::uint64_t first_row, std::string_view path,
                                   CsvFaults& faults) const;

  BoundTable table_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> columns_;
  std::vector<BoundColumn> bound_;
  std::optional<BatchRescue> rescue_;
};

Status TableConverter::bind(const arrow::Schema& file, const ColumnSpec& spec, const std::string& path) {
  if (is_rescued_column(spec)) {
    bound_.emplace_back();
    return {};
  }
  const std::string& name = spec.field();
  const auto field = find_field(file.fields(), name);
  if (!field) {
    if (!table_.absent_is_null || !spec.column.nullable) return unknown_field(file, name, spec.column.name, path);
    bound_.emplace_back();
    return {};
  }
  const std::string& outer = file.field(field->path.field)->name();
  if (field->path.children.empty() && file.GetAllFieldIndices(outer).size() > 1) {
    return usage_error(fmt::format("has the field \"{}\" twice", outer), path,
                       "rename one of them where the file is written");
  }
  BoundColumn column;
  column.field = field->path.field;
  column.children = field->path.children;
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
  columns_.push_back(column.field);
  bound_.push_back(std::move(column));
  return {};
}

Status TableConverter::bind_rescue(const arrow::Schema& file, const std::string& path) {
  const auto position = rescued_position(table_.columns);
  if (!position) return {};
  rescue_.emplace();
  rescue_->column = static_cast<std::uint32_t>(*position);
  rescue_->fields = BatchRescue::plan_fields(file, table_.columns, find_paths(file, table_.columns));
  for (const BatchRescue::Field& field : rescue_->fields) columns_.push_back(field.path.field);
  return rescue_->check(path);
}

// Each field is read once, and in the file's order.
void TableConverter::choose_columns() {
  std::sort(columns_.begin(), columns_.end());
  columns_.erase(std::unique(columns_.begin(), columns_.end()), columns_.end());
  const auto position_of = [this](int field) {
    return static_cast<std::size_t>(std::lower_bound(columns_.begin(), columns_.end(), field) - columns_.begin());
  };
  for (BoundColumn& column : bound_) column.read_position = position_of(column.field);
  if (!rescue_) return;
  for (BatchRescue::Field& field : rescue_->fields) field.read_position = position_of(field.path.field);
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
  TIPPLE_RETURN_IF_ERROR(converter->bind_rescue(file, path));
  converter->choose_columns();
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
  TIPPLE_TRY(const auto array, values_at(batch, column.read_position, column.children, pool));
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

// The buffers of a cast may belong to others, too.
Result<ArrayDataPtr> copy_of(const ArrayDataPtr& column, arrow::MemoryPool* pool) {
  auto copy = arrow::Concatenate({arrow::MakeArray(column)}, pool);
  if (!copy.ok()) return from_arrow(copy.status());
  return (*copy)->data();
}

Result<std::vector<ArrayDataPtr>> TableConverter::cast_columns(const arrow::RecordBatch& batch, CsvFaults& faults,
                                                               arrow::MemoryPool* pool) const {
  std::vector<ArrayDataPtr> arrays(bound_.size());
  UnfitRows unfit(bound_.size());
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    if (!rescue_) {
      TIPPLE_TRY(arrays[i], cast_column(bound_[i], i, batch, faults, pool));
      continue;
    }
    if (i == rescue_->column) continue;
    CsvFaults own(faults.rows());
    TIPPLE_TRY(arrays[i], cast_column(bound_[i], i, batch, own, pool));
    if (own.empty()) continue;
    TIPPLE_TRY(arrays[i], copy_of(arrays[i], pool));
    TIPPLE_RETURN_IF_ERROR(set_unfit_aside(table_.columns[i].column, own, faults, unfit[i], *arrays[i], pool));
  }
  if (rescue_) {
    TIPPLE_TRY(arrays[rescue_->column], rescue_->objects(batch, unfit, faults, pool));
  }
  return arrays;
}

Result<ConvertedBatch> TableConverter::convert(const arrow::RecordBatch& batch, std::uint64_t first_row,
                                               std::string_view path, arrow::MemoryPool* pool) const {
  TIPPLE_CHECK(static_cast<std::size_t>(batch.num_columns()) == columns_.size(),
               "a batch of the columns that were asked for");
  const auto rows = static_cast<std::size_t>(batch.num_rows());
  CsvFaults faults(rows);
  TIPPLE_TRY(std::vector<ArrayDataPtr> arrays, cast_columns(batch, faults, pool));
  ConvertedBatch result;
  result.rows_in = rows;
  const std::vector<CsvRowRun> runs = good_runs(faults);
  if (!faults.empty()) {
    for (ArrayDataPtr& array : arrays) {
      TIPPLE_TRY(array, copy_of(array, pool));
      keep_runs(runs, *array);
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

arrow::FieldVector unread_fields(const arrow::Schema& file, const std::vector<ColumnSpec>& columns) {
  arrow::FieldVector unread;
  for (const BatchRescue::Field& field : BatchRescue::plan_fields(file, columns, find_paths(file, columns))) {
    if (!field.columns.empty()) continue;
    const bool nullable = !field.path.children.empty() || file.field(field.path.field)->nullable();
    unread.push_back(arrow::field(field.name, field.type, nullable));
  }
  return unread;
}

Result<std::unique_ptr<BatchConverter>> BatchConverter::make(const arrow::Schema& file, const BoundTable& table,
                                                             const std::string& path) {
  return TableConverter::make(file, table, path);
}

}  // namespace tipple
