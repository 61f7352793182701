// RejectedRecords: the records behind the rejects of one load: kept with the rejects, or read again from their files.
//
// Owner: who replays. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/replay_text.h"
#include "formats/reject.h"
#include "jobs/job_spec.h"
#include "warehouse/inputs_ledger.h"
#include "warehouse/reject_ledger.h"

namespace tipple {

// A row of a columnar file.
struct RejectedRow {
  LedgerInput file;          // as its load took it in, and as it was just now
  std::uint64_t number = 0;  // from 0
};

// One record as it belongs into a file of its source.
struct RejectedRecord {
  SourceId source;                 // of the job as it is now
  std::string head;                // what a file of the source begins with, in the source's encoding
  std::string bytes;               // the record in the source's encoding, without line end
  std::optional<RejectedRow> row;  // instead of head and bytes: it is copied from its file (formats/row_extract.h)
};

class RejectedRecords {
 public:
  // `table` of `job`, as they are now; `all`: published_rejects() of the table, with `load` among them. `job` must
  // outlive the records.
  [[nodiscard]] static Result<RejectedRecords> open(const Warehouse& warehouse, const JobSpec& job,
                                                    const TableSpec& table, const std::vector<LoadRejects>& all,
                                                    const LoadRejects& load);
  // Rejects of one file are cheap in the file's order. Errors: kUsage, what stands in the way and what to do: the file
  // changed, its records were corrected by hand, nobody knows its head any more, the rows are another table's.
  [[nodiscard]] Result<RejectedRecord> read(const Reject& reject);

 private:
  // A file as one of the loads took it in.
  struct TakenFile {
    LedgerInput input;
    SourceId source;     // now
    SourceSpec written;  // as the load read it
  };

  RejectedRecords(const JobSpec& job, const TableSpec& table) : job_(&job), table_(&table) {}
  [[nodiscard]] Status add_inputs(const Warehouse& warehouse, LoadId load);
  [[nodiscard]] Result<const TakenFile*> file_of(const Reject& reject) const;
  [[nodiscard]] Result<RejectedRecord> row_of(const Reject& reject, SourceId source, const TakenFile* file) const;
  [[nodiscard]] Result<std::string> text_of(const Reject& reject, const TakenFile& file);
  [[nodiscard]] Result<std::string> head_of(const std::string& path, SourceId source, const TakenFile* file);

  const JobSpec* job_;
  const TableSpec* table_;
  std::optional<JobSpec> load_job_;                      // of the load itself, if its journal is still there
  bool corrected_ = false;                               // its records came from the user, not from their files
  std::map<std::string, std::vector<TakenFile>> files_;  // by the path that rejects show
  std::map<std::string, std::string> stored_heads_;      // likewise
  std::map<std::string, std::string> heads_;             // found so far
  std::string open_path_;
  std::unique_ptr<ReplayText> open_text_;
};

// The job as a load's journal has it; nothing if the journal is gone or no longer understood.
[[nodiscard]] std::optional<JobSpec> job_of_load(const Warehouse& warehouse, LoadId load);

// The file is still as the load noted it.
[[nodiscard]] bool unchanged(const LedgerInput& input);

// Rows of another table are not replayed. `where`: the record, or the file that stands for it.
[[nodiscard]] Error table_row_error(const std::string& where);

// `<warehouse>/_replay`
[[nodiscard]] std::filesystem::path replay_folder(const Warehouse& warehouse);

}  // namespace tipple
