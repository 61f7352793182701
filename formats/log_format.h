// Log lines: a regular expression (RE2) takes each line apart; its named groups are the fields.
//
// The expression matches the whole line. A line that it does not match is a reject (rule "pattern"). A group that took
// no part in the match is the empty text.
#pragma once

#include <memory>

#include "base/result.h"
#include "formats/record_format.h"

namespace tipple {

// `source` must outlive it. Errors: kUsage with RE2's message, or for a pattern without named groups.
[[nodiscard]] Result<std::unique_ptr<RecordFormat>> make_log_format(const SourceSpec& source);

}  // namespace tipple
