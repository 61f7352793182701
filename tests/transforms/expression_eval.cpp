// Evaluates expressions over a table, for expressions_duckdb.py.
//
// stdin: "name:type<TAB>..." , one line a row with its values ("\N" is null), a line "---", one line an expression.
// stdout: one line an expression: its values separated by 0x1F, "\N" for null, "!rule" for a fault; or "error: ...".
#include <iostream>
#include <sstream>

#include "tests/transforms/expression_testing.h"

namespace tipple {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) cells.push_back(cell == "\\N" ? "" : cell);
  return cells;
}

int evaluate_all() {
  std::string line;
  if (!std::getline(std::cin, line)) return 2;
  Schema schema;
  for (const std::string& column : split(line)) {
    const auto type = parse_data_type(column.substr(column.find(':') + 1));
    if (!type.ok()) return 2;
    schema.push_back(Column{column.substr(0, column.find(':')), *type, true});
  }
  std::vector<std::vector<std::string>> columns(schema.size());
  while (std::getline(std::cin, line) && line != "---") {
    const auto cells = split(line);
    if (cells.size() != schema.size()) return 2;
    for (std::size_t i = 0; i < cells.size(); ++i) columns[i].push_back(cells[i]);
  }
  const ExprTestTable table = expr_table(schema, columns);
  while (std::getline(std::cin, line)) {
    const auto result = evaluate_expression(line, table);
    if (!result.ok()) {
      std::cout << "error: " << result.error().to_string() << "\n";
      continue;
    }
    std::string out;
    for (const std::string& value : result->rows)
      out += (out.empty() ? "" : "\x1f") + (value == "NULL" ? "\\N" : value == "" ? "\\E" : value);
    std::cout << out << "\n";
  }
  return testing::Test::HasFailure() ? 1 : 0;
}

}  // namespace
}  // namespace tipple

int main() { return tipple::evaluate_all(); }
