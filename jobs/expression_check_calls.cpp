// The checker's rules for functions, CASE and what else chooses among values.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "jobs/expression_checker.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

using Accepts = ExpressionParameter::Accepts;

constexpr int kUntypedCost = 1;
constexpr int kUntypedTextCost = 0;  // a text in quotes is rather a string than anything else

// Absent: the parameter does not take such an argument.
std::optional<int> parameter_cost(const ExpressionParameter& parameter, const CheckedExpr& argument) {
  if (argument.kind != CheckedExpr::Kind::kValue) return std::nullopt;
  const DataType& type = argument.expr.type;
  switch (parameter.accepts) {
    case Accepts::kAny:
      return 0;
    case Accepts::kNumber:
      if (argument.untyped) return kUntypedCost;
      return is_number(type.kind) ? std::optional<int>(0) : std::nullopt;
    case Accepts::kDecimal:
      if (argument.untyped) return 2 * kUntypedCost;
      if (type.kind == TypeKind::kDecimal) return 0;
      return is_integer(type.kind) ? std::optional<int>(3) : std::nullopt;
    case Accepts::kType:
      break;
  }
  if (argument.untyped) return parameter.type.kind == TypeKind::kString ? kUntypedTextCost : kUntypedCost;
  return implicit_cost(type, parameter.type);
}

// Parameter of argument `i`; the last one repeats.
const ExpressionParameter& parameter_at(const ExpressionOverload& overload, std::size_t i) {
  return overload.parameters[std::min(i, overload.parameters.size() - 1)];
}

std::optional<int> overload_cost(const ExpressionOverload& overload, const std::vector<CheckedExpr>& arguments) {
  std::size_t needed = 0;
  for (const ExpressionParameter& parameter : overload.parameters) needed += parameter.optional ? 0 : 1;
  const bool open_ended = !overload.parameters.empty() && overload.parameters.back().repeated;
  if (arguments.size() < needed || (!open_ended && arguments.size() > overload.parameters.size())) return std::nullopt;
  int total = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto cost = parameter_cost(parameter_at(overload, i), arguments[i]);
    if (!cost) return std::nullopt;
    total += *cost;
  }
  return total;
}

bool all_null(const std::vector<TypedExpr>& arguments) {
  return std::all_of(arguments.begin(), arguments.end(), [](const TypedExpr& a) { return a.nullable; });
}

constexpr std::array<std::string_view, 21> kFields = {
    "year",    "month",      "day",         "hour",        "minute", "second",       "quarter",
    "week",    "isoyear",    "dow",         "isodow",      "doy",    "epoch",        "decade",
    "century", "millennium", "millisecond", "microsecond", "julian", "milliseconds", "microseconds"};
constexpr std::array<std::string_view, 6> kTimeFields = {"hour",  "minute",      "second",
                                                         "epoch", "millisecond", "microsecond"};

std::string list_of_fields() {
  std::string list;
  for (const std::string_view field : kFields) list += (list.empty() ? "" : ", ") + std::string(field);
  return list;
}

}  // namespace

ExpressionChecker::Checked ExpressionChecker::check_call(const SyntaxNode& node) {
  if (!node.is_operator && node.name != "extract" && find_function(node.name) == nullptr) return no_such_function(node);
  TIPPLE_TRY(Arguments arguments, check_children(node));
  if (node.is_operator) {
    bool known = false;
    auto checked = check_operator(node, arguments, &known);
    if (known) return checked;
  }
  if (node.name == "extract" || node.name == "date_part") return check_extract(node, arguments);
  const ExpressionFunction* function = find_function(node.name);
  if (function == nullptr) return no_such_function(node);
  if (function->name == "coalesce" || function->name == "greatest" || function->name == "least" ||
      function->name == "nullif") {
    return check_choice(node, arguments);
  }
  if (function->name == "concat" || function->name == "concat_ws") return check_join(node, *function, arguments);
  return check_function(node, *function, arguments);
}

Error ExpressionChecker::no_such_function(const SyntaxNode& node) const {
  for (const char* clock :
       {"now", "current_date", "current_timestamp", "random", "gen_random_uuid", "clock_timestamp"}) {
    if (node.name == clock) {
      return error(node.offset, fmt::format("no function '{}'", node.name),
                   "a load gives the same rows whenever it runs; put such a value into the job file as a literal");
    }
  }
  const std::string nearest = nearest_name(node.name, function_names());
  return error(node.offset, fmt::format("no function '{}'", node.name),
               nearest.empty() ? "`tipple functions` lists them" : "did you mean '" + nearest + "'?");
}

Error ExpressionChecker::no_such_overload(const SyntaxNode& node, const Arguments& arguments) const {
  std::string types;
  for (const CheckedExpr& argument : arguments) {
    const std::string type = argument.kind != CheckedExpr::Kind::kValue ? "interval" : argument.expr.type.to_string();
    types += (types.empty() ? "" : ", ") + type;
  }
  std::string signature;
  for (const FunctionInfo& info : functions()) {
    if (info.name == node.name) signature = info.signature;
  }
  return error(node.offset, fmt::format("{} takes no such arguments: ({})", node.name, types), signature);
}

// (c1, v1, ..., else) or (x, w1, v1, ..., else).
ExpressionChecker::Checked ExpressionChecker::check_case(const SyntaxNode& node, Arguments& arguments) const {
  const bool compares = node.name == "case_value";
  std::vector<CheckedExpr*> conditions;
  std::vector<CheckedExpr*> values;
  if (compares) conditions.push_back(&arguments.front());
  for (std::size_t i = compares ? 1 : 0; i + 1 < arguments.size(); i += 2) {
    conditions.push_back(&arguments[i]);
    values.push_back(&arguments[i + 1]);
  }
  values.push_back(&arguments.back());
  if (compares) TIPPLE_RETURN_IF_ERROR(unify(conditions, CommonFor::kCompare));
  if (!compares) {
    for (CheckedExpr* condition : conditions) TIPPLE_RETURN_IF_ERROR(expect_bool(condition, "WHEN"));
  }
  TIPPLE_TRY(const DataType type, unify(values, CommonFor::kChoice));
  bool nullable = false;
  for (const CheckedExpr* chosen : values) nullable |= chosen->expr.nullable;
  std::vector<TypedExpr> operands;
  for (CheckedExpr& argument : arguments) operands.push_back(std::move(argument.expr));
  TypedExpr expr = call_expr(node.name, type, std::move(operands));
  expr.nullable = nullable;
  return value(node, std::move(expr));
}

ExpressionChecker::Checked ExpressionChecker::check_choice(const SyntaxNode& node, Arguments& arguments) const {
  const bool nullif = node.name == "nullif";
  if (arguments.empty() || (nullif && arguments.size() != 2)) return no_such_overload(node, arguments);
  std::vector<CheckedExpr*> all;
  for (CheckedExpr& argument : arguments) all.push_back(&argument);
  const bool compares = node.name != "coalesce";
  TIPPLE_TRY(DataType type, unify(all, CommonFor::kChoice));
  std::vector<TypedExpr> operands;
  for (CheckedExpr& argument : arguments) {
    if (compares && type.kind == TypeKind::kEnum) TIPPLE_RETURN_IF_ERROR(convert_to_text(&argument));
    operands.push_back(std::move(argument.expr));
  }
  if (compares && type.kind == TypeKind::kEnum) type = type_of(TypeKind::kString);
  const bool nullable = nullif || all_null(operands);
  TypedExpr expr = call_expr(node.name, type, std::move(operands));
  expr.nullable = nullable;
  return value(node, std::move(expr));
}

ExpressionChecker::Checked ExpressionChecker::check_extract(const SyntaxNode& node, Arguments& arguments) const {
  if (arguments.size() != 2) return error(node.offset, fmt::format("{} takes a field and a value", node.name));
  CheckedExpr& source = arguments[1];
  const TypedExpr& field_expr = arguments[0].expr;
  if (!is_literal(field_expr) || field_expr.type.kind != TypeKind::kString || field_expr.literal.front().null) {
    return error(arguments[0].offset, "the field must be a text in quotes", list_of_fields());
  }
  std::string field = field_expr.literal.front().text;
  for (char& c : field) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
    return error(arguments[0].offset, fmt::format("no field '{}'", field), "fields are " + list_of_fields());
  }
  if (field.ends_with("seconds")) field.pop_back();
  const bool fraction = field == "second" || field == "epoch" || field == "millisecond";
  TypedExpr expr;
  if (source.kind == CheckedExpr::Kind::kDifference) {
    if (field != "epoch") return error(arguments[0].offset, "of a difference of timestamps there is only the epoch");
    expr = std::move(source.expr);
  } else {
    TIPPLE_RETURN_IF_ERROR(expect_value(source));
    if (source.untyped) TIPPLE_RETURN_IF_ERROR(convert(&source, type_of(TypeKind::kTimestamp)));
    const TypeKind kind = source.expr.type.kind;
    if (kind == TypeKind::kTime && std::find(kTimeFields.begin(), kTimeFields.end(), field) == kTimeFields.end()) {
      return error(arguments[0].offset, fmt::format("a time has no {}", field));
    }
    if (kind != TypeKind::kDate && kind != TypeKind::kTimestamp && kind != TypeKind::kTime) {
      return error(source.offset,
                   fmt::format("expected a date, a timestamp or a time, but this is {}", source.expr.type.to_string()));
    }
    Literal name;
    name.text = field;
    std::vector<TypedExpr> operands;
    operands.push_back(literal_expr(std::move(name)));
    operands.push_back(std::move(source.expr));
    const DataType type = fraction ? decimal_of(18, field == "millisecond" ? 3 : 6) : type_of(TypeKind::kInt64);
    expr = call_expr("extract", type, std::move(operands));
  }
  if (node.name == "date_part") expr = cast_expr(std::move(expr), type_of(TypeKind::kFloat64));
  return value(node, std::move(expr));
}

ExpressionChecker::Checked ExpressionChecker::check_join(const SyntaxNode& node, const ExpressionFunction& function,
                                                         Arguments& arguments) const {
  if (!overload_cost(function.overloads.front(), arguments)) return no_such_overload(node, arguments);
  std::vector<TypedExpr> operands;
  for (CheckedExpr& argument : arguments) {
    TIPPLE_RETURN_IF_ERROR(convert_to_text(&argument));
    operands.push_back(std::move(argument.expr));
  }
  const bool nullable = function.name == "concat_ws" && operands.front().nullable;
  TypedExpr expr = call_expr(function.canonical, type_of(TypeKind::kString), std::move(operands));
  expr.nullable = nullable;
  return value(node, std::move(expr));
}

ExpressionChecker::Checked ExpressionChecker::check_function(const SyntaxNode& node, const ExpressionFunction& function,
                                                             Arguments& arguments) {
  const ExpressionOverload* best = nullptr;
  int best_cost = 0;
  for (const ExpressionOverload& overload : function.overloads) {
    const auto cost = overload_cost(overload, arguments);
    if (cost && (best == nullptr || *cost < best_cost)) {
      best = &overload;
      best_cost = *cost;
    }
  }
  if (best == nullptr) {
    for (const CheckedExpr& argument : arguments) TIPPLE_RETURN_IF_ERROR(expect_value(argument));
    return no_such_overload(node, arguments);
  }
  return check_overload(node, function, *best, arguments);
}

ExpressionChecker::Checked ExpressionChecker::check_overload(const SyntaxNode& node, const ExpressionFunction& function,
                                                             const ExpressionOverload& overload, Arguments& arguments) {
  std::vector<TypedExpr> operands;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const ExpressionParameter& parameter = parameter_at(overload, i);
    CheckedExpr& argument = arguments[i];
    if (parameter.accepts == Accepts::kType) {
      TIPPLE_RETURN_IF_ERROR(convert(&argument, parameter.type));
    } else if (parameter.accepts == Accepts::kNumber) {
      if (argument.untyped) TIPPLE_RETURN_IF_ERROR(convert(&argument, type_of(TypeKind::kFloat64)));
      const DataType type = argument.expr.type;
      if (is_integer(type.kind))
        argument.expr = cast_expr(std::move(argument.expr), *common_type(type, type, CommonFor::kArithmetic));
    } else if (parameter.accepts == Accepts::kDecimal) {
      if (argument.untyped) TIPPLE_RETURN_IF_ERROR(convert(&argument, decimal_of(kDecimalDigitsMax, 0)));
      argument.expr = cast_expr(std::move(argument.expr), decimal_for(argument.expr.type));
    }
    operands.push_back(std::move(argument.expr));
  }
  if (function.canonical == "modulo") {
    SyntaxNode division = node;
    division.name = "modulo";
    Arguments both;
    for (TypedExpr& operand : operands) both.push_back(value(node, std::move(operand)));
    return check_arithmetic(division, both);
  }
  DataType type = overload.result_is_first ? operands.front().type : overload.result;
  const std::string& name = function.canonical;
  if (type.kind == TypeKind::kDecimal && (name == "ceil" || name == "floor" || name == "round" || name == "trunc")) {
    // Digits after the point that are known now are the result's scale; otherwise it keeps its own, the rest being
    // zeros.
    int scale = operands.size() == 1 ? 0 : type.scale;
    if (operands.size() == 2 && is_literal(operands[1]) && !operands[1].literal.front().null) {
      scale = std::clamp(std::stoi(operands[1].literal.front().text.substr(0, 4)), 0, static_cast<int>(type.scale));
    }
    type = decimal_of(type.precision - type.scale + 1 + scale, scale);
  }
  if (type.kind == TypeKind::kDecimal && name == "sign") type = decimal_of(1, 0);
  TypedExpr expr = call_expr(name, type, std::move(operands));
  if (!function.null_of_null) expr.nullable = true;
  return value(node, std::move(expr));
}

}  // namespace tipple
