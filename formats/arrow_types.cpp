#include "formats/arrow_types.h"

#include <arrow/status.h>
#include <arrow/type.h>

namespace tipple {

std::shared_ptr<arrow::DataType> arrow_type(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return arrow::int8();
    case TypeKind::kInt16:
      return arrow::int16();
    case TypeKind::kInt32:
      return arrow::int32();
    case TypeKind::kInt64:
      return arrow::int64();
    case TypeKind::kUint8:
      return arrow::uint8();
    case TypeKind::kUint16:
      return arrow::uint16();
    case TypeKind::kUint32:
      return arrow::uint32();
    case TypeKind::kUint64:
      return arrow::uint64();
    case TypeKind::kFloat32:
      return arrow::float32();
    case TypeKind::kFloat64:
      return arrow::float64();
    case TypeKind::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
    case TypeKind::kBool:
      return arrow::boolean();
    case TypeKind::kDate:
      return arrow::date32();
    case TypeKind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestamp:
      return type.zoned ? arrow::timestamp(arrow::TimeUnit::MICRO, "UTC") : arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::kString:
    case TypeKind::kFixedString:
      return arrow::utf8();
    case TypeKind::kEnum:
      return arrow::uint16();
  }
  TIPPLE_CHECK(false, "unknown type kind");
}

std::shared_ptr<arrow::Schema> arrow_schema(const Schema& schema) {
  arrow::FieldVector fields;
  fields.reserve(schema.size());
  for (const Column& column : schema)
    fields.push_back(arrow::field(column.name, arrow_type(column.type), column.nullable));
  return arrow::schema(std::move(fields));
}

Error from_arrow(const arrow::Status& status, std::string where) {
  TIPPLE_CHECK(!status.ok(), "a good status is no error");
  if (status.IsOutOfMemory()) {
    return environment_error("out of memory: " + status.message(), std::move(where),
                             "give the load more memory (--memory)");
  }
  return environment_error(status.CodeAsString() + ": " + status.message(), std::move(where));
}

}  // namespace tipple
