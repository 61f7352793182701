// ReplayFiles: records of rejects as files that an ordinary load can read: each with its head, in the order of the
// rejects.
//
// Records of one source under one head share a file. One whose quotes do not end takes what follows it for its own and
// so ends its file. Rows of a columnar file are copied into one of their own (formats/row_extract.h). Equation: the
// same records give the same files, byte for byte and down to their times. Owner: who prepares a replay. Thread rule:
// one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "cli/replay_note.h"
#include "cli/replay_records.h"
#include "formats/record_format.h"
#include "formats/row_extract.h"
#include "jobs/job_spec.h"

namespace tipple {

class ReplayFiles {
 public:
  // Makes `folder`, which must not be there. `job` must outlive the files.
  [[nodiscard]] static Result<ReplayFiles> create(const std::filesystem::path& folder, const JobSpec& job);

  // `keep_parts`: parts KEY=VALUE of the reject's path stand in the file's path, too.
  [[nodiscard]] Status add(const RejectedRecord& record, const Reject& reject, bool keep_parts);
  // A file as the user gave it, for `source`.
  [[nodiscard]] Status add_copy(const std::filesystem::path& from, SourceId source);
  [[nodiscard]] Status add_origin(const RecordOrigin& origin);

  // Counts the records in the files, syncs everything. Call once, last. Gives the files; the digest is of all that was
  // added.
  [[nodiscard]] Result<std::vector<ReplayFile>> finish();
  [[nodiscard]] const std::string& digest() const { return digest_; }
  [[nodiscard]] const std::vector<ReplayFile>& files() const { return files_; }

 private:
  ReplayFiles(std::filesystem::path folder, const JobSpec& job) : folder_(std::move(folder)), job_(&job) {}
  [[nodiscard]] Status add_text(const RejectedRecord& record, const Reject& reject, bool keep_parts);
  [[nodiscard]] Status add_row(const RejectedRecord& record, const Reject& reject, bool keep_parts);
  [[nodiscard]] Status begin_file(const std::string& parts, const std::string& name, const SourceSpec& source);
  [[nodiscard]] Status begin_text(const std::string& parts, const std::string& name, const SourceSpec& source);
  [[nodiscard]] Status end_file();
  [[nodiscard]] Status end_rows();
  [[nodiscard]] Status write_rows();
  [[nodiscard]] std::filesystem::path path_of_last() const { return folder_ / files_.back().name; }
  [[nodiscard]] Result<std::uint64_t> count_records(const ReplayFile& file, const SourceSpec& source) const;
  [[nodiscard]] Status write(std::string_view bytes);
  [[nodiscard]] Result<bool> ends_open(std::string_view unit, SourceId source);
  void digest(std::string_view bytes);

  std::filesystem::path folder_;
  const JobSpec* job_;
  std::string digest_;
  File origins_;
  std::string origin_lines_;  // not written yet
  File file_;
  std::string bytes_;              // of file_, not written yet
  std::string key_;                // what the open file's records have in common
  std::uint64_t text_offset_ = 0;  // in the open file's text
  std::unique_ptr<RowExtract> extract_;
  LedgerInput copied_;               // what extract_ is of
  std::vector<std::uint64_t> rows_;  // of extract_, not copied yet
  std::vector<ReplayFile> files_;
  std::map<SourceId, std::unique_ptr<RecordFormat>> formats_;
};

}  // namespace tipple
