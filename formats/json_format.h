// JSON lines: one object a line; columns are fields of it, by name or by path.
#pragma once

#include <memory>

#include "base/result.h"
#include "formats/record_format.h"

namespace tipple {

// `source` must outlive it.
[[nodiscard]] Result<std::unique_ptr<RecordFormat>> make_json_format(const SourceSpec& source);

}  // namespace tipple
