#include "warehouse/schema_evolution.h"

#include <algorithm>
#include <map>
#include <string>

#include "formats/hdf5_view_cast.h"

namespace tipple {
namespace {

constexpr int kDecimalPrecisionMax = 38;
constexpr int kFloat32ExactBits = 24;
constexpr int kFloat64ExactBits = 53;

// Integers: values in [0, 2^bits), and their negatives if `is_signed`.
struct IntegerRange {
  bool is_signed = false;
  int bits = 0;  // without the sign
};

std::optional<IntegerRange> integer_range(TypeKind kind) {
  switch (kind) {
    case TypeKind::kInt8:
      return IntegerRange{true, 7};
    case TypeKind::kInt16:
      return IntegerRange{true, 15};
    case TypeKind::kInt32:
      return IntegerRange{true, 31};
    case TypeKind::kInt64:
      return IntegerRange{true, 63};
    case TypeKind::kUint8:
      return IntegerRange{false, 8};
    case TypeKind::kUint16:
      return IntegerRange{false, 16};
    case TypeKind::kUint32:
      return IntegerRange{false, 32};
    case TypeKind::kUint64:
      return IntegerRange{false, 64};
    default:
      return std::nullopt;
  }
}

DataType plain(TypeKind kind) {
  DataType type;
  type.kind = kind;
  return type;
}

std::optional<DataType> decimal(int digits_before, int scale) {
  if (digits_before + scale > kDecimalPrecisionMax) return std::nullopt;
  DataType type = plain(TypeKind::kDecimal);
  type.precision = static_cast<std::uint8_t>(std::max(digits_before + scale, 1));
  type.scale = static_cast<std::uint8_t>(scale);
  return type;
}

// Digits of 2^bits - 1.
int digits_of(const IntegerRange& range) { return range.bits * 30103 / 100000 + 1; }

std::optional<DataType> widen_integers(const IntegerRange& a, const IntegerRange& b) {
  const bool is_signed = a.is_signed || b.is_signed;
  const int bits = std::max(a.bits, b.bits);
  for (const TypeKind kind : {TypeKind::kUint8, TypeKind::kUint16, TypeKind::kUint32, TypeKind::kUint64,
                              TypeKind::kInt8, TypeKind::kInt16, TypeKind::kInt32, TypeKind::kInt64}) {
    const IntegerRange range = *integer_range(kind);
    if (range.is_signed == is_signed && range.bits >= bits) return plain(kind);
  }
  return decimal(std::max(digits_of(a), digits_of(b)), 0);
}

std::optional<DataType> widen_number(const DataType& number, const IntegerRange& integer) {
  if (number.kind == TypeKind::kDecimal) {
    return decimal(std::max(number.precision - number.scale, digits_of(integer)), number.scale);
  }
  if (number.kind == TypeKind::kFloat32 && integer.bits <= kFloat32ExactBits) return number;
  const bool is_float = number.kind == TypeKind::kFloat32 || number.kind == TypeKind::kFloat64;
  if (is_float && integer.bits <= kFloat64ExactBits) return plain(TypeKind::kFloat64);
  return std::nullopt;
}

bool is_text(const DataType& type) {
  return type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString || type.kind == TypeKind::kEnum;
}

DataType widen_texts(const DataType& table, const DataType& load) {
  if (table.kind == TypeKind::kFixedString && load.kind == TypeKind::kFixedString) {
    return table.width >= load.width ? table : load;
  }
  if (table.kind != TypeKind::kEnum || load.kind != TypeKind::kEnum) return plain(TypeKind::kString);
  DataType both = table;
  for (const std::string& label : load.labels) {
    if (std::find(table.labels.begin(), table.labels.end(), label) == table.labels.end()) both.labels.push_back(label);
  }
  return both.labels.size() <= 65'535 ? both : plain(TypeKind::kString);
}

const Column* find(const Schema& schema, const std::string& name) {
  const auto found =
      std::find_if(schema.begin(), schema.end(), [&](const Column& column) { return column.name == name; });
  return found == schema.end() ? nullptr : &*found;
}

}  // namespace

std::optional<DataType> widen_type(const DataType& table, const DataType& load) {
  if (table == load) return table;
  if (is_text(table) && is_text(load)) return widen_texts(table, load);
  const auto a = integer_range(table.kind);
  const auto b = integer_range(load.kind);
  if (a && b) return widen_integers(*a, *b);
  if (a) return widen_number(load, *a);
  if (b) return widen_number(table, *b);
  const auto is_float = [](const DataType& type) {
    return type.kind == TypeKind::kFloat32 || type.kind == TypeKind::kFloat64;
  };
  if (is_float(table) && is_float(load)) return plain(TypeKind::kFloat64);
  if (table.kind == TypeKind::kDecimal && load.kind == TypeKind::kDecimal) {
    return decimal(std::max(table.precision - table.scale, load.precision - load.scale),
                   std::max(table.scale, load.scale));
  }
  return std::nullopt;
}

Result<Schema> widen_schema(const Schema& table, const Schema& load) {
  Schema wide;
  for (const Column& column : table) {
    const Column* const other = find(load, column.name);
    Column wider = column;
    wider.nullable = column.nullable || other == nullptr || other->nullable;
    if (other != nullptr) {
      const auto type = widen_type(column.type, other->type);
      if (!type) {
        return usage_error("column " + column.name + " is " + column.type.to_string() + " in the table and " +
                               other->type.to_string() + " in the load: no type holds all values of both",
                           {}, "declare the column with the table's type, or replace the table");
      }
      wider.type = *type;
    }
    wide.push_back(std::move(wider));
  }
  for (const Column& column : load) {
    if (find(table, column.name) == nullptr) wide.push_back({column.name, column.type, true});
  }
  return wide;
}

Status check_shown_as(const Schema& part, const Schema& wider, PartFormat format) {
  if (format == PartFormat::kParquet) return {};
  for (const Column& column : wider) {
    const Column* const own = find(part, column.name);
    if (own == nullptr || hdf5_shows_as(own->type, column.type)) continue;
    return usage_error(
        "column " + column.name + " would widen from " + own->type.to_string() + " to " + column.type.to_string() +
            ", which the one-file view of HDF5 parts cannot show",
        {}, "declare the column with the table's type, replace the table, or keep the table in `format: parquet`");
  }
  return {};
}

std::vector<ColumnStats> widen_stats(const std::vector<ColumnStats>& columns, const Schema& part, const Schema& wider,
                                     std::uint64_t rows) {
  if (columns.empty() || part == wider) return columns;
  TIPPLE_CHECK(columns.size() == part.size(), "statistics of each column or of none");
  std::vector<ColumnStats> wide;
  for (const Column& column : wider) {
    const Column* const own = find(part, column.name);
    ColumnStats absent;
    absent.null_count = rows;
    wide.push_back(own == nullptr ? absent : columns[static_cast<std::size_t>(own - part.data())]);
  }
  return wide;
}

}  // namespace tipple
