// How column types look in memory: one Arrow type for each DataType.
//
//   int*/uint*/float*  the same         decimal(p,s)  decimal128(p,s)    bool    boolean
//   date  date32    time  time64(us)    timestamp  timestamp(us)    timestamp_tz  timestamp(us, "UTC")
//   string, string(n)  utf8             enum  uint16: position among the labels
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

[[nodiscard]] std::shared_ptr<arrow::DataType> arrow_type(const DataType& type);
[[nodiscard]] std::shared_ptr<arrow::Schema> arrow_schema(const Schema& schema);

// Arrow's Status as ours: out-of-memory and I/O faults of the environment.
[[nodiscard]] Error from_arrow(const arrow::Status& status, std::string where = {});

}  // namespace tipple
