// Fixed width: fields by their byte positions in the line, spaces around a value taken off.
//
// A line may end before a field: the field is empty then. One that ends inside a field is taken for trimmed if the
// column holds text or nothing but spaces stands there; a number or a date that breaks off is a reject (rule "arity").
#pragma once

#include <memory>

#include "base/result.h"
#include "formats/record_format.h"

namespace tipple {

// `source` must outlive it. Errors: kUsage for fields without a width, names that stand twice, more fields or wider
// ones than the limits.
[[nodiscard]] Result<std::unique_ptr<RecordFormat>> make_fixed_format(const SourceSpec& source);

}  // namespace tipple
