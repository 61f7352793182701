// InputBatches: what one `run` loads, batch by batch: the files of the job once; with streams what came until they
// ended; followed, each sealed stretch of the streams and each lot of new files.
//
// A batch is written down (`_streams/<job>/batch.json`) before it is loaded and forgotten when it is published, so that
// after a kill the very same batch is loaded first, under the same load id: nothing is published twice. Owner: rank 0.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/result.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"
#include "worker/stream_reader.h"

namespace tipple {

// `run --follow`: how much makes a batch.
struct FollowOptions {
  bool on = false;
  std::optional<Duration> every;  // also: how often folders are looked at
  std::optional<std::uint64_t> records;
  std::optional<std::uint64_t> bytes;
};

class InputBatches {
 public:
  // Opens the job's streams. `job` and `clock` must outlive the batches. Errors: a job that has nothing to follow, a
  // stream that cannot be opened.
  [[nodiscard]] static Result<std::unique_ptr<InputBatches>> open(const JobSpec& job, const FollowOptions& follow,
                                                                  const Clock& clock);

  // The inputs of the next batch, one entry for each source of the job, in its order; nothing when there are no more.
  // Waits for a followed source; `idle` is called meanwhile, and ends the waiting when it returns false: what came is
  // sealed and kept for the next run.
  [[nodiscard]] Result<std::optional<std::vector<SourceExtents>>> next(const std::function<bool()>& idle);
  // A load of the batch that next() gave begins: noted, so that the batch is known as published even if the job file
  // changes.
  [[nodiscard]] Status begins(LoadId load);
  // The batch that next() gave is published in all tables.
  [[nodiscard]] Status loaded();
  // next() ended because `idle` said so.
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  using FileKey =
      std::tuple<SourceId, std::string, std::string, std::uint64_t, std::int64_t>;  // path, member, size, mtime

  InputBatches(const JobSpec& job, const FollowOptions& follow, const Clock& clock)
      : job_(job), follow_(follow), clock_(clock) {}
  [[nodiscard]] Status take_lock();
  [[nodiscard]] Status open_streams();
  [[nodiscard]] Status read_ledgers();
  [[nodiscard]] std::vector<SourceExtents> empty_batch() const;
  [[nodiscard]] Result<std::optional<std::vector<SourceExtents>>> pending_batch();
  [[nodiscard]] Result<std::optional<std::vector<SourceExtents>>> next_followed(const std::function<bool()>& idle);
  [[nodiscard]] Result<std::optional<std::vector<SourceExtents>>> once(const std::function<bool()>& idle);
  [[nodiscard]] Status take_stretches(std::size_t stretches_max, std::vector<SourceExtents>& batch);
  [[nodiscard]] Status take_new_files(std::vector<SourceExtents>& batch);
  [[nodiscard]] Status write_down() const;
  [[nodiscard]] Status read_note(const std::string& text, const std::filesystem::path& path);
  [[nodiscard]] Status forget();
  [[nodiscard]] Result<bool> published_under(const std::vector<std::string>& loads) const;
  [[nodiscard]] bool streams_ended() const;
  [[nodiscard]] Status stream_error() const;
  [[nodiscard]] std::filesystem::path folder() const;
  [[nodiscard]] bool is_stretch(const Extent& extent) const;

  const JobSpec& job_;
  const FollowOptions follow_;
  const Clock& clock_;
  File lock_;  // held while streams are read or anything is followed
  std::map<SourceId, std::unique_ptr<StreamReader>> streams_;
  bool follows_files_ = false;
  std::set<FileKey> taken_;     // files that a published load or an earlier batch has
  std::set<FileKey> settling_;  // new files, as they were when last looked at: one that still grows is left alone
  std::optional<TimePoint> looked_;
  std::vector<SourceExtents> current_;
  std::vector<std::string> loads_;  // ids of the current batch's loads that began
  bool first_ = true;
  bool stopped_ = false;
};

}  // namespace tipple
