#include "transforms/check_rows.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "formats/csv_rule.h"
#include "transforms/step_arrays.h"

namespace tipple {
namespace {

MadeCheck make_check(const CheckSpec& check, const Schema& schema, const JobSpec& job,
                     const std::vector<LookupTable>& lookups, const std::string& place) {
  switch (check.kind) {
    case CheckSpec::Kind::kRule:
      return make_rule_check(check, schema, place);
    case CheckSpec::Kind::kNotNull:
      return make_not_null_check(check, schema);
    case CheckSpec::Kind::kRange:
      return make_range_check(check, schema, place);
    case CheckSpec::Kind::kSet:
      return make_set_check(check, schema, place);
    case CheckSpec::Kind::kPattern:
      return make_pattern_check(check, schema, place);
    case CheckSpec::Kind::kLength:
      return make_length_check(check, schema);
    case CheckSpec::Kind::kForeignKey:
      return make_foreign_key_check(check, schema, job, lookups, place);
  }
  TIPPLE_CHECK(false, "unknown kind of check");
}

}  // namespace

Result<RowChecks> RowChecks::make(const JobSpec& job, const TableSpec& table, const Schema& schema,
                                  const std::vector<LookupTable>& lookups, const std::string& place) {
  RowChecks checks;
  for (const CheckSpec& spec : table.checks) {
    TIPPLE_TRY(auto check, make_check(spec, schema, job, lookups, fmt::format("{}, check '{}'", place, spec.name)));
    const char* rule = spec.on_fail == OnFail::kFail ? "check-fail:" : "check:";
    checks.entries_.push_back(
        {rule + spec.name, spec.columns.size() == 1 ? spec.columns.front() : "", spec.on_fail, std::move(check)});
  }
  return checks;
}

Result<CheckCounts> RowChecks::run(StepBatch& batch, arrow::MemoryPool* pool) const {
  CheckCounts counts;
  counts.failed.resize(entries_.size());
  std::vector<RowFault> faults;
  const auto collect = [&](const Entry& entry, const FailedRows& failed) {
    std::size_t note = 0;
    for (const std::uint32_t row : failed.rows) {
      while (note < failed.notes.size() && failed.notes[note].first < row) ++note;
      const bool noted = note < failed.notes.size() && failed.notes[note].first == row;
      faults.push_back(
          {row, entry.column, entry.rule, noted ? failed.notes[note].second : entry.check->reason(batch.rows(), row)});
    }
  };
  std::vector<FailedRows> rejected(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    FailedRows failed;
    TIPPLE_RETURN_IF_ERROR(entries_[i].check->run(batch.rows(), failed, pool));
    counts.failed[i] = failed.rows.size();
    if (entries_[i].on_fail == OnFail::kFail) collect(entries_[i], failed);
    if (entries_[i].on_fail == OnFail::kReject) rejected[i] = std::move(failed);
  }
  // Behind those that fail the load: the first fault of a row stays.
  for (std::size_t i = 0; i < entries_.size(); ++i) collect(entries_[i], rejected[i]);
  TIPPLE_RETURN_IF_ERROR(batch.reject(std::move(faults), pool));
  return counts;
}

std::string value_in_words(const arrow::Array& values, const DataType& type, std::uint32_t row) {
  if (values.IsNull(row)) return "null";
  if (values.type_id() == arrow::Type::STRING) return printable_text(TextView(values)[row]);
  if (type.kind == TypeKind::kEnum) {
    const std::uint16_t code = values.data()->GetValues<std::uint16_t>(1)[row];
    return code < type.labels.size() ? printable_text(type.labels[code]) : fmt::format("{}", code);
  }
  const auto scalar = values.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

}  // namespace tipple
