// The column of a table with `schema: rescue` that keeps what its other columns cannot hold: a JSON object of field
// names and texts, null in rows without any.
//
// It stands among TableSpec::columns like one that is read, so that steps, checks and parts know nothing of it. What
// fills it is the format's conversion (formats/rescue.h).
#pragma once

#include <string>
#include <string_view>

#include "jobs/job_spec.h"

namespace tipple {

inline constexpr std::string_view kRescuedColumn = "_rescued";
// ColumnSpec::from of that column. No job file can say it: there is no such field that says where a record came from.
inline constexpr std::string_view kRescuedField = "$rescued";

[[nodiscard]] inline ColumnSpec rescued_column() {
  return {{std::string(kRescuedColumn), DataType{}, true}, std::string(kRescuedField), {}, {}};
}

[[nodiscard]] inline bool is_rescued_column(const ColumnSpec& spec) { return spec.from == kRescuedField; }

}  // namespace tipple
