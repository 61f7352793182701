// Journal: what an attempt has achieved, durable. One file per attempt, `_loads/<load>/attempt-<n>`; a load's state is
// the replay of its attempts in order. docs/journal.md is the byte-level contract.
//
// Owner: rank 0's loop writes the current attempt's; the publisher and `status` read all of them.
// Thread rule: a JournalWriter has one owner. Reading is a pure function of the files.
// Invariant: replay of any prefix of an attempt's bytes gives the state after its last whole frame.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "coordinator/task.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// ---- what stands in a journal
struct JournalOpened {  // first frame of every attempt
  LoadSetup load;
  std::uint64_t chunk_count = 0;
  std::uint32_t worker_count = 0;
  std::string host;
  std::int64_t pid = 0;
  std::string slurm_job;  // empty outside Slurm
};
struct JournalInputs {  // a load's inputs, in pieces that keep frames small; attempt 1 only
  SourceId source;
  std::vector<Extent> extents;
};
// A report that the ledger keeps. Journaled as it arrives, also when the chain of record boundaries has not reached its
// chunk yet, so that a kill loses only what was running; if the chain refuses it later, the chunk's next report
// replaces it.
struct JournalAccepted {
  ChunkReport report;
};
struct JournalPublished {
  PublishReport report;
};
struct JournalClosed {  // how the attempt ended: exit code and, if it failed, why
  int exit_code = 0;
  std::string message;
};
using JournalEntry = std::variant<JournalOpened, JournalInputs, JournalAccepted, JournalPublished, JournalClosed>;

// Appends entries. Every append is one write(2); sync() makes all appended entries durable.
class JournalWriter {
 public:
  virtual ~JournalWriter() = default;
  [[nodiscard]] virtual Status append(const JournalEntry& entry) = 0;
  [[nodiscard]] virtual Status sync() = 0;
};

// The state that a load's attempts add up to.
struct LoadState {
  std::uint32_t attempts = 0;  // files found
  std::vector<JournalOpened> opened;
  std::vector<SourceExtents> inputs;
  std::map<ChunkId, ChunkReport> accepted;  // the last one journaled of each chunk
  std::vector<PublishedTable> published;
  std::vector<JournalClosed> closed;  // of each attempt that ended by itself
  std::uint64_t torn_bytes = 0;       // left out at the ends of attempts that were killed
};

// Creates `_loads/<load>/attempt-<n>` for the first free n, exclusively; two racing coordinators get different numbers.
struct OpenedJournal {
  std::unique_ptr<JournalWriter> writer;
  std::uint32_t attempt_number = 0;
};
[[nodiscard]] Result<OpenedJournal> open_attempt(const std::filesystem::path& load_folder, LoadId load);

// Replays all attempts of a load folder. A torn tail is left out; damage before the end is an error that names the file
// and the byte. A folder without attempts gives attempts == 0.
[[nodiscard]] Result<LoadState> read_journals(const std::filesystem::path& load_folder);

// Replays one attempt's bytes into `state`.
[[nodiscard]] Status replay_journal(std::span<const std::byte> bytes, const std::string& where, LoadState& state);

}  // namespace tipple
