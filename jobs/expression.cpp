#include "jobs/expression.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "jobs/expression_checker.h"
#include "jobs/expression_syntax.h"
#include "jobs/expression_types.h"

namespace tipple {
namespace {

void collect_columns(const SyntaxNode& node, std::set<std::string>* names) {
  if (node.kind == SyntaxNode::Kind::kColumn) names->insert(node.name);
  for (const SyntaxNode& child : node.children) collect_columns(child, names);
}

}  // namespace

Result<TypedExpr> compile_expression(std::string_view text, const Schema& input) {
  TIPPLE_TRY(const SyntaxNode tree, parse_expression(text));
  return ExpressionChecker(text, input).run(tree);
}

Result<TypedExpr> convert_expression(TypedExpr expression, const DataType& target) {
  const bool wider = expression.type.kind == TypeKind::kFixedString && target.kind == TypeKind::kFixedString &&
                     expression.type.width <= target.width;
  if (expression.type == target || wider) return expression;
  const bool null = is_literal(expression) && expression.literal.front().null;
  if (!null && !casts_explicitly(expression.type, target)) {
    return usage_error(fmt::format("no cast from {} to {}", expression.type.to_string(), target.to_string()));
  }
  return cast_expr(std::move(expression), target);
}

Result<std::vector<std::string>> expression_columns(std::string_view text) {
  TIPPLE_TRY(const SyntaxNode tree, parse_expression(text));
  std::set<std::string> names;
  collect_columns(tree, &names);
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace tipple
