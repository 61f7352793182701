// The checker's rules for operators.
#include <algorithm>

#include <fmt/format.h>

#include "jobs/expression_checker.h"

namespace tipple {
namespace {

bool is_moment(const DataType& type) { return type.kind == TypeKind::kDate || type.kind == TypeKind::kTimestamp; }

bool is_natural_literal(const CheckedExpr& argument) {
  return is_literal(argument.expr) && is_integer(argument.expr.type.kind) &&
         !argument.expr.literal.front().text.starts_with('-');
}

std::string_view symbol_of(std::string_view name) {
  if (name == "add") return "+";
  if (name == "subtract") return "-";
  if (name == "multiply") return "*";
  if (name == "divide") return "/";
  if (name == "modulo") return "%";
  return name;
}

// The result of an operator on two decimals. Sums and products are exact as long as 38 digits can hold them; a product
// that they may not hold, and a quotient, are rounded to the digits that are left (docs/expressions.md).
DataType decimal_result(std::string_view name, const DataType& a, const DataType& b) {
  const int whole_a = a.precision - a.scale;
  const int whole_b = b.precision - b.scale;
  const int widest = std::max(a.scale, b.scale);
  if (name == "multiply") {
    int scale = a.scale + b.scale;
    if (scale + whole_a + whole_b > kDecimalDigitsMax) {
      scale = std::min(scale, std::max(kDecimalDigitsMax - whole_a - whole_b, widest));
    }
    return decimal_of(scale + whole_a + whole_b, scale);
  }
  if (name == "divide") {
    constexpr int kQuotientScaleMin = 16;  // PostgreSQL gives at least 16 significant digits
    constexpr int kQuotientScaleKept = 6;
    const int whole = whole_a + b.scale;
    int scale = std::max(widest, kQuotientScaleMin);
    if (whole + scale > kDecimalDigitsMax)
      scale = std::max(kDecimalDigitsMax - whole, std::max(widest, kQuotientScaleKept));
    return decimal_of(whole + scale, scale);
  }
  if (name == "modulo") return decimal_of(std::max(whole_a, whole_b) + widest, widest);
  return decimal_of(std::max(whole_a, whole_b) + 1 + widest, widest);
}

}  // namespace

Error ExpressionChecker::no_operator(const SyntaxNode& node, const Arguments& arguments, std::string hint) const {
  std::string types;
  for (const CheckedExpr& argument : arguments) {
    const bool interval = argument.kind != CheckedExpr::Kind::kValue;
    types += (types.empty() ? "" : " and ") + (interval ? "interval" : argument.expr.type.to_string());
  }
  return error(node.offset, fmt::format("no operator {} for {}", symbol_of(node.name), types), std::move(hint));
}

ExpressionChecker::Checked ExpressionChecker::check_operator(const SyntaxNode& node, Arguments& arguments,
                                                             bool* known) {
  const std::string& name = node.name;
  *known = true;
  if (name == "add" || name == "subtract" || name == "multiply" || name == "divide" || name == "modulo") {
    return check_arithmetic(node, arguments);
  }
  if (name == "negate" || name == "plus") return check_negate(node, std::move(arguments[0]));
  if (name == "and" || name == "or" || name == "not") return check_logic(node, arguments);
  if (name.starts_with("is_") && name != "is_distinct" && name != "is_not_distinct")
    return check_null_test(node, arguments);
  if (name == "like" || name == "ilike") return check_like(node, arguments);
  if (name == "json_text_at" || name == "json_at") return check_json_operator(node, arguments);
  if (name == "case" || name == "case_value") return check_case(node, arguments);
  if (name == "concatenate") {
    bool any_text = false;
    for (const CheckedExpr& argument : arguments) any_text |= is_text(argument.expr.type.kind);
    if (!any_text) return no_operator(node, arguments, "one side of || must be a text");
    std::vector<TypedExpr> texts;
    for (CheckedExpr& argument : arguments) {
      TIPPLE_RETURN_IF_ERROR(convert_to_text(&argument));
      texts.push_back(std::move(argument.expr));
    }
    return value(node, call_expr(name, type_of(TypeKind::kString), std::move(texts)));
  }
  for (const char* comparison : {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "is_distinct",
                                 "is_not_distinct", "between", "in"}) {
    if (name == comparison) return check_comparison(node, arguments);
  }
  *known = false;
  return CheckedExpr{};
}

ExpressionChecker::Checked ExpressionChecker::check_arithmetic(const SyntaxNode& node, Arguments& arguments) {
  CheckedExpr& left = arguments[0];
  CheckedExpr& right = arguments[1];
  const bool interval = left.kind == CheckedExpr::Kind::kInterval || right.kind == CheckedExpr::Kind::kInterval;
  if (left.untyped && !right.untyped && !interval) TIPPLE_RETURN_IF_ERROR(convert(&left, right.expr.type));
  // date - '2024-01-01' is a difference of dates; date + '7' a number of days, in PostgreSQL, too.
  if (right.untyped && !left.untyped && !interval) {
    const bool days = node.name == "add" && left.expr.type.kind == TypeKind::kDate;
    TIPPLE_RETURN_IF_ERROR(convert(&right, days ? type_of(TypeKind::kInt64) : left.expr.type));
  }
  if (interval && (node.name == "add" || node.name == "subtract")) {
    const bool swapped = left.kind == CheckedExpr::Kind::kInterval;
    CheckedExpr& moment = swapped ? right : left;
    if (moment.kind != CheckedExpr::Kind::kValue || !is_moment(moment.expr.type) ||
        (swapped && node.name == "subtract")) {
      return no_operator(node, arguments, "intervals are added to and subtracted from dates and timestamps");
    }
    TIPPLE_TRY(TypedExpr sum, interval_sum(node, std::move(moment), std::move(swapped ? left : right)));
    return value(node, std::move(sum));
  }
  if (interval && node.name == "multiply") {
    const bool swapped = right.kind == CheckedExpr::Kind::kInterval;
    CheckedExpr& times = swapped ? left : right;
    CheckedExpr& base = swapped ? right : left;
    if (times.kind != CheckedExpr::Kind::kValue || !is_integer(times.expr.type.kind) || !base.times.empty()) {
      return no_operator(node, arguments, "an interval can be multiplied by one whole number");
    }
    base.times.push_back(cast_expr(std::move(times.expr), type_of(TypeKind::kInt64)));
    return std::move(base);
  }
  TIPPLE_RETURN_IF_ERROR(expect_value(left));
  TIPPLE_RETURN_IF_ERROR(expect_value(right));
  if (auto moment = date_arithmetic(node, arguments)) return std::move(*moment);
  if (!is_number(left.expr.type.kind) || !is_number(right.expr.type.kind)) {
    const bool text = is_text(left.expr.type.kind) || is_text(right.expr.type.kind);
    return no_operator(node, arguments,
                       text && node.name == "add" ? "texts are joined with ||"
                       : text                     ? "cast the text to a number"
                                                  : "");
  }
  // A plain 1 does not make a uint64 signed.
  for (const int side : {0, 1}) {
    if (arguments[1 - side].expr.type.kind == TypeKind::kUint64 && is_natural_literal(arguments[side])) {
      TIPPLE_RETURN_IF_ERROR(convert(&arguments[side], type_of(TypeKind::kUint64)));
    }
  }
  const DataType common = *common_type(left.expr.type, right.expr.type, CommonFor::kArithmetic);
  if (common.kind != TypeKind::kDecimal) {
    if (is_float(common.kind) && node.name == "modulo")
      return no_operator(node, arguments, "cast both to decimal(p,s)");
    return value(node, call_expr(node.name, common, [&] {
                   std::vector<TypedExpr> both;
                   both.push_back(cast_expr(std::move(left.expr), common));
                   both.push_back(cast_expr(std::move(right.expr), common));
                   return both;
                 }()));
  }
  const DataType type_left = decimal_for(left.expr.type);
  const DataType type_right = decimal_for(right.expr.type);
  const bool own_scales = node.name == "multiply" || node.name == "divide";
  std::vector<TypedExpr> both;
  both.push_back(cast_expr(std::move(left.expr), own_scales ? type_left : common));
  both.push_back(cast_expr(std::move(right.expr), own_scales ? type_right : common));
  return value(node, call_expr(node.name, decimal_result(node.name, type_left, type_right), std::move(both)));
}

// date + n, n + date, date - n, date - date, timestamp - timestamp.
std::optional<CheckedExpr> ExpressionChecker::date_arithmetic(const SyntaxNode& node, Arguments& arguments) const {
  const bool add = node.name == "add";
  if (!add && node.name != "subtract") return std::nullopt;
  TypedExpr& left = arguments[0].expr;
  TypedExpr& right = arguments[1].expr;
  if (add && right.type.kind == TypeKind::kDate && is_integer(left.type.kind)) std::swap(left, right);
  if (left.type.kind == TypeKind::kDate && is_integer(right.type.kind)) {
    right = cast_expr(std::move(right), type_of(TypeKind::kInt64));
    std::vector<TypedExpr> both{std::move(left), std::move(right)};
    return value(node,
                 call_expr(add ? "date_add_days" : "date_subtract_days", type_of(TypeKind::kDate), std::move(both)));
  }
  if (add || !is_moment(left.type) || !is_moment(right.type)) return std::nullopt;
  const DataType common = *common_type(left.type, right.type, CommonFor::kCompare);
  std::vector<TypedExpr> both{cast_expr(std::move(left), common), cast_expr(std::move(right), common)};
  if (common.kind == TypeKind::kDate) {
    return value(node, call_expr("date_difference", type_of(TypeKind::kInt32), std::move(both)));
  }
  CheckedExpr difference = value(node, call_expr("epoch_between", decimal_of(18, 6), std::move(both)));
  difference.kind = CheckedExpr::Kind::kDifference;
  return difference;
}

// A date becomes a timestamp, as in PostgreSQL.
Result<TypedExpr> ExpressionChecker::interval_sum(const SyntaxNode& node, CheckedExpr moment,
                                                  CheckedExpr interval) const {
  const DataType type = moment.expr.type.kind == TypeKind::kDate ? type_of(TypeKind::kTimestamp) : moment.expr.type;
  TIPPLE_RETURN_IF_ERROR(convert(&moment, type));
  std::vector<TypedExpr> arguments;
  arguments.push_back(std::move(moment.expr));
  arguments.push_back(std::move(interval.expr));
  if (!interval.times.empty()) arguments.push_back(std::move(interval.times.front()));
  return call_expr(node.name == "add" ? "add_interval" : "subtract_interval", type, std::move(arguments));
}

ExpressionChecker::Checked ExpressionChecker::check_negate(const SyntaxNode& node, CheckedExpr operand) const {
  TIPPLE_RETURN_IF_ERROR(expect_value(operand));
  if (operand.untyped) TIPPLE_RETURN_IF_ERROR(convert(&operand, type_of(TypeKind::kFloat64)));
  if (!is_number(operand.expr.type.kind)) {
    Arguments arguments;
    arguments.push_back(std::move(operand));
    return no_operator(node, arguments);
  }
  if (node.name == "plus") return operand;
  DataType type = operand.expr.type;
  if (is_integer(type.kind)) type = *common_type(type, type_of(TypeKind::kInt32), CommonFor::kArithmetic);
  std::vector<TypedExpr> arguments;
  arguments.push_back(cast_expr(std::move(operand.expr), type));
  return value(node, call_expr("negate", type, std::move(arguments)));
}

ExpressionChecker::Checked ExpressionChecker::check_logic(const SyntaxNode& node, Arguments& arguments) const {
  std::vector<TypedExpr> conditions;
  for (CheckedExpr& argument : arguments) {
    TIPPLE_RETURN_IF_ERROR(expect_bool(&argument, node.name));
    conditions.push_back(std::move(argument.expr));
  }
  return value(node, call_expr(node.name, type_of(TypeKind::kBool), std::move(conditions)));
}

ExpressionChecker::Checked ExpressionChecker::check_comparison(const SyntaxNode& node, Arguments& arguments) const {
  std::vector<CheckedExpr*> all;
  for (CheckedExpr& argument : arguments) all.push_back(&argument);
  for (std::size_t i = 0; i < arguments.size() && arguments.size() == 2; ++i) {
    if (arguments[1 - i].expr.type.kind == TypeKind::kUint64 && is_natural_literal(arguments[i])) {
      TIPPLE_RETURN_IF_ERROR(convert(&arguments[i], type_of(TypeKind::kUint64)));
    }
  }
  TIPPLE_RETURN_IF_ERROR(unify(all, CommonFor::kCompare));
  std::vector<TypedExpr> operands;
  for (CheckedExpr& argument : arguments) operands.push_back(std::move(argument.expr));
  TypedExpr expr = call_expr(node.name, type_of(TypeKind::kBool), std::move(operands));
  if (node.name.starts_with("is_")) expr.nullable = false;
  return value(node, std::move(expr));
}

ExpressionChecker::Checked ExpressionChecker::check_null_test(const SyntaxNode& node, Arguments& arguments) const {
  std::string name = node.name;
  CheckedExpr& operand = arguments.front();
  if (name == "is_null" || name == "is_not_null") {
    TIPPLE_RETURN_IF_ERROR(expect_value(operand));
  } else {
    TIPPLE_RETURN_IF_ERROR(expect_bool(&operand, "IS TRUE, FALSE or UNKNOWN"));
    if (name == "is_unknown") name = "is_null";
    if (name == "is_not_unknown") name = "is_not_null";
  }
  std::vector<TypedExpr> operands;
  operands.push_back(std::move(operand.expr));
  TypedExpr expr = call_expr(name, type_of(TypeKind::kBool), std::move(operands));
  expr.nullable = false;
  return value(node, std::move(expr));
}

ExpressionChecker::Checked ExpressionChecker::check_like(const SyntaxNode& node, Arguments& arguments) const {
  std::vector<TypedExpr> texts;
  for (CheckedExpr& argument : arguments) {
    TIPPLE_RETURN_IF_ERROR(expect_value(argument));
    if (!argument.untyped && !is_text(argument.expr.type.kind)) {
      return no_operator(node, arguments, "cast the value to string");
    }
    TIPPLE_RETURN_IF_ERROR(convert_to_text(&argument));
    texts.push_back(std::move(argument.expr));
  }
  return value(node, call_expr(node.name, type_of(TypeKind::kBool), std::move(texts)));
}

ExpressionChecker::Checked ExpressionChecker::check_json_operator(const SyntaxNode& node, Arguments& arguments) const {
  if (!is_text(arguments[0].expr.type.kind)) return no_operator(node, arguments, "JSON is a string here");
  if (!is_text(arguments[1].expr.type.kind) && !is_integer(arguments[1].expr.type.kind)) {
    return no_operator(node, arguments, "the right side is a member's name or an element's number");
  }
  std::vector<TypedExpr> operands;
  for (CheckedExpr& argument : arguments) {
    TIPPLE_RETURN_IF_ERROR(convert_to_text(&argument));
    operands.push_back(std::move(argument.expr));
  }
  TypedExpr expr = call_expr(node.name == "json_at" ? "json_extract" : "json_extract_text", type_of(TypeKind::kString),
                             std::move(operands));
  expr.nullable = true;
  return value(node, std::move(expr));
}

}  // namespace tipple
