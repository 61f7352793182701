#include "cli/load_sequence.h"

#include <algorithm>

#include "cli/infer_columns.h"
#include "cli/input_listing.h"
#include "jobs/load_job.h"
#include "jobs/table_order.h"

namespace tipple {
namespace {

std::vector<std::string> names_of(const JobSpec& job, const std::vector<TableId>& tables) {
  std::vector<std::string> names;
  for (const TableId table : tables) names.push_back(job.tables[table.value()].name);
  return names;
}

Status check_follow(const JobSpec& job, const ModeSpec& mode) {
  if (mode.write == WriteMode::kAppend) return {};
  return usage_error(
      "the mode '" + mode.name + "' replaces the tables: each batch would do away with the one before it",
      job.file.string(), "follow with a mode that says 'write: append'");
}

}  // namespace

Result<std::unique_ptr<LoadSequence>> BatchSequence::open(JobSpec job, const std::string& mode,
                                                          const FollowOptions& follow, unsigned threads,
                                                          const Clock& clock, std::optional<LoadId> unfinished) {
  std::unique_ptr<BatchSequence> sequence(new BatchSequence());
  sequence->job_ = std::make_unique<JobSpec>(std::move(job));
  TIPPLE_TRY(sequence->mode_, sequence->job_->mode(mode));
  if (follow.on) TIPPLE_RETURN_IF_ERROR(check_follow(*sequence->job_, sequence->mode_));
  sequence->threads_ = threads;
  sequence->unfinished_ = unfinished;
  sequence->layers_ = load_layers(*sequence->job_);
  TIPPLE_TRY(sequence->batches_, InputBatches::open(*sequence->job_, follow, clock));
  return std::unique_ptr<LoadSequence>(std::move(sequence));
}

Result<std::optional<LoadRequest>> BatchSequence::next(const std::function<bool()>& idle) {
  if (!batch_) {
    TIPPLE_TRY(batch_, batches_->next(idle));
    layer_ = 0;
    batch_loads_.clear();
    if (!batch_) return std::optional<LoadRequest>();
  }
  TIPPLE_TRY(LoadRequest request, request_for_layer());
  if (unfinished_ == request.load) unfinished_.reset();
  if (unfinished_ && layer_ + 1 == layers_.size()) {
    return usage_error("no load is interrupted here", job_->file.string(),
                       "One was, but its job or inputs have changed since: `tipple run` loads them as they are now");
  }
  TIPPLE_RETURN_IF_ERROR(batches_->begins(request.load));
  return std::optional<LoadRequest>(std::move(request));
}

Result<LoadRequest> BatchSequence::request_for_layer() {
  LoadRequest request;
  request.mode = mode_;
  if (layers_.size() > 1) request.tables = names_of(*job_, layers_[layer_]);
  request.job = job_of_tables(*job_, request.tables);
  std::vector<SourceExtents> all = *batch_;
  TIPPLE_RETURN_IF_ERROR(list_table_inputs(request.job, mode_, batch_loads_, all));
  const std::vector<SourceId> feeding = feeding_sources(request.job);
  for (const SourceExtents& source : all) {
    if (std::find(feeding.begin(), feeding.end(), source.source) != feeding.end()) request.inputs.push_back(source);
  }
  TIPPLE_TRY(request.job, infer_columns(std::move(request.job), request.inputs, threads_));
  request.columns = columns_to_json(request.job);
  TIPPLE_TRY(request.lookups, list_lookups(request.job));
  request.load = load_id(request.job, mode_.name, request.inputs, request.lookups, request.tables);
  return request;
}

Status BatchSequence::published(const LoadRequest& request) {
  for (const TableSpec& table : request.job.tables) batch_loads_.emplace_back(table.name, request.load);
  if (++layer_ < layers_.size()) return {};
  batch_.reset();
  return batches_->loaded();
}

}  // namespace tipple
