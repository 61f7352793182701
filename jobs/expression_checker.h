// ExpressionChecker: syntax tree to typed tree; private to the expression_check*.cpp files. One object checks one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/expression.h"
#include "jobs/expression_functions.h"
#include "jobs/expression_syntax.h"
#include "jobs/expression_types.h"

namespace tipple {

// A typed node and what the checker alone needs to know of it.
struct CheckedExpr {
  TypedExpr expr;
  std::uint32_t offset = 0;
  bool untyped = false;  // NULL or 'text': takes the type of what it meets
  // kInterval: `expr` is the literal "months,days,microseconds", `times` what it is multiplied by.
  // kDifference: `expr` is the microseconds between two timestamps; only extract(epoch FROM ...) takes it.
  enum class Kind : std::uint8_t { kValue, kInterval, kDifference } kind = Kind::kValue;
  std::vector<TypedExpr> times;  // none or one
};

[[nodiscard]] TypedExpr literal_expr(Literal literal);
[[nodiscard]] TypedExpr call_expr(std::string_view function, DataType type, std::vector<TypedExpr> arguments);
[[nodiscard]] TypedExpr cast_expr(TypedExpr expr, const DataType& target);
[[nodiscard]] bool is_literal(const TypedExpr& expr);

class ExpressionChecker {
 public:
  ExpressionChecker(std::string_view text, const Schema& input) : text_(text), input_(input) {}
  [[nodiscard]] Result<TypedExpr> run(const SyntaxNode& tree);

 private:
  using Checked = Result<CheckedExpr>;
  using Arguments = std::vector<CheckedExpr>;

  Checked check(const SyntaxNode& node);
  Checked check_value(const SyntaxNode& node);  // no interval
  Checked check_column(const SyntaxNode& node) const;
  Checked check_call(const SyntaxNode& node);
  Checked check_cast(const SyntaxNode& node);
  Result<Arguments> check_children(const SyntaxNode& node);

  // Operators: expression_check_operators.cpp.
  Checked check_operator(const SyntaxNode& node, Arguments& arguments, bool* known);
  Checked check_arithmetic(const SyntaxNode& node, Arguments& arguments);
  std::optional<CheckedExpr> date_arithmetic(const SyntaxNode& node, Arguments& arguments) const;
  Result<TypedExpr> interval_sum(const SyntaxNode& node, CheckedExpr moment, CheckedExpr interval) const;
  Checked check_negate(const SyntaxNode& node, CheckedExpr operand) const;
  Checked check_logic(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_comparison(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_null_test(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_like(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_json_operator(const SyntaxNode& node, Arguments& arguments) const;

  // Calls: expression_check_calls.cpp.
  Checked check_case(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_choice(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_extract(const SyntaxNode& node, Arguments& arguments) const;
  Checked check_join(const SyntaxNode& node, const ExpressionFunction& function, Arguments& arguments) const;
  Checked check_function(const SyntaxNode& node, const ExpressionFunction& function, Arguments& arguments);
  Checked check_overload(const SyntaxNode& node, const ExpressionFunction& function, const ExpressionOverload& overload,
                         Arguments& arguments);
  Error no_such_function(const SyntaxNode& node) const;
  Error no_such_overload(const SyntaxNode& node, const Arguments& arguments) const;

  // One type for all of them, each converted to it. Error: they have none.
  Result<DataType> unify(const std::vector<CheckedExpr*>& arguments, CommonFor purpose) const;
  // Implicitly, or for an untyped literal from its text. Error: it does not go.
  Status convert(CheckedExpr* argument, const DataType& target) const;
  Status convert_to_text(CheckedExpr* argument) const;
  Status expect_bool(CheckedExpr* argument, std::string_view where) const;
  Status expect_value(const CheckedExpr& argument) const;

  [[nodiscard]] CheckedExpr value(const SyntaxNode& node, TypedExpr expr) const;
  [[nodiscard]] Error error(std::uint32_t offset, const std::string& what, std::string hint = {}) const;
  // An error of a literal or type, with its place.
  [[nodiscard]] Error placed(std::uint32_t offset, const Error& cause) const;
  [[nodiscard]] Error no_operator(const SyntaxNode& node, const Arguments& arguments, std::string hint = {}) const;

  std::string_view text_;
  const Schema& input_;
};

}  // namespace tipple
