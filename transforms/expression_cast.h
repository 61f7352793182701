// What the two halves of CAST say to one another. Private to transforms/expression_cast*.
#pragma once

#include "transforms/expression_vector.h"

namespace tipple {

// From string, string(n) and enum to anything.
[[nodiscard]] ExprKernel text_cast_kernel(const DataType& from, const DataType& to);
// From numbers, bools and moments to string and string(n).
[[nodiscard]] ExprKernel print_cast_kernel(const DataType& from);
// string and string(n) into one another: the same bytes, looked at for their length.
[[nodiscard]] Result<ExprVector> text_as_text(ExprContext& context, const ExprCall& call, ExprArguments arguments);

}  // namespace tipple
