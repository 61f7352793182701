// The checker's trunk: literals, columns, casts, and how values become values of other types.
#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "jobs/expression_checker.h"
#include "jobs/expression_lexer.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

// True of everything but decimals that are too narrow.
bool fits_decimal(const DataType& from, const DataType& to) {
  if (to.kind != TypeKind::kDecimal) return true;
  const DataType own = decimal_for(from);
  return own.scale <= to.scale && own.precision - own.scale <= to.precision - to.scale;
}

}  // namespace

TypedExpr literal_expr(Literal literal) {
  TypedExpr expr;
  expr.type = literal.type;
  expr.nullable = literal.null;
  expr.literal.push_back(std::move(literal));
  return expr;
}

TypedExpr call_expr(std::string_view function, DataType type, std::vector<TypedExpr> arguments) {
  TypedExpr expr;
  expr.type = std::move(type);
  expr.nullable = std::any_of(arguments.begin(), arguments.end(), [](const TypedExpr& a) { return a.nullable; });
  expr.function = function;
  expr.arguments = std::move(arguments);
  return expr;
}

TypedExpr cast_expr(TypedExpr expr, const DataType& target) {
  if (expr.type == target) return expr;
  if (is_literal(expr) && expr.literal.front().null) {
    expr.type = target;
    expr.literal.front().type = target;
    return expr;
  }
  // A literal that any value of the other type can hold is one of that type, too: round(x, 2) sees its 2.
  const bool plain = is_literal(expr) && is_number(expr.type.kind) && expr.type.kind != TypeKind::kUint64;
  if (plain && is_number(target.kind) && implicit_cost(expr.type, target) && fits_decimal(expr.type, target)) {
    expr.type = target;
    expr.literal.front().type = target;
    return expr;
  }
  std::vector<TypedExpr> arguments;
  arguments.push_back(std::move(expr));
  return call_expr("cast", target, std::move(arguments));
}

bool is_literal(const TypedExpr& expr) { return !expr.literal.empty(); }

Result<TypedExpr> ExpressionChecker::run(const SyntaxNode& tree) {
  TIPPLE_TRY(CheckedExpr checked, check_value(tree));
  return std::move(checked.expr);
}

CheckedExpr ExpressionChecker::value(const SyntaxNode& node, TypedExpr expr) const {
  CheckedExpr checked;
  checked.expr = std::move(expr);
  checked.offset = node.offset;
  return checked;
}

Error ExpressionChecker::error(std::uint32_t offset, const std::string& what, std::string hint) const {
  return expression_error(text_, offset, what, std::move(hint));
}

Error ExpressionChecker::placed(std::uint32_t offset, const Error& cause) const {
  return error(offset, cause.what, cause.hint);
}

ExpressionChecker::Checked ExpressionChecker::check(const SyntaxNode& node) {
  Literal literal;
  switch (node.kind) {
    case SyntaxNode::Kind::kNumber: {
      auto number = number_literal(node.text);
      if (!number.ok()) return placed(node.offset, number.error());
      return value(node, literal_expr(std::move(number).value()));
    }
    case SyntaxNode::Kind::kText:
    case SyntaxNode::Kind::kNull: {
      literal.null = node.kind == SyntaxNode::Kind::kNull;
      literal.text = node.text;
      CheckedExpr checked = value(node, literal_expr(std::move(literal)));
      checked.untyped = true;
      return checked;
    }
    case SyntaxNode::Kind::kBool:
      literal.type = type_of(TypeKind::kBool);
      literal.text = node.text;
      return value(node, literal_expr(std::move(literal)));
    case SyntaxNode::Kind::kInterval: {
      auto interval = interval_literal(node.text);
      if (!interval.ok()) return placed(node.offset, interval.error());
      literal.text = std::move(interval).value();
      CheckedExpr checked = value(node, literal_expr(std::move(literal)));
      checked.kind = CheckedExpr::Kind::kInterval;
      return checked;
    }
    case SyntaxNode::Kind::kColumn:
      return check_column(node);
    case SyntaxNode::Kind::kCall:
      return check_call(node);
    case SyntaxNode::Kind::kCast:
      return check_cast(node);
  }
  TIPPLE_CHECK(false, "a syntax node of no kind");
}

ExpressionChecker::Checked ExpressionChecker::check_value(const SyntaxNode& node) {
  TIPPLE_TRY(CheckedExpr checked, check(node));
  TIPPLE_RETURN_IF_ERROR(expect_value(checked));
  return checked;
}

Status ExpressionChecker::expect_value(const CheckedExpr& argument) const {
  if (argument.kind == CheckedExpr::Kind::kInterval) {
    return error(argument.offset, "an interval has no place here",
                 "it can be added to or subtracted from a date or timestamp");
  }
  if (argument.kind == CheckedExpr::Kind::kDifference) {
    return error(argument.offset, "the difference of two timestamps is an interval, which no column can hold",
                 "write extract(epoch FROM a - b) for its seconds, or a::date - b::date for days");
  }
  return {};
}

ExpressionChecker::Checked ExpressionChecker::check_column(const SyntaxNode& node) const {
  const auto lower = [](std::string_view name) {
    std::string result(name);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
  };
  int found = -1;
  int alike = 0;
  for (std::size_t i = 0; i < input_.size(); ++i) {
    if (input_[i].name == node.name) {
      found = static_cast<int>(i);
      alike = 1;
      break;
    }
    // SQL's bare names have no case; a name that two columns answer to must be exact.
    if (!node.quoted && lower(input_[i].name) == lower(node.name)) {
      found = static_cast<int>(i);
      ++alike;
    }
  }
  if (alike > 1) {
    return error(node.offset, fmt::format("{} columns are called '{}' in some case", alike, node.name),
                 "write the name exactly as the column has it, in double quotes");
  }
  if (found < 0) {
    std::vector<std::string> known;
    for (const Column& column : input_) known.push_back(column.name);
    const std::string nearest = nearest_name(node.name, known);
    return error(node.offset, fmt::format("no column '{}'", node.name),
                 nearest.empty() ? "" : "did you mean '" + nearest + "'?");
  }
  const Column& column = input_[static_cast<std::size_t>(found)];
  TypedExpr expr;
  expr.type = column.type;
  expr.nullable = column.nullable;
  expr.column = found;
  return value(node, std::move(expr));
}

Result<ExpressionChecker::Arguments> ExpressionChecker::check_children(const SyntaxNode& node) {
  Arguments arguments;
  arguments.reserve(node.children.size());
  for (const SyntaxNode& child : node.children) {
    TIPPLE_TRY(CheckedExpr argument, check(child));
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

ExpressionChecker::Checked ExpressionChecker::check_cast(const SyntaxNode& node) {
  TIPPLE_TRY(CheckedExpr operand, check_value(node.children.front()));
  if (node.type_text == "interval") {
    if (!operand.untyped) return error(node.offset, "only a text in quotes can become an interval");
    auto interval = interval_literal(operand.expr.literal.front().text);
    if (!interval.ok()) return placed(operand.offset, interval.error());
    operand.expr.literal.front().text = std::move(interval).value();
    operand.kind = CheckedExpr::Kind::kInterval;
    return operand;
  }
  auto target = parse_sql_type(node.type_text);
  if (!target.ok()) return placed(node.offset, target.error());
  if (target->kind == TypeKind::kDecimal && target->precision == 0) {
    const TypeKind from = operand.expr.type.kind;
    if (!operand.untyped && !is_integer(from) && from != TypeKind::kDecimal) {
      return error(node.offset, "decimal needs its digits here",
                   "write decimal(precision, scale), for example decimal(18,2)");
    }
    if (!operand.untyped) *target = decimal_for(operand.expr.type);
  }
  if (operand.untyped) {
    TypedExpr& literal = operand.expr;
    // A number in quotes is rounded to the scale; the literal alone keeps its own.
    const bool round = target->kind == TypeKind::kDecimal && target->precision > 0 && !literal.literal.front().null;
    const DataType digits = *target;
    TIPPLE_RETURN_IF_ERROR(convert(&operand, *target));
    operand.untyped = false;
    return value(node, round ? cast_expr(std::move(operand.expr), digits) : std::move(operand.expr));
  }
  if (!casts_explicitly(operand.expr.type, *target)) {
    return error(node.offset, fmt::format("no cast from {} to {}", operand.expr.type.to_string(), target->to_string()));
  }
  return value(node, cast_expr(std::move(operand.expr), *target));
}

Status ExpressionChecker::convert(CheckedExpr* argument, const DataType& target) const {
  TIPPLE_RETURN_IF_ERROR(expect_value(*argument));
  TypedExpr& expr = argument->expr;
  if (argument->untyped) {
    argument->untyped = false;
    if (expr.literal.front().null) {
      expr.type = target;
      expr.literal.front().type = target;
      return {};
    }
    auto literal = text_literal(expr.literal.front().text, target);
    if (!literal.ok()) return placed(argument->offset, literal.error());
    expr = literal_expr(std::move(literal).value());
    // Decimals come with their own digits; a comparison takes them as they are.
    return {};
  }
  if (!implicit_cost(expr.type, target) && !common_type(expr.type, target, CommonFor::kChoice)) {
    return error(argument->offset,
                 fmt::format("expected {}, but this is {}", target.to_string(), expr.type.to_string()),
                 casts_explicitly(expr.type, target) ? fmt::format("write CAST(... AS {})", target.to_string()) : "");
  }
  expr = cast_expr(std::move(expr), target);
  return {};
}

Status ExpressionChecker::convert_to_text(CheckedExpr* argument) const {
  TIPPLE_RETURN_IF_ERROR(expect_value(*argument));
  argument->untyped = false;
  argument->expr = cast_expr(std::move(argument->expr), type_of(TypeKind::kString));
  return {};
}

Status ExpressionChecker::expect_bool(CheckedExpr* argument, std::string_view where) const {
  TIPPLE_RETURN_IF_ERROR(expect_value(*argument));
  if (argument->untyped) return convert(argument, type_of(TypeKind::kBool));
  if (argument->expr.type.kind == TypeKind::kBool) return {};
  return error(argument->offset,
               fmt::format("{} needs a condition, but this is {}", where, argument->expr.type.to_string()),
               is_number(argument->expr.type.kind) ? "write x <> 0" : "");
}

Result<DataType> ExpressionChecker::unify(const std::vector<CheckedExpr*>& arguments, CommonFor purpose) const {
  std::optional<DataType> common;
  for (const CheckedExpr* argument : arguments) {
    TIPPLE_RETURN_IF_ERROR(expect_value(*argument));
    if (argument->untyped) continue;
    const DataType& type = argument->expr.type;
    if (!common) {
      common = type;
      continue;
    }
    auto wider = common_type(*common, type, purpose);
    if (!wider) {
      return error(argument->offset,
                   fmt::format("{} and {} have no common type", common->to_string(), type.to_string()),
                   casts_explicitly(type, *common) ? fmt::format("write CAST(... AS {})", common->to_string()) : "");
    }
    common = std::move(wider);
  }
  if (!common) common = type_of(TypeKind::kString);
  // Values are compared as texts, not as positions among labels.
  if (common->kind == TypeKind::kEnum && purpose == CommonFor::kCompare) common = type_of(TypeKind::kString);
  for (CheckedExpr* argument : arguments) {
    if (argument->untyped && common->kind == TypeKind::kFixedString) common = type_of(TypeKind::kString);
    if (argument->untyped && common->kind == TypeKind::kEnum) common = type_of(TypeKind::kString);
  }
  for (CheckedExpr* argument : arguments) {
    if (argument->untyped && !argument->expr.literal.front().null && common->kind == TypeKind::kDecimal) {
      // '0.125' beside a decimal(10,2): neither loses digits.
      TIPPLE_RETURN_IF_ERROR(convert(argument, *common));
      common = common_type(*common, argument->expr.type, purpose);
    }
  }
  for (CheckedExpr* argument : arguments) TIPPLE_RETURN_IF_ERROR(convert(argument, *common));
  return *common;
}

}  // namespace tipple
