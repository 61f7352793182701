// CSV as a RecordFormat: csv_head, csv_index, csv_convert and csv_start_guess behind one contract.
//
// Immutable; any thread.
#pragma once

#include <memory>

#include "base/result.h"
#include "formats/record_format.h"
#include "jobs/job_spec.h"

namespace tipple {

// `source` must outlive it.
[[nodiscard]] Result<std::unique_ptr<RecordFormat>> make_csv_format(const SourceSpec& source);

}  // namespace tipple
