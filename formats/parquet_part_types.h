// How column types look in a Parquet part (docs/format-parquet.md): types that Delta Lake knows too, so unsigned
// integers stand in the next wider signed type, uint64 as decimal(20,0), time as microseconds, enums as their labels.
//
// Pure functions; any thread.
#pragma once

#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"

namespace parquet::schema {
class GroupNode;
}

namespace tipple {

// Key of a part's metadata whose value is schema_to_json(schema): what the Parquet types do not tell.
inline constexpr const char* kParquetSchemaKey = "tipple.schema";

// Decimals of at most this precision are Parquet's INT32, of at most kParquetInt64Precision its INT64, others
// FIXED_LEN_BYTE_ARRAY.
inline constexpr std::uint8_t kParquetInt32Precision = 9;
inline constexpr std::uint8_t kParquetInt64Precision = 18;

[[nodiscard]] std::shared_ptr<parquet::schema::GroupNode> parquet_schema(const Schema& schema);

// `array` (of arrow_type(type)) as one of a type that Parquet's writer stores bit for bit as parquet_schema() says.
// Copies nothing but decimals and uint64.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> to_parquet(const std::shared_ptr<arrow::Array>& array,
                                                               const DataType& type,
                                                               const std::shared_ptr<arrow::Array>& labels);
// The labels of an enum as an array of strings; nullptr for other types.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> parquet_labels(const DataType& type);

// The inverse: `stored` as Parquet's reader gives it, labels dictionary-encoded. Error kEnvironment (without a place)
// for another type and for values that the type does not have.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> from_parquet(const std::shared_ptr<arrow::Array>& stored,
                                                                 const DataType& type);

}  // namespace tipple
