// What the columns and steps of a table come to: fills TableSpec::output, and finds every mistake that needs no data:
// unknown columns and functions, types that do not fit, steps on columns that were dropped.
//
// Pure. Called by parse_job for tables with declared columns, and again when the columns of an inferred table are
// known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_spec.h"

namespace tipple {

// The type of a computed column that the job file gives none: it takes its expression's, and becomes nullable if the
// expression is. No column that is read can have it: string(0) holds nothing.
[[nodiscard]] inline DataType type_of_expression() {
  DataType type;
  type.kind = TypeKind::kFixedString;
  type.width = 0;
  return type;
}

// MaskStep::keep of dates. As a number of characters they would be beyond any text.
inline constexpr std::uint32_t kKeepYear = 0xFFFFFFFF;
inline constexpr std::uint32_t kKeepMonth = 0xFFFFFFFE;

struct TableSchemaMistake {
  enum class Part : std::uint8_t { kColumn, kStep, kCheck, kExpectation } part = Part::kColumn;
  std::size_t index = 0;  // among the table's columns, steps, checks, sums
  std::string what;       // with the position in an expression, and the nearest name
  std::string hint;
};

// All mistakes, in the order of the job file; none: `table.output` is set, and so are the types of computed columns
// without one. Precondition: job.sources are complete.
[[nodiscard]] std::vector<TableSchemaMistake> resolve_table_schema(const JobSpec& job, TableSpec& table);

// The parts of resolve_table_schema that transforms/ shares, so that what is promised and what is run cannot differ.

// The columns that a table's expressions read: its own that are read from the source, in order, and after them as
// nullable text the source's fields that only expressions name, ascending. Expressions that do not parse name nothing.
[[nodiscard]] std::vector<ColumnSpec> expression_inputs(const TableSpec& table);

// Positions in table.columns of the computed ones, each after those that it names. Those on a cycle are left out and
// reported.
[[nodiscard]] std::vector<std::size_t> computation_order(const TableSpec& table,
                                                         std::vector<TableSchemaMistake>& mistakes);

struct StepMistake {
  std::string what;
  std::string hint;
};
// The columns behind a step that stands behind `input`. After a mistake, as good a guess as there is.
[[nodiscard]] Schema schema_after(const StepSpec& step, const Schema& input, std::vector<StepMistake>& mistakes);

// Position of a column; absent: -1.
[[nodiscard]] int find_column(const Schema& schema, std::string_view name);
// `name` as an expression writes it: in double quotes.
[[nodiscard]] std::string quoted_name(std::string_view name);

// The type of a lookup's key column: the one that `types` gives it, else that of the own column. Texts and enums meet
// as text.
[[nodiscard]] DataType lookup_key_type(const LookupStep& step, std::size_t key, const Schema& input);

}  // namespace tipple
