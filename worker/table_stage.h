// TableStage: what becomes of one source's records on their way to one table: which columns the format converts, those
// that come from where a record stood, and the table's pipeline of steps and checks.
//
//   format ──► ConvertedBatch ──► place columns ──► TablePipeline ──► StagedBatch
//
// Immutable once made; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/record_format.h"
#include "jobs/job_spec.h"
#include "transforms/table_pipeline.h"
#include "worker/place_columns.h"

namespace tipple {

// The rows of a block for one table. rows_in + added == batch rows + rejects + filtered.
struct StagedBatch {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::vector<Reject> rejects;
  std::uint64_t rows_in = 0;
  std::uint64_t filtered = 0;
  std::uint64_t added = 0;
  std::vector<std::uint64_t> check_failures;  // by the table's checks; empty without a pipeline
};

class TableStage {
 public:
  // `lookups`: of TablePipeline::lookup_sources(table). Errors: kUsage.
  [[nodiscard]] static Result<TableStage> make(const JobSpec& job, const TableSpec& table, SourceId source,
                                               const std::vector<LookupTable>& lookups);

  [[nodiscard]] const BoundTable& bound() const { return bound_; }
  // What holds for all records of a file. Errors: kUsage.
  [[nodiscard]] Result<FileValues> values_of(const std::string& path) const;
  // The step after the format. Errors: kQuality: a check with `on_fail: fail`.
  [[nodiscard]] Result<StagedBatch> run(ConvertedBatch in, const FileValues& values, const BlockText& text,
                                        arrow::MemoryPool* pool) const;

 private:
  TableStage() = default;
  [[nodiscard]] Status add_places(ConvertedBatch& in, const FileValues& values, const BlockText& text,
                                  arrow::MemoryPool* pool) const;
  [[nodiscard]] Status run_pipeline(const ConvertedBatch& in, const BlockText& text, StagedBatch& out,
                                    arrow::MemoryPool* pool) const;
  [[nodiscard]] Reject reject_at(std::uint32_t origin, BlockRows& rows, bool with_text) const;

  const TableSpec* table_ = nullptr;
  std::filesystem::path folder_;          // the job's
  std::shared_ptr<arrow::Schema> input_;  // of place columns and read ones together
  std::vector<ColumnSpec> columns_;       // likewise
  BoundTable bound_;
  PlaceColumns places_;
  std::shared_ptr<const TablePipeline> pipeline_;
};

}  // namespace tipple
