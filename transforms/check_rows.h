// The checks of a table on the rows that came out of its steps.
//
// Every check sees every row, so that its count does not depend on the others. A row that failed several leaves with
// one fault: that of the first check with on_fail: fail, else of the first with reject. Thread rule: immutable after
// make(); run() may be called on many threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/job_spec.h"
#include "transforms/step_batch.h"
#include "transforms/table_pipeline.h"

namespace tipple {

// What one check found in a batch.
struct FailedRows {
  std::vector<std::uint32_t> rows;                           // ascending
  std::vector<std::pair<std::uint32_t, std::string>> notes;  // reasons that only the run itself knows, ascending by row
};

class RowCheck {
 public:
  virtual ~RowCheck() = default;
  [[nodiscard]] virtual Status run(const arrow::RecordBatch& rows, FailedRows& failed,
                                   arrow::MemoryPool* pool) const = 0;
  // One sentence; asked of the rows that leave only.
  [[nodiscard]] virtual std::string reason(const arrow::RecordBatch& rows, std::uint32_t row) const = 0;
};

class RowChecks {
 public:
  // `place`: as "table 'flights'".
  [[nodiscard]] static Result<RowChecks> make(const JobSpec& job, const TableSpec& table, const Schema& schema,
                                              const std::vector<LookupTable>& lookups, const std::string& place);
  // Rejects what fails; the counts are by position in TableSpec::checks.
  [[nodiscard]] Result<CheckCounts> run(StepBatch& batch, arrow::MemoryPool* pool) const;

 private:
  struct Entry {
    std::string rule;    // of its faults
    std::string column;  // of its faults
    OnFail on_fail;
    std::unique_ptr<RowCheck> check;
  };
  std::vector<Entry> entries_;
};

// Each kind. Errors: kUsage at `place`.
using MadeCheck = Result<std::unique_ptr<RowCheck>>;
[[nodiscard]] MadeCheck make_rule_check(const CheckSpec& check, const Schema& schema, const std::string& place);
[[nodiscard]] MadeCheck make_not_null_check(const CheckSpec& check, const Schema& schema);
[[nodiscard]] MadeCheck make_range_check(const CheckSpec& check, const Schema& schema, const std::string& place);
[[nodiscard]] MadeCheck make_set_check(const CheckSpec& check, const Schema& schema, const std::string& place);
[[nodiscard]] MadeCheck make_pattern_check(const CheckSpec& check, const Schema& schema, const std::string& place);
[[nodiscard]] MadeCheck make_length_check(const CheckSpec& check, const Schema& schema);
[[nodiscard]] MadeCheck make_foreign_key_check(const CheckSpec& check, const Schema& schema, const JobSpec& job,
                                               const std::vector<LookupTable>& lookups, const std::string& place);

// A value for a sentence: texts printable and cut, enums as their label.
[[nodiscard]] std::string value_in_words(const arrow::Array& values, const DataType& type, std::uint32_t row);

}  // namespace tipple
