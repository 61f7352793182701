#include "formats/parquet_part_types.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/decimal.h>
#include <parquet/schema.h>

#include <limits>
#include <map>
#include <string_view>

#include "formats/arrow_types.h"

namespace tipple {
namespace {

using parquet::LogicalType;
using parquet::Type;

constexpr std::uint8_t kUint64Precision = 20;

struct StoredType {
  Type::type physical = Type::BYTE_ARRAY;
  std::shared_ptr<const LogicalType> logical = LogicalType::None();
  int bytes = -1;  // of FIXED_LEN_BYTE_ARRAY
};

StoredType decimal_type(std::uint8_t precision, std::uint8_t scale) {
  StoredType stored{Type::FIXED_LEN_BYTE_ARRAY, LogicalType::Decimal(precision, scale), -1};
  if (precision <= kParquetInt32Precision) {
    stored.physical = Type::INT32;
  } else if (precision <= kParquetInt64Precision) {
    stored.physical = Type::INT64;
  } else {
    stored.bytes = arrow::DecimalType::DecimalSize(precision);
  }
  return stored;
}

StoredType stored_type(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kInt8:
      return {Type::INT32, LogicalType::Int(8, true)};
    case TypeKind::kInt16:
    case TypeKind::kUint8:
      return {Type::INT32, LogicalType::Int(16, true)};
    case TypeKind::kInt32:
    case TypeKind::kUint16:
      return {Type::INT32};
    case TypeKind::kInt64:
    case TypeKind::kUint32:
    case TypeKind::kTime:
      return {Type::INT64};
    case TypeKind::kUint64:
      return decimal_type(kUint64Precision, 0);
    case TypeKind::kFloat32:
      return {Type::FLOAT};
    case TypeKind::kFloat64:
      return {Type::DOUBLE};
    case TypeKind::kDecimal:
      return decimal_type(type.precision, type.scale);
    case TypeKind::kBool:
      return {Type::BOOLEAN};
    case TypeKind::kDate:
      return {Type::INT32, LogicalType::Date()};
    case TypeKind::kTimestamp:
      return {Type::INT64, LogicalType::Timestamp(type.zoned, LogicalType::TimeUnit::MICROS)};
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      return {Type::BYTE_ARRAY, LogicalType::String()};
  }
  TIPPLE_CHECK(false, "unknown type kind");
}

// The same bytes under another type of the same width.
std::shared_ptr<arrow::Array> viewed(const arrow::Array& array, const std::shared_ptr<arrow::DataType>& type) {
  auto data = array.data()->Copy();
  data->type = type;
  data->dictionary = nullptr;
  return arrow::MakeArray(data);
}

// A new array whose element i is value(i), under the validity of `array`.
template <typename To, typename ValueOf>
Result<std::shared_ptr<arrow::Array>> mapped(const arrow::Array& array, const std::shared_ptr<arrow::DataType>& type,
                                             ValueOf value) {
  auto values = arrow::AllocateBuffer(array.length() * static_cast<std::int64_t>(sizeof(To)));
  if (!values.ok()) return from_arrow(values.status());
  auto* out = reinterpret_cast<To*>((*values)->mutable_data());
  for (std::int64_t i = 0; i < array.length(); ++i) out[i] = value(i);
  std::shared_ptr<arrow::Buffer> validity;
  if (array.null_count() > 0) {
    auto bits = arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(), array.offset(),
                                            array.length());
    if (!bits.ok()) return from_arrow(bits.status());
    validity = *bits;
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      type, array.length(), {std::move(validity), std::shared_ptr<arrow::Buffer>(std::move(*values))},
      array.null_count()));
}

Error other_type(const arrow::Array& stored, const DataType& type) {
  return environment_error("holds " + stored.type()->ToString() + ", its schema says " + type.to_string());
}

Error outside(const DataType& type) { return environment_error("is damaged: a value is no " + type.to_string()); }

// From the next wider type; checks that each value fits.
template <typename FromArray, typename To>
Result<std::shared_ptr<arrow::Array>> narrowed(const arrow::Array& stored, const DataType& type) {
  using From = typename FromArray::value_type;
  const auto& values = static_cast<const FromArray&>(stored);
  bool fits = true;
  auto array = mapped<To>(stored, arrow_type(type), [&](std::int64_t i) {
    const From value = values.Value(i);
    fits &= stored.IsNull(i) || (value >= 0 && static_cast<std::uint64_t>(value) <= std::numeric_limits<To>::max());
    return static_cast<To>(value);
  });
  if (array.ok() && !fits) return outside(type);
  return array;
}

Result<std::shared_ptr<arrow::Array>> to_uint64(const arrow::Array& stored, const DataType& type) {
  const auto& values = static_cast<const arrow::Decimal128Array&>(stored);
  bool fits = true;
  auto array = mapped<std::uint64_t>(stored, arrow::uint64(), [&](std::int64_t i) {
    const arrow::Decimal128 value(values.GetValue(i));
    fits &= stored.IsNull(i) || value.high_bits() == 0;
    return value.low_bits();
  });
  if (array.ok() && !fits) return outside(type);
  return array;
}

Result<std::shared_ptr<arrow::Array>> to_positions(const arrow::Array& stored, const DataType& type) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(stored);
  if (encoded.dictionary()->type_id() != arrow::Type::STRING || encoded.indices()->type_id() != arrow::Type::INT32)
    return other_type(stored, type);
  const auto& found = static_cast<const arrow::StringArray&>(*encoded.dictionary());
  const auto& indices = static_cast<const arrow::Int32Array&>(*encoded.indices());
  std::map<std::string_view, std::uint16_t> labels;
  for (std::size_t i = 0; i < type.labels.size(); ++i) labels.emplace(type.labels[i], static_cast<std::uint16_t>(i));
  std::vector<std::uint16_t> positions;
  for (std::int64_t i = 0; i < found.length(); ++i) {
    const auto label = labels.find(found.GetView(i));
    if (label == labels.end()) return outside(type);
    positions.push_back(label->second);
  }
  bool fits = true;
  auto array = mapped<std::uint16_t>(stored, arrow::uint16(), [&](std::int64_t i) -> std::uint16_t {
    if (stored.IsNull(i)) return 0;
    const auto index = static_cast<std::size_t>(indices.Value(i));
    fits &= index < positions.size();
    return index < positions.size() ? positions[index] : std::uint16_t{0};
  });
  if (array.ok() && !fits) return outside(type);
  return array;
}

}  // namespace

std::shared_ptr<parquet::schema::GroupNode> parquet_schema(const Schema& schema) {
  parquet::schema::NodeVector fields;
  for (const Column& column : schema) {
    const StoredType stored = stored_type(column.type);
    const auto repetition = column.nullable ? parquet::Repetition::OPTIONAL : parquet::Repetition::REQUIRED;
    fields.push_back(
        parquet::schema::PrimitiveNode::Make(column.name, repetition, stored.logical, stored.physical, stored.bytes));
  }
  auto root = parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED, fields);
  return std::static_pointer_cast<parquet::schema::GroupNode>(root);
}

Result<std::shared_ptr<arrow::Array>> from_parquet(const std::shared_ptr<arrow::Array>& stored, const DataType& type) {
  const auto is = [&](arrow::Type::type id) { return stored->type_id() == id; };
  switch (type.kind) {
    case TypeKind::kUint8:
      if (!is(arrow::Type::INT16)) return other_type(*stored, type);
      return narrowed<arrow::Int16Array, std::uint8_t>(*stored, type);
    case TypeKind::kUint16:
      if (!is(arrow::Type::INT32)) return other_type(*stored, type);
      return narrowed<arrow::Int32Array, std::uint16_t>(*stored, type);
    case TypeKind::kUint32:
      if (!is(arrow::Type::INT64)) return other_type(*stored, type);
      return narrowed<arrow::Int64Array, std::uint32_t>(*stored, type);
    case TypeKind::kUint64:
      if (!is(arrow::Type::DECIMAL128)) return other_type(*stored, type);
      return to_uint64(*stored, type);
    case TypeKind::kTime:
      if (!is(arrow::Type::INT64)) return other_type(*stored, type);
      return viewed(*stored, arrow_type(type));
    case TypeKind::kEnum:
      if (!is(arrow::Type::DICTIONARY)) return other_type(*stored, type);
      return to_positions(*stored, type);
    default:
      if (!stored->type()->Equals(*arrow_type(type))) return other_type(*stored, type);
      return stored;
  }
}

}  // namespace tipple
