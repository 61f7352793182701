#include "jobs/table_schema.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/limits.h"
#include "jobs/expression.h"
#include "jobs/job_sections.h"
#include "jobs/table_schema_columns.h"

namespace tipple {
namespace {

using Part = TableSchemaMistake::Part;

constexpr std::size_t kHintColumnsMax = 20;

// The fields that the job file itself says a source has; absent: its files say.
std::optional<std::vector<std::string>> known_fields(const SourceSpec& source) {
  return source.fields.empty() ? std::nullopt : std::optional(source.fields);
}

class Resolver {
 public:
  Resolver(const JobSpec& job, TableSpec& table) : job_(job), table_(table) {}

  std::vector<TableSchemaMistake> run() && {
    const Schema columns = computed_columns();
    // What follows would only repeat what is wrong with the columns.
    if (!mistakes_.empty()) return std::move(mistakes_);
    Schema schema = columns;
    Schema checked;  // what checks see: rows before they are numbered
    for (std::size_t i = 0; i < table_.steps.size(); ++i) {
      std::vector<StepMistake> found;
      if (const auto* lookup = std::get_if<LookupStep>(&table_.steps[i])) check_lookup_fields(*lookup, found);
      if (const auto* number = std::get_if<NumberStep>(&table_.steps[i])) check_number(*number, i, found);
      checked = schema;
      schema = schema_after(table_.steps[i], schema, found);
      add(Part::kStep, i, std::move(found));
    }
    if (numbered_.empty()) checked = schema;
    check_output(schema);
    for (std::size_t i = 0; i < table_.checks.size(); ++i) add(Part::kCheck, i, check_rows(table_.checks[i], checked));
    check_sums(checked);
    if (mistakes_.empty()) table_.output = std::move(schema);
    return std::move(mistakes_);
  }

 private:
  void add(Part part, std::size_t index, std::vector<StepMistake> found) {
    for (StepMistake& mistake : found)
      mistakes_.push_back({part, index, std::move(mistake.what), std::move(mistake.hint)});
  }

  // The table's columns in their order, after each expression has been typed.
  Schema computed_columns() {
    Schema known;
    for (const ColumnSpec& spec : expression_inputs(table_)) known.push_back(spec.column);
    check_named_fields();
    for (const std::size_t position : computation_order(table_, mistakes_)) {
      Column column = type_computed(position, known);
      table_.columns[position].column = column;
      known.push_back(std::move(column));
    }
    Schema schema;
    for (const ColumnSpec& spec : table_.columns) schema.push_back(spec.column);
    return schema;
  }

  Column type_computed(std::size_t position, const Schema& known) {
    const ColumnSpec& spec = table_.columns[position];
    Column column = spec.column;
    const bool typed = column.type != type_of_expression();
    const auto expression = compile_expression(spec.expr, known);
    if (!expression.ok()) {
      mistakes_.push_back({Part::kColumn, position, expression.error().what, expression.error().hint});
      if (!typed) column.type = DataType{};
      return column;
    }
    if (!typed) {
      column.type = expression->type;
      column.nullable = column.nullable || expression->nullable;
    } else if (expression->type != column.type) {
      const auto cast = compile_expression(fmt::format("CAST(({}) AS {})", spec.expr, column.type.to_string()), known);
      if (!cast.ok()) {
        mistakes_.push_back({Part::kColumn, position,
                             fmt::format("the expression is {} and cannot become {}", expression->type.to_string(),
                                         column.type.to_string()),
                             "leave 'type' out, or change the expression"});
      }
    }
    return column;
  }

  // A name in a column's expression that is no column is a field of the source, which some sources can tell.
  void check_named_fields() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (table_.columns[i].expr.empty()) continue;
      const auto names = expression_columns(table_.columns[i].expr);
      if (!names.ok()) continue;
      for (const std::string& name : *names) {
        if (!is_column(name) && !name.starts_with('$')) check_named_field(i, name);
      }
    }
  }

  void check_named_field(std::size_t position, const std::string& name) {
    for (std::size_t k = 0; k < table_.from.size(); ++k) {
      const SourceSpec& source = job_.sources[table_.from[k].value()];
      const auto fields = known_fields(source);
      if (!fields || mapped(k, name, *fields)) continue;
      std::vector<std::string> names = *fields;
      for (const ColumnSpec& spec : table_.columns) names.push_back(spec.column.name);
      mistakes_.push_back(
          {Part::kColumn, position,
           fmt::format("there is no column '{}', and the source '{}' has no such field", name, source.name),
           names.size() <= kHintColumnsMax ? nearest_hint(name, names, "there are") : nearest_hint(name, names, "")});
      return;
    }
  }

  bool mapped(std::size_t k, const std::string& name, const std::vector<std::string>& fields) const {
    std::string field = name;
    if (k < table_.field_maps.size()) {
      const auto found = table_.field_maps[k].find(name);
      if (found != table_.field_maps[k].end()) field = found->second;
    }
    return std::find(fields.begin(), fields.end(), field) != fields.end();
  }

  bool is_column(const std::string& name) const {
    return std::any_of(table_.columns.begin(), table_.columns.end(),
                       [&](const ColumnSpec& spec) { return spec.column.name == name; });
  }

  void check_lookup_fields(const LookupStep& step, std::vector<StepMistake>& found) const {
    std::vector<std::string> names;
    for (const auto& [own, field] : step.on) names.push_back(field);
    for (const auto& [column, field] : step.take) names.push_back(field);
    for (const auto& [field, type] : step.types) names.push_back(field);
    check_source_fields(step.source, names, found);
  }

  void check_source_fields(SourceId id, const std::vector<std::string>& names, std::vector<StepMistake>& found) const {
    if (id.value() >= job_.sources.size()) return;
    const SourceSpec& source = job_.sources[id.value()];
    const auto fields = known_fields(source);
    if (!fields) return;
    for (const std::string& name : std::set<std::string>(names.begin(), names.end())) {
      if (std::find(fields->begin(), fields->end(), name) != fields->end()) continue;
      found.push_back({fmt::format("the source '{}' has no field '{}'", source.name, name),
                       nearest_hint(name, *fields, "its fields are")});
    }
  }

  void check_number(const NumberStep& step, std::size_t position, std::vector<StepMistake>& found) {
    numbered_ = step.into;
    if (position + 1 == table_.steps.size()) return;
    found.push_back({"'number' must be the last step: rows are numbered when nothing can take them away any more",
                     "move it behind the others, and say it once"});
  }

  // A row has no number before the load is published, and so none that a check could look at.
  [[nodiscard]] bool names_number(const std::string& name, std::vector<StepMistake>& found) const {
    if (numbered_.empty() || name != numbered_) return false;
    found.push_back({fmt::format("the column '{}' is numbered when the table is published, after the checks", name),
                     "check other columns: numbers have no gaps and none comes twice"});
    return true;
  }

  [[nodiscard]] std::vector<StepMistake> check_rows(const CheckSpec& check, const Schema& checked) const {
    std::vector<StepMistake> found;
    std::vector<std::string> names = check.columns;
    if (check.kind == CheckSpec::Kind::kRule) {
      if (auto named = expression_columns(check.rule); named.ok()) names = std::move(named).value();
    }
    for (const std::string& name : names) {
      if (names_number(name, found)) return found;
    }
    check_check(check, checked, found);
    if (check.kind == CheckSpec::Kind::kForeignKey) check_source_fields(check.source, check.foreign_columns, found);
    return found;
  }

  // The table as parts store it.
  void check_output(const Schema& output) {
    const std::size_t last = table_.steps.empty() ? 0 : table_.steps.size() - 1;
    const Part part = table_.steps.empty() ? Part::kColumn : Part::kStep;
    if (output.empty()) mistakes_.push_back({part, last, "no column is left", "a table needs at least one column"});
    for (const Column& column : output) {
      for (const std::string_view suffix : {".valid", ".length"}) {
        if (!column.name.ends_with(suffix)) continue;
        const std::string owner = column.name.substr(0, column.name.size() - suffix.size());
        // Clashes among the columns themselves are the job file's own check.
        if (find_column(output, owner) < 0 || table_.steps.empty()) continue;
        mistakes_.push_back(
            {part, last,
             fmt::format("the column '{}' clashes with what is stored for the column '{}'", column.name, owner),
             "choose another name"});
      }
    }
  }

  void check_sums(const Schema& checked) {
    const auto& sums = table_.expectations.sums;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      std::vector<StepMistake> found;
      const Column* column =
          names_number(sums[i].column, found) ? nullptr : require_column(checked, sums[i].column, found);
      if (column != nullptr && !is_number_type(column->type)) {
        found.push_back({fmt::format("the column '{}' is {} and has no sum", column->name, column->type.to_string()),
                         "sums are of numbers"});
      }
      add(Part::kExpectation, i, std::move(found));
    }
  }

  const JobSpec& job_;
  TableSpec& table_;
  std::vector<TableSchemaMistake> mistakes_;
  std::string numbered_;  // the column that the step `number` fills, if there is one
};

// Depth first; a column that is met again while it is open closes a cycle.
class Ordering {
 public:
  Ordering(const TableSpec& table, std::vector<TableSchemaMistake>& mistakes)
      : table_(table), mistakes_(mistakes), state_(table.columns.size()) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].expr.empty()) positions_.emplace(table.columns[i].column.name, i);
    }
  }

  std::vector<std::size_t> run() && {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (!table_.columns[i].expr.empty()) visit(i);
    }
    return std::move(order_);
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone, kCyclic };

  // At most kColumnsMax deep. False: on a cycle, or behind one.
  bool visit(std::size_t position) {
    if (state_[position] == State::kDone || state_[position] == State::kCyclic) return state_[position] == State::kDone;
    if (state_[position] == State::kOpen) {
      report(position);
      return false;
    }
    state_[position] = State::kOpen;
    path_.push_back(position);
    bool good = true;
    const auto names = expression_columns(table_.columns[position].expr);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      const auto found = positions_.find(name);
      if (found != positions_.end() && !visit(found->second)) good = false;
    }
    path_.pop_back();
    state_[position] = good ? State::kDone : State::kCyclic;
    if (good) order_.push_back(position);
    return good;
  }

  void report(std::size_t position) {
    const auto begin = std::find(path_.begin(), path_.end(), position);
    std::string cycle;
    for (auto at = begin; at != path_.end(); ++at) cycle += table_.columns[*at].column.name + " -> ";
    cycle += table_.columns[position].column.name;
    const bool own = path_.end() - begin == 1;
    mistakes_.push_back(
        {Part::kColumn, position, fmt::format("the column is computed from itself: {}", cycle),
         own ? "for the source's field of that name, read it as a column of another name with 'from', and drop that one"
             : ""});
  }

  const TableSpec& table_;
  std::vector<TableSchemaMistake>& mistakes_;
  std::map<std::string, std::size_t, std::less<>> positions_;
  std::vector<State> state_;
  std::vector<std::size_t> path_;
  std::vector<std::size_t> order_;
};

}  // namespace

int find_column(const Schema& schema, std::string_view name) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

std::string column_hint(std::string_view name, const Schema& schema) {
  std::vector<std::string> known;
  for (const Column& column : schema) known.push_back(column.name);
  const std::string nearest = nearest_name(name, known);
  if (!nearest.empty()) return "did you mean '" + nearest + "'?";
  return known.empty() || known.size() > kHintColumnsMax ? "" : "the columns here are " + quoted_list(known, "and");
}

const Column* require_column(const Schema& schema, std::string_view name, std::vector<StepMistake>& mistakes) {
  const int position = find_column(schema, name);
  if (position >= 0) return &schema[static_cast<std::size_t>(position)];
  mistakes.push_back({fmt::format("there is no column '{}'", name), column_hint(name, schema)});
  return nullptr;
}

std::vector<ColumnSpec> expression_inputs(const TableSpec& table) {
  std::vector<ColumnSpec> inputs;
  std::set<std::string> own;
  std::set<std::string> fields;
  for (const ColumnSpec& spec : table.columns) {
    own.insert(spec.column.name);
    if (spec.expr.empty()) inputs.push_back(spec);
  }
  for (const ColumnSpec& spec : table.columns) {
    if (spec.expr.empty()) continue;
    const auto names = expression_columns(spec.expr);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      if (!own.contains(name)) fields.insert(name);
    }
  }
  for (const std::string& name : fields) {
    ColumnSpec spec;
    spec.column = {name, DataType{}, true};
    spec.from = name;
    inputs.push_back(std::move(spec));
  }
  return inputs;
}

std::vector<std::size_t> computation_order(const TableSpec& table, std::vector<TableSchemaMistake>& mistakes) {
  return Ordering(table, mistakes).run();
}

std::vector<TableSchemaMistake> resolve_table_schema(const JobSpec& job, TableSpec& table) {
  return Resolver(job, table).run();
}

}  // namespace tipple
