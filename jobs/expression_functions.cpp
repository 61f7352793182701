#include "jobs/expression_functions.h"

#include <map>

#include <fmt/format.h>

#include "base/check.h"
#include "jobs/expression_function_table.h"

namespace tipple {
namespace {

using Accepts = ExpressionParameter::Accepts;

// `text` up to `separator`; the rest is left in `text`.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + separator.size());
  return part;
}

DataType named_type(std::string_view name) {
  const auto type = parse_data_type(name);
  TIPPLE_CHECK(type.ok(), "a signature of the function table names no type");
  return *type;
}

// "name type", "[name type]", "name type..."
ExpressionParameter parse_parameter(std::string_view text) {
  ExpressionParameter parameter;
  if (text.starts_with('[')) {
    parameter.optional = true;
    text = text.substr(1, text.size() - 2);
  }
  if (text.ends_with("...")) {
    parameter.repeated = true;
    text.remove_suffix(3);
  }
  take_until(text, " ");
  if (text == "any")
    parameter.accepts = Accepts::kAny;
  else if (text == "number")
    parameter.accepts = Accepts::kNumber;
  else if (text == "decimal")
    parameter.accepts = Accepts::kDecimal;
  else
    parameter.type = named_type(text);
  return parameter;
}

ExpressionOverload parse_overload(std::string_view text) {
  ExpressionOverload overload;
  const std::size_t arrow = text.find("-> ");
  TIPPLE_CHECK(arrow != std::string_view::npos, "a signature of the function table has no result");
  const std::string_view result = text.substr(arrow + 3);
  overload.result_is_first = result == "any" || result == "number" || result == "decimal";
  if (!overload.result_is_first) overload.result = named_type(result);
  std::string_view parameters = text.substr(0, arrow == 0 ? 0 : arrow - 1);
  while (!parameters.empty()) overload.parameters.push_back(parse_parameter(take_until(parameters, ", ")));
  return overload;
}

using FunctionMap = std::map<std::string, ExpressionFunction, std::less<>>;

FunctionMap parse_table() {
  FunctionMap functions;
  for (const FunctionRow& row : function_rows()) {
    if (row.canonical == nullptr) continue;
    ExpressionFunction function{row.name, row.canonical, row.null_of_null, {}};
    std::string_view rest = row.parameters;
    while (!rest.empty()) function.overloads.push_back(parse_overload(take_until(rest, " | ")));
    functions.emplace(row.name, std::move(function));
  }
  return functions;
}

const FunctionMap& function_map() {
  static const FunctionMap functions = parse_table();
  return functions;
}

// As users read it: "substr(text string, start int64 [, count int64]) -> string".
std::string printed_signature(const FunctionRow& row) {
  if (row.canonical == nullptr) return row.parameters;
  std::string signature;
  std::string_view rest = row.parameters;
  while (!rest.empty()) {
    std::string overload(take_until(rest, " | "));
    for (std::size_t at = overload.find(", ["); at != std::string::npos; at = overload.find(", [")) {
      overload.replace(at, 3, " [, ");
    }
    const std::size_t arrow = overload.find("-> ");
    const std::string parameters = overload.substr(0, arrow == 0 ? 0 : arrow - 1);
    if (!signature.empty()) signature += " | ";
    signature += fmt::format("{}({}) {}", row.name, parameters, overload.substr(arrow));
  }
  return signature;
}

}  // namespace

const ExpressionFunction* find_function(std::string_view name) {
  const auto found = function_map().find(name);
  return found == function_map().end() ? nullptr : &found->second;
}

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"cast", "extract", "position", "trim"};
    for (const auto& [name, function] : function_map()) all.push_back(name);
    return all;
  }();
  return names;
}

const std::vector<FunctionInfo>& functions() {
  static const std::vector<FunctionInfo> all = [] {
    std::vector<FunctionInfo> infos;
    for (const FunctionRow& row : function_rows()) {
      infos.push_back({row.name, row.group, printed_signature(row), row.summary, row.example});
    }
    return infos;
  }();
  return all;
}

}  // namespace tipple
