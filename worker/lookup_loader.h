// LookupLoader: the small tables that lookups and foreign keys read, loaded whole, once per rank, on first need.
//
// Owner: ChunkRunner. Thread rule: its thread.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/limits.h"
#include "base/result.h"
#include "jobs/job_spec.h"
#include "transforms/table_pipeline.h"
#include "worker/segment_reader.h"

namespace tipple {

// Of one lookup source's rows in memory, on each rank.
inline constexpr std::uint64_t kLookupBytesMax = 256 * limits::kMiB;

class LookupLoader {
 public:
  // `files`: LoadSetup::lookups; must outlive the loader, as `job` must.
  LookupLoader(const JobSpec& job, const std::vector<SourceExtents>& files, DecodeLimits limits)
      : job_(job), files_(files), limits_(limits) {}

  // Of the sources that the table's steps and checks look up, in the order of TablePipeline::lookup_sources(). Errors
  // name the source: its files, a record that cannot be read, more than kLookupBytesMax.
  [[nodiscard]] Result<std::vector<LookupTable>> tables_for(const TableSpec& table);

 private:
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> load(SourceId source) const;
  [[nodiscard]] std::vector<TaskSegment> files_of(SourceId source) const;

  const JobSpec& job_;
  const std::vector<SourceExtents>& files_;
  DecodeLimits limits_;
  std::map<SourceId, std::shared_ptr<arrow::RecordBatch>> loaded_;
};

}  // namespace tipple
