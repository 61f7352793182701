// The functions of expressions: names, signatures, what they are for. The signatures that `tipple functions` prints are
// the ones that calls are checked against. Immutable; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jobs/data_type.h"
#include "jobs/expression.h"

namespace tipple {

struct ExpressionParameter {
  enum class Accepts : std::uint8_t { kType, kAny, kNumber, kDecimal } accepts = Accepts::kType;
  DataType type;  // kType
  bool optional = false;
  bool repeated = false;  // the last one: once or more often
};

struct ExpressionOverload {
  std::vector<ExpressionParameter> parameters;
  bool result_is_first = false;  // the type of the first argument (of ceil, floor, round, trunc: with another scale)
  DataType result;
};

struct ExpressionFunction {
  std::string name;
  std::string canonical;     // what TypedExpr::function says: aliases share it
  bool null_of_null = true;  // any NULL argument makes NULL, and nothing else does
  std::vector<ExpressionOverload> overloads;
};

// Nothing if no function has that name (in lower case). Operators and what has a syntax of its own are not found here.
[[nodiscard]] const ExpressionFunction* find_function(std::string_view name);
[[nodiscard]] const std::vector<std::string>& function_names();

}  // namespace tipple
