// How fast the functions of expressions are, by family, against memcpy of the bytes that they touch. Part of
// transform_bench; one thread.
#pragma once

#include <string>

namespace tipple::bench {

// One RATIO line a family (bench/measure.h): all of its functions one after the other over the same batches. Touched:
// the columns that a function reads, and the column that it makes.
void print_expression_families();
// One line for each function that has `part` in its text, those that belong to no family's figure included.
void print_expression_functions(const std::string& part);

}  // namespace tipple::bench
