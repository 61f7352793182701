#include "formats/batch_rescue.h"

#include <algorithm>
#include <set>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/data.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "formats/batch_convert.h"

namespace tipple {
namespace {

// Null may stand in the array, or be what an entry of its dictionary says.
bool is_value(const arrow::Array& array, std::int64_t row) {
  if (array.type_id() == arrow::Type::NA || array.IsNull(row)) return false;
  if (array.type_id() == arrow::Type::EXTENSION)
    return is_value(*static_cast<const arrow::ExtensionArray&>(array).storage(), row);
  if (array.type_id() != arrow::Type::DICTIONARY) return true;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  return is_value(*encoded.dictionary(), encoded.GetValueIndex(row));
}

// As the casts of columns do: a damaged file may point anywhere.
Status check_entries(const arrow::Array& array, const std::string& name) {
  if (array.type_id() != arrow::Type::DICTIONARY) return {};
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const std::int64_t entry = encoded.GetValueIndex(row);
    if (entry >= 0 && entry < encoded.dictionary()->length()) continue;
    return environment_error(fmt::format("is damaged: field \"{}\" has a value that its dictionary lacks", name));
  }
  return {};
}

class Planner {
 public:
  Planner(const std::vector<ColumnSpec>& columns, const std::vector<std::optional<BatchFieldPath>>& paths)
      : columns_(columns), paths_(paths) {}

  // `covered`: a column reads a struct around the field as a whole.
  void add(const arrow::Field& field, const BatchFieldPath& path, const std::string& name, bool covered) {
    bool below = false;
    bool read = false;
    std::vector<std::uint32_t> nullable;
    for (std::uint32_t i = 0; i < columns_.size(); ++i) {
      if (!paths_[i] || !leads_to(path, *paths_[i])) continue;
      if (paths_[i]->children.size() > path.children.size()) {
        below = true;
        continue;
      }
      read = true;
      if (columns_[i].column.nullable) nullable.push_back(i);
    }
    const bool whole = !read && !below && !covered;
    if (whole || !nullable.empty())
      fields_.push_back({path, name, rescued_key(name), field.type(), std::move(nullable), 0});
    if (!below) return;
    for (int child = 0; child < field.type()->num_fields(); ++child) {
      BatchFieldPath inner = path;
      inner.children.push_back(child);
      const arrow::Field& member = *field.type()->field(child);
      add(member, inner, name + "." + member.name(), covered || read);
    }
  }
  [[nodiscard]] std::vector<BatchRescue::Field> fields() && { return std::move(fields_); }

 private:
  static bool leads_to(const BatchFieldPath& outer, const BatchFieldPath& path) {
    return outer.field == path.field && outer.children.size() <= path.children.size() &&
           std::equal(outer.children.begin(), outer.children.end(), path.children.begin());
  }

  const std::vector<ColumnSpec>& columns_;
  const std::vector<std::optional<BatchFieldPath>>& paths_;
  std::vector<BatchRescue::Field> fields_;
};

}  // namespace

Result<std::shared_ptr<arrow::Array>> values_at(const arrow::RecordBatch& batch, std::size_t position,
                                                const std::vector<int>& children, arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Array> array = batch.column(static_cast<int>(position));
  for (const int child : children) {
    auto flattened = static_cast<const arrow::StructArray&>(*array).GetFlattenedField(child, pool);
    if (!flattened.ok()) return from_arrow(flattened.status());
    array = std::move(flattened).ValueUnsafe();
  }
  return array;
}

std::vector<BatchRescue::Field> BatchRescue::plan_fields(const arrow::Schema& file,
                                                         const std::vector<ColumnSpec>& columns,
                                                         const std::vector<std::optional<BatchFieldPath>>& paths) {
  Planner planner(columns, paths);
  for (int i = 0; i < file.num_fields(); ++i) planner.add(*file.field(i), {i, {}}, file.field(i)->name(), false);
  return std::move(planner).fields();
}

Status BatchRescue::check(const std::string& path) const {
  std::set<std::string_view> names;
  for (const Field& field : fields) {
    if (!names.insert(field.name).second) {
      return usage_error(
          fmt::format("has the field \"{}\" twice, and an object of rescued fields has a name once", field.name), path,
          "rename one of them where the file is written");
    }
    if (make_column_cast(*field.type, {}) != nullptr) continue;
    return usage_error(fmt::format("field \"{}\" is {}, which has no text, so that it cannot be rescued", field.name,
                                   field.type->ToString()),
                       path, "say 'schema: declared' to leave such fields out");
  }
  return {};
}

Result<std::shared_ptr<arrow::ArrayData>> BatchRescue::objects(const arrow::RecordBatch& batch, const UnfitRows& unfit,
                                                               CsvFaults& faults, arrow::MemoryPool* pool) const {
  struct BatchField {
    const Field* plan;
    std::shared_ptr<arrow::Array> values;
    std::vector<bool> rows;  // where it does not fit; of no meaning if no column reads it
  };
  const auto rows = static_cast<std::size_t>(batch.num_rows());
  std::vector<BatchField> wanted;
  for (const Field& field : fields) {
    std::vector<bool> marked(field.columns.empty() ? 0 : rows);
    bool any = field.columns.empty();
    for (const std::uint32_t read : field.columns) {
      for (const std::uint32_t row : unfit[read]) any = marked[row] = true;
    }
    if (!any) continue;
    TIPPLE_TRY(auto values, values_at(batch, field.read_position, field.path.children, pool));
    TIPPLE_RETURN_IF_ERROR(check_entries(*values, field.name));
    wanted.push_back({&field, std::move(values), std::move(marked)});
  }
  RescueBuilder builder;
  std::string text;
  for (std::size_t row = 0; row < rows && !wanted.empty(); ++row) {
    if (faults.is_bad(row)) continue;
    for (const BatchField& field : wanted) {
      const auto at = static_cast<std::int64_t>(row);
      if (!(field.plan->columns.empty() ? is_value(*field.values, at) : field.rows[row])) continue;
      text.clear();
      append_value_text(*field.values, at, text);
      append_rescued_text(text, builder.add(row, field.plan->key));
    }
  }
  return builder.finish(rows, column, faults, pool);
}

}  // namespace tipple
