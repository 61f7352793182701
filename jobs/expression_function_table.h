// Rows of the function table; private to expression_functions.cpp and expression_function_table.cpp.
#pragma once

#include <span>

namespace tipple {

struct FunctionRow {
  const char* name;
  const char* canonical;  // nullptr: documented only (operators, special syntax)
  const char* group;
  const char* parameters;  // overloads separated by " | ": "text string, start int64 [, count int64] -> string"
  const char* summary;
  const char* example;
  bool null_of_null = true;
};

[[nodiscard]] std::span<const FunctionRow> function_rows();

}  // namespace tipple
