// Finding the input files of a source. Effects: lists folders and stats files, reads manifests, the first bytes of big
// files and the lists of archives, on rank 0 only (thousands of ranks must not stat one folder).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

struct ArchiveMember {
  std::string name;
  std::uint64_t compressed_bytes = 0;
};

// What the bytes of files mean is not the partitioner's to know: whoever calls it passes functions of
// formats/byte_source.h. Without them every file can be cut, and archives are files like others.
struct InputProbes {
  // Can a file with these first bytes be cut? Asked for files that would be cut, so not for a million small ones.
  std::function<bool(std::span<const char> first, const SourceSpec& source)> is_splittable;
  // Is it a zip archive? Asked for the same files, and for those whose names end in ".zip".
  std::function<bool(std::span<const char> first)> is_zip;
  // Members of an archive that are files, by name.
  std::function<Result<std::vector<ArchiveMember>>(const std::string& path)> list_zip;
};

// Expands the paths and globs (*, ?, [..], **; a folder means its files) and the manifest of every source, stats each
// file once, and sorts by path. A zip archive becomes its members, by name. Sources that are streams or tables have no
// files. Errors: a pattern that matches nothing, a file that is missing, unreadable or not a regular file; one that a
// manifest lists is named with the manifest's line.
//
// A manifest lists files, one a line, relative to its own folder; blank lines and lines that begin with # are skipped.
// `may_be_missing`: a pattern that matches nothing (yet) is no error.
[[nodiscard]] Result<std::vector<SourceExtents>> list_inputs(const JobSpec& job, const InputProbes& probes = {},
                                                             bool may_be_missing = false);

// The load's identity: hash of the job's text, mode name, every extent's (path, member, size, mtime), and the tables of
// a load that is not for all of the job's.
[[nodiscard]] LoadId load_id(const JobSpec& job, std::string_view mode, const std::vector<SourceExtents>& inputs,
                             const std::vector<std::string>& tables = {});

}  // namespace tipple
