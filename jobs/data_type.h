// The column types of a job: what `type:` says in a job file.
//
// Values; no shared state. How a type looks in memory is formats/arrow_types.h, on disk docs/format-hdf5.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tipple {

// A row group of string(n) is limits::kRowGroupRows * n bytes at once; longer texts belong into `string`.
inline constexpr std::uint32_t kFixedStringBytesMax = 1024;

enum class TypeKind : std::uint8_t {
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat32,
  kFloat64,
  kDecimal,  // decimal(precision, scale), precision 1..38
  kBool,
  kDate,         // days since 1970-01-01, int32
  kTime,         // microseconds since midnight, int64
  kTimestamp,    // microseconds since 1970-01-01T00:00:00, int64; `zoned`: normalised to UTC
  kString,       // UTF-8 of any length up to limits::kFieldBytesMax
  kFixedString,  // string(n): UTF-8 of at most `width` bytes, itself at most kFixedStringBytesMax
  kEnum,         // one of `labels`; stored as its position in them
};

struct DataType {
  TypeKind kind = TypeKind::kString;
  std::uint8_t precision = 0;       // kDecimal
  std::uint8_t scale = 0;           // kDecimal
  std::uint32_t width = 0;          // kFixedString, bytes
  bool zoned = false;               // kTimestamp
  std::vector<std::string> labels;  // kEnum, at most 65,535, distinct, not empty

  friend bool operator==(const DataType&, const DataType&) = default;

  // "int32", "decimal(12,2)", "timestamp_tz", "string(8)", "enum(a,b)": parse_data_type's inverse.
  [[nodiscard]] std::string to_string() const;
};

// int8..int64, uint8..uint64, float32, float64, decimal(p,s), bool, date, time, timestamp, timestamp_tz,
// string, string(n), enum(a,b,...). Errors: kUsage, naming the nearest type.
[[nodiscard]] Result<DataType> parse_data_type(std::string_view text);

// One column of a table, as parts store it.
struct Column {
  std::string name;
  DataType type;
  bool nullable = false;
  friend bool operator==(const Column&, const Column&) = default;
};

using Schema = std::vector<Column>;

// Schema as JSON, [{"name": ..., "type": ..., "nullable": ...}, ...]: what parts and the log carry.
[[nodiscard]] std::string schema_to_json(const Schema& schema);
[[nodiscard]] Result<Schema> schema_from_json(std::string_view json);

}  // namespace tipple
