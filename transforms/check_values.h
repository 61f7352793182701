// Values that a job file writes as text (bounds, sets, defaults), as an Arrow array of a column's type.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

// Read as the CSV converters read fields. Errors: kUsage at `place` for the first text that is no such value.
[[nodiscard]] Result<std::shared_ptr<arrow::Array>> array_of_texts(const std::vector<std::string>& texts,
                                                                   const DataType& type, const std::string& place);

}  // namespace tipple
