#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/limits.h"
#include "jobs/expression.h"
#include "jobs/table_schema_columns.h"

namespace tipple {
namespace {

struct CheckTyper {
  const CheckSpec& check;
  const Schema& output;
  std::vector<StepMistake>& mistakes;

  void fault(std::string what, std::string hint = {}) { mistakes.push_back({std::move(what), std::move(hint)}); }

  void rule() {
    const auto expression = compile_expression(check.rule, output);
    if (!expression.ok()) {
      fault(expression.error().what, expression.error().hint);
    } else if (expression->type.kind != TypeKind::kBool) {
      fault(fmt::format("the rule is {}, not true or false", expression->type.to_string()),
            "compare it with something");
    }
  }

  void range(const Column& column) {
    if (column.type.kind == TypeKind::kBool || column.type.kind == TypeKind::kEnum) {
      fault(fmt::format("'{}' is {} and has no range", column.name, column.type.to_string()),
            "list the values in a 'set'");
      return;
    }
    for (const auto* bound : {&check.min, &check.max}) {
      if (!*bound) continue;
      if (const std::string wrong = value_fault(**bound, column.type); !wrong.empty())
        fault(wrong, fmt::format("'{}' is of that type", column.name));
    }
  }

  void set(const Column& column) {
    if (is_float_type(column.type)) {
      fault(fmt::format("'{}' is {}, whose values cannot be listed", column.name, column.type.to_string()),
            "use a 'range' or a decimal");
      return;
    }
    for (const std::string& value : check.values) {
      if (const std::string wrong = value_fault(value, column.type); !wrong.empty())
        fault(wrong, fmt::format("'{}' is of that type", column.name));
    }
  }

  void text(const Column& column, std::string_view kind) {
    if (!is_text_type(column.type))
      fault(fmt::format("'{}' is {}, and '{}' is for text", column.name, column.type.to_string(), kind));
  }

  void pattern() {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(limits::kPatternMemoryBytesMax);
    const RE2 compiled(check.pattern, options);
    if (!compiled.ok())
      fault(fmt::format("'{}' is not a regular expression: {}", check.pattern, compiled.error()),
            "RE2's syntax; look-arounds and back-references are not in it");
  }

  void run() {
    if (check.kind == CheckSpec::Kind::kRule) return rule();
    for (const std::string& name : check.columns) {
      const Column* column = require_column(output, name, mistakes);
      if (column == nullptr) continue;
      switch (check.kind) {
        case CheckSpec::Kind::kRule:
        case CheckSpec::Kind::kNotNull:
          break;
        case CheckSpec::Kind::kRange:
          range(*column);
          break;
        case CheckSpec::Kind::kSet:
          set(*column);
          break;
        case CheckSpec::Kind::kPattern:
          text(*column, "pattern");
          break;
        case CheckSpec::Kind::kLength:
          text(*column, "length");
          break;
        case CheckSpec::Kind::kForeignKey:
          if (is_float_type(column->type))
            fault(fmt::format("'{}' is {}: fractions are no keys", name, column->type.to_string()));
          break;
      }
    }
    if (check.kind == CheckSpec::Kind::kPattern) pattern();
  }
};

}  // namespace

void check_check(const CheckSpec& check, const Schema& output, std::vector<StepMistake>& mistakes) {
  CheckTyper{check, output, mistakes}.run();
}

}  // namespace tipple
