// Expressions: SQL scalar expressions with the standard's precedence and three-valued logic and PostgreSQL's function
// names (docs/expressions.md). Text to syntax tree to typed tree; transforms/expression_kernels.h runs the latter over
// batches.
//
// Values; pure functions; safe from any thread. Bounded: 64 KiB of text, depth 64.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

// A literal's value as text, in the form that the CSV converters read; absent: NULL.
struct Literal {
  DataType type;
  bool null = false;
  std::string text;
};

// A typed node. Exactly one of: column reference (column >= 0), literal, call of a function with its arguments.
// Casts, operators, CASE, COALESCE, IN, BETWEEN and LIKE are calls, too: the names that functions() lists under
// "operators".
struct TypedExpr {
  DataType type;
  bool nullable = true;
  int column = -1;               // position in the input schema
  std::vector<Literal> literal;  // empty or one
  std::string function;          // canonical name: "add", "divide", "cast", "case", "lower", ...
  std::vector<TypedExpr> arguments;
};

// Parses and type-checks `text` against `input`. Error kUsage: "at character N: ..." with the nearest name of a
// function or column.
[[nodiscard]] Result<TypedExpr> compile_expression(std::string_view text, const Schema& input);

// `expression` as `target`: itself if it has that type already (a wider string(n) included), else a cast whose values
// that do not fit are faults. Error kUsage: no cast leads there.
[[nodiscard]] Result<TypedExpr> convert_expression(TypedExpr expression, const DataType& target);

// The names of columns that `text` refers to, ascending, each once. Error kUsage if it does not parse.
[[nodiscard]] Result<std::vector<std::string>> expression_columns(std::string_view text);

// What `tipple functions` prints.
struct FunctionInfo {
  std::string name;
  std::string group;      // "operators", "math", "text", "date and time", "json", "conditions"
  std::string signature;  // "substr(text string, start int64 [, count int64]) -> string"
  std::string summary;    // one line
  std::string example;    // "substr('tipple', 1, 3) = 'tip'": tests evaluate each
};
[[nodiscard]] const std::vector<FunctionInfo>& functions();

}  // namespace tipple
