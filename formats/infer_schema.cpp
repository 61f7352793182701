#include "formats/infer_schema.h"

#include <algorithm>
#include <optional>

#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/batch_source.h"
#include "formats/csv_utf8.h"

namespace tipple {
namespace {

constexpr std::size_t kNameBytesMax = 240;  // of 255: room for a number and for ".length"

DataType type_of(TypeKind kind) {
  DataType type;
  type.kind = kind;
  return type;
}

// The column type that holds every value of an Arrow type; text for those that only their text can hold.
DataType type_from_arrow(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return type_of(TypeKind::kInt8);
    case arrow::Type::INT16:
      return type_of(TypeKind::kInt16);
    case arrow::Type::INT32:
      return type_of(TypeKind::kInt32);
    case arrow::Type::INT64:
      return type_of(TypeKind::kInt64);
    case arrow::Type::UINT8:
      return type_of(TypeKind::kUint8);
    case arrow::Type::UINT16:
      return type_of(TypeKind::kUint16);
    case arrow::Type::UINT32:
      return type_of(TypeKind::kUint32);
    case arrow::Type::UINT64:
      return type_of(TypeKind::kUint64);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return type_of(TypeKind::kFloat32);
    case arrow::Type::DOUBLE:
      return type_of(TypeKind::kFloat64);
    case arrow::Type::BOOL:
      return type_of(TypeKind::kBool);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return type_of(TypeKind::kDate);
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return type_of(TypeKind::kTime);
    case arrow::Type::TIMESTAMP: {
      DataType timestamp = type_of(TypeKind::kTimestamp);
      timestamp.zoned = !static_cast<const arrow::TimestampType&>(type).timezone().empty();
      return timestamp;
    }
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.precision() > 38 || decimal.scale() < 0 || decimal.scale() > decimal.precision())
        return type_of(TypeKind::kFloat64);
      DataType out = type_of(TypeKind::kDecimal);
      out.precision = static_cast<std::uint8_t>(decimal.precision());
      out.scale = static_cast<std::uint8_t>(decimal.scale());
      return out;
    }
    case arrow::Type::DICTIONARY:
      return type_from_arrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return type_of(TypeKind::kString);
  }
}

bool is_taken(const std::string& name, const std::vector<std::string>& taken) {
  for (const std::string_view suffix : {"", ".valid", ".length"}) {
    if (std::find(taken.begin(), taken.end(), name + std::string(suffix)) != taken.end()) return true;
    if (!suffix.empty() && name.ends_with(suffix) &&
        std::find(taken.begin(), taken.end(), name.substr(0, name.size() - suffix.size())) != taken.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string column_name(std::string_view field, std::vector<std::string>& taken) {
  std::string name;
  for (const char c : field) {
    if (c == '"') continue;  // a JSON path's
    const bool kept = c != '/' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
    name += kept ? c : '_';
  }
  if (name.starts_with('$')) name[0] = '_';
  while (name.size() > kNameBytesMax || !is_valid_utf8(name)) name.pop_back();
  if (name.empty() || name == "." || name == "..") name = "column";
  const std::string base = name;
  for (int number = 2; is_taken(name, taken); ++number) name = fmt::format("{}_{}", base, number);
  taken.push_back(name);
  return name;
}

InferredColumn column_of(const InferredField& field, std::uint64_t nulls, const std::vector<std::string>& texts) {
  InferredColumn column = field.facts.finish(nulls, texts);
  if (field.mixed) column = {type_of(TypeKind::kString), true, {}, {}};
  column.nullable = column.nullable || field.absent;
  return column;
}

std::vector<ColumnSpec> columns_of(const std::vector<InferredField>& fields) {
  std::vector<ColumnSpec> columns;
  std::vector<std::string> taken;
  for (const InferredField& field : fields) {
    const InferredColumn inferred = column_of(field);
    ColumnSpec& spec = columns.emplace_back();
    spec.column = {column_name(field.from, taken), inferred.type, inferred.nullable};
    spec.from = field.from;
    spec.format = inferred.format;
  }
  return columns;
}

std::vector<InferredField> join_fields(std::vector<InferredField> fields, const std::vector<InferredField>& more) {
  const auto find = [](std::vector<InferredField>& among, const std::string& name) {
    return std::find_if(among.begin(), among.end(), [&](const InferredField& field) { return field.from == name; });
  };
  std::vector<InferredField> all = more;
  for (InferredField& field : fields) {
    if (find(all, field.from) == all.end()) field.absent = true;
  }
  for (const InferredField& field : more) {
    const auto mine = find(fields, field.from);
    if (mine == fields.end()) {
      fields.push_back(field);
      fields.back().absent = true;
      continue;
    }
    mine->facts.merge(field.facts);
    mine->absent = mine->absent || field.absent;
    mine->mixed = mine->mixed || field.mixed;
  }
  return fields;
}

Result<std::vector<ColumnSpec>> infer_batch_columns(const SourceSpec& source, std::span<const std::string> paths,
                                                    const std::vector<ColumnSpec>& read) {
  std::vector<ColumnSpec> columns;
  for (const std::string& path : paths) {
    TIPPLE_TRY(const std::unique_ptr<BatchSource> file, open_batch_source(path, source));
    std::vector<ColumnSpec> mine;
    std::vector<std::string> taken;
    const std::shared_ptr<arrow::Schema> schema = file->schema();
    for (const auto& field : unread_fields(*schema, read)) {
      ColumnSpec& spec = mine.emplace_back();
      spec.column = {column_name(field->name(), taken), type_from_arrow(*field->type()), field->nullable()};
      spec.from = field->name();
    }
    if (columns.empty()) columns = std::move(mine);
    for (std::size_t k = 0; k < mine.size(); ++k) {
      const auto same = std::find_if(columns.begin(), columns.end(),
                                     [&](const ColumnSpec& spec) { return spec.from == mine[k].from; });
      if (same == columns.end() || same->column.type != mine[k].column.type || columns.size() != mine.size()) {
        return usage_error(fmt::format("the columns of the files differ, first in \"{}\"", mine[k].from), path,
                           "name the columns under the table's `columns`");
      }
      same->column.nullable = same->column.nullable || mine[k].column.nullable;
    }
  }
  return columns;
}

}  // namespace tipple
