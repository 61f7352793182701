// What the text kernels' files say to one another. Private to transforms/expression_text*.
#pragma once

#include "transforms/expression_vector.h"

namespace tipple {

// substr, left, right, trims, pads, repeat, replace, translate, split_part, strpos, starts_with.
[[nodiscard]] ExprKernel text_part_kernel(const TypedExpr& expr);

}  // namespace tipple
