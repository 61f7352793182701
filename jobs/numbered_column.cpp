#include "jobs/numbered_column.h"

#include "base/check.h"

namespace tipple {

std::optional<NumberedColumn> numbered_column(const TableSpec& table) {
  const auto* step = table.steps.empty() ? nullptr : std::get_if<NumberStep>(&table.steps.back());
  if (step == nullptr) return std::nullopt;
  TIPPLE_CHECK(!table.output.empty() && table.output.back().name == step->into, "the last step adds the last column");
  return NumberedColumn{static_cast<std::uint32_t>(table.output.size() - 1), step->into,
                        static_cast<std::int64_t>(step->start)};
}

}  // namespace tipple
