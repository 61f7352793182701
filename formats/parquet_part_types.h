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

// `stored`, a column as Parquet's reader gives it, labels dictionary-encoded, as an array of arrow_type(type). Error
// kEnvironment (without a place) for another type and for values that the type does not have.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> from_parquet(const std::shared_ptr<arrow::Array>& stored,
                                                                 const DataType& type);

}  // namespace tipple
