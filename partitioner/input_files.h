// Finding the input files of a source. Effects: lists folders and stats files, on rank 0 only
// (thousands of ranks must not stat one folder).
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// Expands the paths and globs (*, ?, [..], **; a folder means its files) of every source, stats each file once, and sorts
// by path. Errors: a pattern that matches nothing, a file that is missing, unreadable or not a regular file.
[[nodiscard]] Result<std::vector<SourceExtents>> list_inputs(const JobSpec& job);

// The load's identity: hash of the job's text, mode name, and every extent's (path, size, mtime).
[[nodiscard]] LoadId load_id(const JobSpec& job, std::string_view mode, const std::vector<SourceExtents>& inputs);

}  // namespace tipple
