// lookup: columns of a small table beside the rows that name its keys.
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "jobs/table_schema.h"
#include "transforms/check_values.h"
#include "transforms/lookup_reader.h"
#include "transforms/step_arrays.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

class LookupTableStep : public TableStep {
 public:
  LookupTableStep(const LookupStep& step, const StepPlace& at, LookupKeys keys,
                  std::vector<std::shared_ptr<arrow::Array>> taken)
      : missing_(step.missing),
        source_(at.job.sources[step.source.value()].name),
        keys_(std::move(keys)),
        taken_(std::move(taken)),
        schema_(arrow_schema(at.output)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    std::vector<std::uint32_t> found(static_cast<std::size_t>(batch.size()));
    const std::vector<KeyColumn> keys = keys_.of(batch.rows());
    keys_.index.find(keys, batch.size(), found.data());
    std::vector<RowFault> faults;
    if (missing_ == LookupStep::Missing::kReject) {
      for (std::size_t row = 0; row < found.size(); ++row) {
        if (found[row] == kNoRow) faults.push_back(fault_of(keys, row));
      }
    } else if (missing_ == LookupStep::Missing::kDefault) {
      // The defaults stand behind the table's last row.
      for (std::uint32_t& row : found) row = row == kNoRow ? keys_.index.size() : row;
    }
    auto columns = batch.rows().columns();
    for (const auto& values : taken_) {
      TIPPLE_TRY(auto column, gather(*values, found, pool));
      columns.push_back(std::move(column));
    }
    batch.set_columns(schema_, std::move(columns));
    return batch.reject(std::move(faults), pool);
  }

 private:
  RowFault fault_of(const std::vector<KeyColumn>& keys, std::size_t row) const {
    return {static_cast<std::uint32_t>(row), keys_.own_names.front(), "lookup",
            fmt::format("'{}' has no row with {}", source_,
                        printable_key(keys, keys_.names, static_cast<std::int64_t>(row)))};
  }

  LookupStep::Missing missing_;
  std::string source_;
  LookupKeys keys_;
  std::vector<std::shared_ptr<arrow::Array>> taken_;
  std::shared_ptr<arrow::Schema> schema_;
};

// `values` and behind them the default.
Result<std::shared_ptr<arrow::Array>> with_default(const std::shared_ptr<arrow::Array>& values, const std::string& text,
                                                   const DataType& type, const std::string& place) {
  TIPPLE_TRY(const auto one, array_of_texts({text}, type, place));
  auto both = arrow::Concatenate({values, one});
  if (!both.ok()) return from_arrow(both.status(), place);
  return std::move(both).ValueUnsafe();
}

}  // namespace

MadeStep make_step(const LookupStep& step, const StepPlace& at) {
  const std::vector<LookupField> fields = lookup_fields(step, at.input);
  TIPPLE_TRY(auto columns, lookup_arrays(fields, step.source, at.job, at.lookups, at.place));
  std::vector<std::string> own;
  for (const auto& [name, field] : step.on) own.push_back(name);
  TIPPLE_TRY(
      LookupKeys keys,
      LookupKeys::make(own, fields, columns, at.input, /*unique=*/true,
                       fmt::format("the lookup table '{}'", at.job.sources[step.source.value()].name), at.place));
  std::vector<std::shared_ptr<arrow::Array>> taken(columns.begin() + static_cast<std::ptrdiff_t>(step.on.size()),
                                                   columns.end());
  if (step.missing == LookupStep::Missing::kDefault) {
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const DataType& type = fields[step.on.size() + i].type;
      TIPPLE_TRY(taken[i], with_default(taken[i], step.defaults.at(step.take[i].first), type, at.place));
    }
  }
  return std::unique_ptr<TableStep>(std::make_unique<LookupTableStep>(step, at, std::move(keys), std::move(taken)));
}

}  // namespace tipple
