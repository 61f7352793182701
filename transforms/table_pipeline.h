// TablePipeline: what a table does to the rows of a source after they were converted: computed columns, steps, checks.
//
//   batch of input_columns() ──► expressions ──► steps ──► row checks ──► batch of the table's schema + faults
//
// Compiled once per table and source; knows nothing of files or chunks: rows are named by their position in the input
// batch. Thread rule: immutable after make(); run() may be called on many threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

// A small table for `lookup` and foreign keys, read whole, once per rank. Columns as the job types them.
struct LookupTable {
  SourceId source;
  std::shared_ptr<arrow::RecordBatch> rows;
};

// What a row that does not go on did wrong.
struct RowFault {
  std::uint32_t row = 0;  // position in the input batch
  std::string column;     // empty: the row as a whole
  std::string rule;       // as Reject::rule: "type", "range", "overflow", "lookup", "check:NAME", ...
  std::string reason;
};

// Rows that failed a check, by its position in TableSpec::checks; warnings count rows that went on.
struct CheckCounts {
  std::vector<std::uint64_t> failed;
};

struct PipelineOutput {
  std::shared_ptr<arrow::RecordBatch> batch;  // of the table's schema
  std::vector<RowFault> faults;               // ascending by row, at most one per input row
  std::uint64_t filtered = 0;                 // input rows that where or sample took out
  std::uint64_t added = 0;                    // batch rows + faults + filtered == input rows + added
  CheckCounts checks;
};

class TablePipeline {
 public:
  // The columns that the source's converter must produce for `table`: the declared ones that are read, and as text
  // (nullable) the other fields that expressions name. Pure.
  [[nodiscard]] static std::vector<ColumnSpec> input_columns(const JobSpec& job, const TableSpec& table,
                                                             SourceId source);
  // Sources that lookups and foreign keys of `table` need as LookupTable, ascending.
  [[nodiscard]] static std::vector<SourceId> lookup_sources(const TableSpec& table);
  // The columns that must be read of a lookup source, over all tables of the job.
  [[nodiscard]] static std::vector<ColumnSpec> lookup_columns(const JobSpec& job, SourceId source);

  // Reads the secrets that masks and encryption refer to. Errors: kUsage (a missing secret, duplicate keys in a lookup
  // table).
  [[nodiscard]] static Result<std::unique_ptr<TablePipeline>> make(const JobSpec& job, const TableSpec& table,
                                                                   SourceId source,
                                                                   const std::vector<LookupTable>& lookups);
  virtual ~TablePipeline() = default;
  // `first_row`: number of the batch's first row within its chunk, for what depends on where a row stands (sample).
  // `row_keys`: what names each row for sampling, a hash of its place in the input; empty unless needs_row_keys().
  [[nodiscard]] virtual Result<PipelineOutput> run(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                   const std::vector<std::uint64_t>& row_keys,
                                                   arrow::MemoryPool* pool) const = 0;
  [[nodiscard]] virtual bool needs_row_keys() const = 0;
};

}  // namespace tipple
