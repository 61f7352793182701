// What the parts of the table schema share: looking columns up with a message that names the nearest. Internal to the
// folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "jobs/node_reader.h"
#include "jobs/table_schema.h"

namespace tipple {

[[nodiscard]] inline bool is_text_type(const DataType& type) {
  return type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString;
}
[[nodiscard]] inline bool is_number_type(const DataType& type) { return type.kind <= TypeKind::kDecimal; }
[[nodiscard]] inline bool is_whole_number_type(const DataType& type) { return type.kind <= TypeKind::kUint64; }
[[nodiscard]] inline bool is_float_type(const DataType& type) {
  return type.kind == TypeKind::kFloat32 || type.kind == TypeKind::kFloat64;
}
[[nodiscard]] inline bool has_a_date(const DataType& type) {
  return type.kind == TypeKind::kDate || type.kind == TypeKind::kTimestamp;
}

// The column, or nullptr and a mistake.
[[nodiscard]] const Column* require_column(const Schema& schema, std::string_view name,
                                           std::vector<StepMistake>& mistakes);
// "did you mean ...?", or the names if there are few.
[[nodiscard]] std::string column_hint(std::string_view name, const Schema& schema);

// Types whose values are looked up as equal. Texts of any width and enums are one type, all whole numbers but uint64
// another.
[[nodiscard]] bool keys_can_match(const DataType& own, const DataType& other);
[[nodiscard]] DataType key_type(const DataType& own);

// Is `text` a value of `type`? Empty, or what is wrong. What takes a calendar to tell is told when the pipeline is
// made.
[[nodiscard]] std::string value_fault(std::string_view text, const DataType& type);

// Of one check behind all steps.
void check_check(const CheckSpec& check, const Schema& output, std::vector<StepMistake>& mistakes);

}  // namespace tipple
