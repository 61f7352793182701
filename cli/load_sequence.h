// LoadSequence: the loads that one command comes to, one after the other. BatchSequence, those of a `run`: for each
// batch of inputs (cli/input_batches.h) the job's tables layer by layer, so that a table that reads another one finds
// it published.
//
// Owner: rank 0. Thread rule: one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/input_batches.h"
#include "cli/load_session.h"
#include "jobs/job_spec.h"

namespace tipple {

class LoadSequence {
 public:
  virtual ~LoadSequence() = default;
  // The next load; nothing when all are done. `idle` as in InputBatches::next().
  [[nodiscard]] virtual Result<std::optional<LoadRequest>> next(const std::function<bool()>& idle) = 0;
  // The load that next() gave is published.
  [[nodiscard]] virtual Status published(const LoadRequest& request) = 0;
  // The sequence was stopped while it waited: there may be more another time.
  [[nodiscard]] virtual bool stopped() const = 0;
};

class BatchSequence final : public LoadSequence {
 public:
  // `threads` may work on finding out the columns of tables that declare none. `unfinished`: a load that must be among
  // the first batch's, or else its inputs have changed, which is an Error. Errors: kUsage (no such mode, a mode that
  // cannot follow).
  [[nodiscard]] static Result<std::unique_ptr<LoadSequence>> open(JobSpec job, const std::string& mode,
                                                                  const FollowOptions& follow, unsigned threads,
                                                                  const Clock& clock,
                                                                  std::optional<LoadId> unfinished = std::nullopt);

  [[nodiscard]] Result<std::optional<LoadRequest>> next(const std::function<bool()>& idle) override;
  [[nodiscard]] Status published(const LoadRequest& request) override;
  [[nodiscard]] bool stopped() const override { return batches_->stopped(); }

 private:
  BatchSequence() = default;
  [[nodiscard]] Result<LoadRequest> request_for_layer();

  std::unique_ptr<JobSpec> job_;  // batches_ refers to it
  ModeSpec mode_;
  unsigned threads_ = 1;
  std::optional<LoadId> unfinished_;
  std::unique_ptr<InputBatches> batches_;
  std::vector<std::vector<TableId>> layers_;
  std::size_t layer_ = 0;
  std::optional<std::vector<SourceExtents>> batch_;
  std::vector<std::pair<std::string, LoadId>> batch_loads_;  // table -> the load of this batch that it had
};

}  // namespace tipple
