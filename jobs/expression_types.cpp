#include "jobs/expression_types.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

namespace tipple {
namespace {

struct IntegerTraits {
  bool is_signed;
  int bits;
  int digits;  // of the decimal that holds every value
};

std::optional<IntegerTraits> integer_traits(TypeKind kind) {
  switch (kind) {
    case TypeKind::kInt8:
      return IntegerTraits{true, 8, 3};
    case TypeKind::kInt16:
      return IntegerTraits{true, 16, 5};
    case TypeKind::kInt32:
      return IntegerTraits{true, 32, 10};
    case TypeKind::kInt64:
      return IntegerTraits{true, 64, 19};
    case TypeKind::kUint8:
      return IntegerTraits{false, 8, 3};
    case TypeKind::kUint16:
      return IntegerTraits{false, 16, 5};
    case TypeKind::kUint32:
      return IntegerTraits{false, 32, 10};
    case TypeKind::kUint64:
      return IntegerTraits{false, 64, 20};
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
    case TypeKind::kDecimal:
    case TypeKind::kBool:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kString:
    case TypeKind::kFixedString:
    case TypeKind::kEnum:
      break;
  }
  return std::nullopt;
}

TypeKind signed_of(int bits) {
  return bits <= 8 ? TypeKind::kInt8 : bits <= 16 ? TypeKind::kInt16 : bits <= 32 ? TypeKind::kInt32 : TypeKind::kInt64;
}

// Holds the values of both; uint64 beside a signed type needs a decimal.
DataType common_integer(const DataType& a, const DataType& b, CommonFor purpose) {
  const IntegerTraits left = *integer_traits(a.kind);
  const IntegerTraits right = *integer_traits(b.kind);
  const bool arithmetic = purpose == CommonFor::kArithmetic;
  if (left.is_signed == right.is_signed) {
    const DataType wider = left.bits >= right.bits ? a : b;
    if (!arithmetic || std::max(left.bits, right.bits) == 64) return wider;
    return type_of(std::max(left.bits, right.bits) == 32 && !left.is_signed ? TypeKind::kInt64 : TypeKind::kInt32);
  }
  const int bits = std::max(left.is_signed ? left.bits : 2 * left.bits, right.is_signed ? right.bits : 2 * right.bits);
  if (bits > 64) return arithmetic ? type_of(TypeKind::kInt64) : decimal_of(20, 0);
  return type_of(signed_of(arithmetic ? std::max(bits, 32) : bits));
}

bool is_time(TypeKind kind) { return kind == TypeKind::kDate || kind == TypeKind::kTimestamp; }

}  // namespace

bool is_integer(TypeKind kind) { return integer_traits(kind).has_value(); }
bool is_float(TypeKind kind) { return kind == TypeKind::kFloat32 || kind == TypeKind::kFloat64; }
bool is_number(TypeKind kind) { return is_integer(kind) || is_float(kind) || kind == TypeKind::kDecimal; }
bool is_text(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kFixedString || kind == TypeKind::kEnum;
}

DataType type_of(TypeKind kind, bool zoned) {
  DataType type;
  type.kind = kind;
  type.zoned = zoned;
  return type;
}

DataType decimal_of(int precision, int scale) {
  DataType type = type_of(TypeKind::kDecimal);
  type.scale = static_cast<std::uint8_t>(std::clamp(scale, 0, kDecimalDigitsMax));
  type.precision =
      static_cast<std::uint8_t>(std::clamp(precision, std::max(1, static_cast<int>(type.scale)), kDecimalDigitsMax));
  return type;
}

DataType decimal_for(const DataType& type) {
  const auto integer = integer_traits(type.kind);
  return integer ? decimal_of(integer->digits, 0) : type;
}

std::optional<DataType> common_type(const DataType& a, const DataType& b, CommonFor purpose) {
  if (is_integer(a.kind) && is_integer(b.kind)) return common_integer(a, b, purpose);
  if (is_number(a.kind) && is_number(b.kind)) {
    if (is_float(a.kind) || is_float(b.kind)) {
      const bool narrow = purpose == CommonFor::kChoice ? a.kind != TypeKind::kFloat64 && b.kind != TypeKind::kFloat64
                                                        : a.kind == TypeKind::kFloat32 && b.kind == TypeKind::kFloat32;
      return type_of(narrow ? TypeKind::kFloat32 : TypeKind::kFloat64);
    }
    const DataType left = decimal_for(a);
    const DataType right = decimal_for(b);
    const int scale = std::max(left.scale, right.scale);
    const int whole = std::max(left.precision - left.scale, right.precision - right.scale);
    return decimal_of(whole + scale, scale);
  }
  if (a == b) return a;
  if (is_text(a.kind) && is_text(b.kind)) return type_of(TypeKind::kString);
  if (is_time(a.kind) && is_time(b.kind)) return type_of(TypeKind::kTimestamp, a.zoned || b.zoned);
  return std::nullopt;
}

std::optional<int> implicit_cost(const DataType& from, const DataType& to) {
  if (from == to) return 0;
  const auto source = integer_traits(from.kind);
  const auto target = integer_traits(to.kind);
  if (source && target) {
    if (to.kind == TypeKind::kInt64) return 1;  // of a uint64, too: a value beyond it is a fault
    const bool fits = target->is_signed == source->is_signed ? target->bits >= source->bits
                                                             : target->is_signed && target->bits > source->bits;
    return fits ? std::optional<int>(1) : std::nullopt;
  }
  if (source && to.kind == TypeKind::kFloat64) return 2;
  if (source && to.kind == TypeKind::kDecimal) return 3;
  if (from.kind == TypeKind::kFloat32 && to.kind == TypeKind::kFloat64) return 1;
  if (from.kind == TypeKind::kDecimal && to.kind == TypeKind::kDecimal) return 1;
  if (from.kind == TypeKind::kDecimal && to.kind == TypeKind::kFloat64) return 4;
  if (is_text(from.kind) && to.kind == TypeKind::kString) return 1;
  if (from.kind == TypeKind::kDate && to.kind == TypeKind::kTimestamp) return to.zoned ? 2 : 1;
  if (from.kind == TypeKind::kTimestamp && to.kind == TypeKind::kTimestamp && to.zoned) return 1;
  return std::nullopt;
}

bool casts_explicitly(const DataType& from, const DataType& to) {
  if (from == to || is_text(from.kind) || to.kind == TypeKind::kString || to.kind == TypeKind::kFixedString)
    return true;
  if (is_number(from.kind) && is_number(to.kind)) return true;
  if (from.kind == TypeKind::kBool) return is_integer(to.kind);
  if (to.kind == TypeKind::kBool) return is_integer(from.kind);
  if (is_time(from.kind)) return is_time(to.kind) || (from.kind == TypeKind::kTimestamp && to.kind == TypeKind::kTime);
  return false;
}

Result<DataType> parse_sql_type(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kSynonyms = {{
      {"smallint", "int16"},
      {"int2", "int16"},
      {"int", "int32"},
      {"integer", "int32"},
      {"int4", "int32"},
      {"bigint", "int64"},
      {"real", "float32"},
      {"float4", "float32"},
      {"float", "float64"},
      {"double", "float64"},
      {"float8", "float64"},
      {"numeric", "decimal"},
      {"boolean", "bool"},
      {"text", "string"},
      {"varchar", "string"},
      {"char", "string"},
      {"character", "string"},
      {"timestamptz", "timestamp_tz"},
  }};
  const std::size_t open = std::min(text.find('('), text.size());
  std::string name(text.substr(0, open));
  std::string arguments(text.substr(open));
  for (const auto& [synonym, known] : kSynonyms) {
    if (name == synonym) {
      name = known;
      break;
    }
  }
  if (name == "decimal" && arguments.empty()) {
    DataType type = type_of(TypeKind::kDecimal);
    type.precision = 0;
    return type;
  }
  if (name == "decimal" && arguments.find(',') == std::string::npos) {
    arguments.insert(arguments.size() - 1, ",0");
  }
  return parse_data_type(name + arguments);
}

}  // namespace tipple
