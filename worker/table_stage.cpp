#include "worker/table_stage.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/check.h"
#include "formats/arrow_types.h"
#include "formats/csv_compact.h"
#include "jobs/load_job.h"

namespace tipple {
namespace {

constexpr std::string_view kFailingCheck = "check-fail:";

// The columns that a table takes from a source, under the source's names for them.
std::vector<ColumnSpec> input_columns(const JobSpec& job, const TableSpec& table, SourceId source) {
  if (table.needs_pipeline()) return TablePipeline::input_columns(job, table, source);
  std::vector<ColumnSpec> columns = table.columns;
  const auto position =
      static_cast<std::size_t>(std::find(table.from.begin(), table.from.end(), source) - table.from.begin());
  if (position >= table.field_maps.size()) return columns;
  for (ColumnSpec& column : columns) {
    const auto mapped = table.field_maps[position].find(column.column.name);
    if (mapped != table.field_maps[position].end()) column.from = mapped->second;
  }
  return columns;
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

// Names a row for sampling: where it stands in the input, and nothing else.
std::vector<std::uint64_t> row_keys(const std::vector<std::uint32_t>& origins, const BlockRows& rows) {
  std::uint64_t path = 0xCBF29CE484222325U;
  for (const char c : rows.path()) path = (path ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  std::vector<std::uint64_t> keys;
  keys.reserve(origins.size());
  for (const std::uint32_t origin : origins)
    keys.push_back(mixed(path + 0x9E3779B97F4A7C15U * (rows.offset(origin) + 1)));
  return keys;
}

// Rejects of a block, both lists in input order.
void merge_rejects(std::vector<Reject> more, std::vector<Reject>& rejects) {
  if (more.empty()) return;
  const auto middle = static_cast<std::ptrdiff_t>(rejects.size());
  rejects.insert(rejects.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
  std::inplace_merge(rejects.begin(), rejects.begin() + middle, rejects.end(),
                     [](const Reject& a, const Reject& b) { return a.offset < b.offset; });
}

// A raw table takes every record, also those that the format cannot read.
void take_rejected_records(const BlockText& text, ConvertedBatch& in) {
  if (in.rejects.empty()) return;
  for (const Reject& reject : in.rejects)
    in.origins.push_back(static_cast<std::uint32_t>(reject.offset - text.place.offset));
  std::sort(in.origins.begin(), in.origins.end());
  in.rejects.clear();
  in.batch = arrow::RecordBatch::Make(in.batch->schema(), static_cast<std::int64_t>(in.origins.size()),
                                      arrow::ArrayDataVector());
}

}  // namespace

Result<TableStage> TableStage::make(const JobSpec& job, const TableSpec& table, SourceId source,
                                    const std::vector<LookupTable>& lookups) {
  TableStage stage;
  stage.table_ = &table;
  stage.folder_ = job.folder;
  stage.columns_ = input_columns(job, table, source);
  TIPPLE_TRY(stage.places_, PlaceColumns::make(stage.columns_));
  Schema schema;
  for (const ColumnSpec& column : stage.columns_) {
    schema.push_back(column.column);
    if (!is_place_column(column)) stage.bound_.columns.push_back(column);
  }
  stage.input_ = arrow_schema(schema);
  stage.bound_.keep_raw = table.rejects.keep_raw;
  // Columns that were found in some of the input are absent from the rest.
  stage.bound_.absent_is_null = table.from.size() > 1 || finds_columns(table);
  stage.bound_.new_fields = table.schema_mode == SchemaMode::kFreeze;
  if (table.needs_pipeline()) {
    TIPPLE_TRY(stage.pipeline_, TablePipeline::make(job, table, source, lookups));
  }
  stage.bound_.origins = stage.pipeline_ != nullptr || stage.places_.by_row();
  return stage;
}

Result<FileValues> TableStage::values_of(const std::string& path) const { return places_.values_of(path, folder_); }

Reject TableStage::reject_at(std::uint32_t origin, BlockRows& rows, bool with_text) const {
  Reject reject;
  reject.path = rows.path();
  reject.offset = rows.offset(origin);
  reject.line = rows.line(origin);
  if (with_text && rows.has_text()) reject.raw = rows.text(origin);
  return reject;
}

Status TableStage::add_places(ConvertedBatch& in, const FileValues& values, const BlockText& text,
                              arrow::MemoryPool* pool) const {
  const auto count = static_cast<std::size_t>(in.batch->num_rows());
  CsvFaults faults(count);
  arrow::ArrayDataVector arrays;
  TIPPLE_RETURN_IF_ERROR(places_.complete(*in.batch, values, in.origins, text, faults, arrays, pool));
  in.batch = arrow::RecordBatch::Make(input_, static_cast<std::int64_t>(count), std::move(arrays));
  if (faults.empty()) return {};

  std::sort(faults.faults().begin(), faults.faults().end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  BlockRows rows(text);
  std::vector<Reject> rejects;
  for (CsvFaults::Fault& fault : faults.faults()) {
    Reject reject = reject_at(in.origins[fault.row], rows, bound_.keep_raw);
    reject.column = columns_[fault.column].column.name;
    reject.rule = to_string(fault.rule);
    reject.reason = std::move(fault.reason);
    rejects.push_back(std::move(reject));
  }
  merge_rejects(std::move(rejects), in.rejects);
  arrow::RecordBatchVector good;
  std::vector<std::uint32_t> origins;
  for (const CsvRowRun& run : good_runs(faults)) {
    good.push_back(
        in.batch->Slice(static_cast<std::int64_t>(run.begin), static_cast<std::int64_t>(run.end - run.begin)));
    origins.insert(origins.end(), in.origins.begin() + static_cast<std::ptrdiff_t>(run.begin),
                   in.origins.begin() + static_cast<std::ptrdiff_t>(run.end));
  }
  in.origins = std::move(origins);
  if (good.empty()) {
    in.batch = in.batch->Slice(0, 0);
    return {};
  }
  auto joined = arrow::ConcatenateRecordBatches(good, pool);
  if (!joined.ok()) return from_arrow(joined.status(), "rows of a block");
  in.batch = std::move(joined).ValueOrDie();
  return {};
}

Status TableStage::run_pipeline(const ConvertedBatch& in, const BlockText& text, StagedBatch& out,
                                arrow::MemoryPool* pool) const {
  BlockRows rows(text);
  const std::vector<std::uint64_t> keys =
      pipeline_->needs_row_keys() ? row_keys(in.origins, rows) : std::vector<std::uint64_t>();
  TIPPLE_TRY(PipelineOutput result, pipeline_->run(in.batch, keys, pool));
  std::vector<Reject> rejects;
  rejects.reserve(result.faults.size());
  for (RowFault& fault : result.faults) {
    Reject reject = reject_at(in.origins[fault.row], rows, bound_.keep_raw);
    if (fault.rule.starts_with(kFailingCheck)) {
      return Error{ErrorKind::kQuality,
                   fmt::format("table {}: the check {} fails: {}", table_->name,
                               fault.rule.substr(kFailingCheck.size()), fault.reason),
                   fmt::format("{}, byte {}", reject.path, reject.offset),
                   "correct the data, or change the check's on_fail"};
    }
    reject.column = std::move(fault.column);
    reject.rule = std::move(fault.rule);
    reject.reason = std::move(fault.reason);
    rejects.push_back(std::move(reject));
  }
  merge_rejects(std::move(rejects), out.rejects);
  out.batch = std::move(result.batch);
  out.filtered = result.filtered;
  out.added = result.added;
  out.check_failures = std::move(result.checks.failed);
  return {};
}

Result<StagedBatch> TableStage::run(ConvertedBatch in, const FileValues& values, const BlockText& text,
                                    arrow::MemoryPool* pool) const {
  TIPPLE_CHECK(in.rows_in == static_cast<std::uint64_t>(in.batch->num_rows()) + in.rejects.size(),
               "the converter lost or invented rows");
  if (table_->raw) take_rejected_records(text, in);
  if (!places_.empty()) TIPPLE_RETURN_IF_ERROR(add_places(in, values, text, pool));
  StagedBatch out;
  out.rows_in = in.rows_in;
  out.rejects = std::move(in.rejects);
  out.batch = in.batch;
  if (pipeline_) TIPPLE_RETURN_IF_ERROR(run_pipeline(in, text, out, pool));
  TIPPLE_CHECK(
      out.rows_in + out.added == static_cast<std::uint64_t>(out.batch->num_rows()) + out.rejects.size() + out.filtered,
      "a table's steps lost or invented rows");
  return out;
}

}  // namespace tipple
