// Coordinator: what the loop of rank 0 steps. Feeds messages and time to the Scheduler and the GatherLedger, and
// performs what they decide: journals, sends, asks one worker to publish, tells all to finish.
//
// Owner: the process's loop (run_loop.h). Thread rule: the thread that owns the transport.
// Invariant: a report is in the journal before anything else is done with it; the journal is durable before Publish
// goes out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "coordinator/gather_ledger.h"
#include "coordinator/journal.h"
#include "coordinator/scheduler.h"
#include "coordinator/transport.h"
#include "jobs/job_spec.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

// How many rejects beyond max_rows (with max_percent 0) end a load before all of it is read.
inline constexpr std::uint64_t kRejectsBeyondMax = 10'000;
inline constexpr std::size_t kInputsPerFrameMax = 4096;

struct CoordinatorConfig {
  std::uint32_t tries = 3;                    // of a chunk whose failures are retryable
  Duration lease = std::chrono::seconds(30);  // goes into the Setup that workers get
  Duration drain = std::chrono::seconds(20);  // running chunks' time to finish after a stop request
  Duration goodbye_wait = std::chrono::seconds(5);
  Duration sync_period = std::chrono::seconds(1);  // between fsyncs of the journal
  std::vector<RejectLimits> reject_limits;         // one for each table of the job
};

struct Progress {
  Phase phase = Phase::kLoading;
  std::uint64_t chunks_total = 0;
  std::uint64_t bytes_total = 0;
  const LoadTotals* done = nullptr;  // lives in the coordinator
  std::uint64_t chunks_resumed = 0;  // taken from earlier attempts' journals
  std::uint64_t bytes_resumed = 0;
  std::uint32_t workers_live = 0;
};

struct LoadOutcome {
  int exit_code = 0;
  std::optional<Error> error;
  std::vector<PublishedTable> published;
  LoadTotals totals;
  std::uint64_t chunks_total = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t chunks_resumed = 0;
  std::uint64_t reissued = 0;    // chunks handed out again: failures, losses, wrong guesses, duplicates at the end
  std::uint64_t mismatches = 0;  // reports that the chain refused
  std::uint64_t scans = 0;       // sequential boundary scans
  std::uint32_t workers_lost = 0;
};

// The entries that open an attempt's journal: JournalOpened, and the inputs if `with_inputs`; then syncs.
[[nodiscard]] Status journal_opening(JournalWriter& journal, const JournalOpened& opened,
                                     const std::vector<SourceExtents>& inputs, bool with_inputs);

class Coordinator {
 public:
  // `plan` is plan_chunks' answer for the load's inputs; `earlier` the replay of its attempts. References must outlive
  // the coordinator.
  Coordinator(ChunkPlan plan, LoadSetup setup, const LoadState& earlier, JournalWriter& journal, Transport& transport,
              const Clock& clock, CoordinatorConfig config);

  void on_message(WorkerId from, const Message& message);  // one that a worker sends
  void step();                                             // time passes: leases, deadlines, fsync
  void request_stop();  // checkpoint: exit 75. A second call does not wait for running chunks
  [[nodiscard]] bool done() const { return scheduler_.phase() == Phase::kEnded; }

  [[nodiscard]] Progress progress() const;
  [[nodiscard]] LoadOutcome outcome() const;

 private:
  void on(WorkerId from, const Hello& hello);
  void on(WorkerId from, const Heartbeat& heartbeat);
  void on(WorkerId from, const ChunkReport& report);
  void on(WorkerId from, const ChunkFailure& failure);
  void on(WorkerId from, const ScanReport& report);
  void on(WorkerId from, const PublishReport& report);
  void on(WorkerId from, const Goodbye& goodbye);

  void resume(const LoadState& earlier);
  void apply(const Event& event);
  void perform(const Action& action);
  void follow_ledger();
  void begin_publish(WorkerId worker);
  void send_task(const Action& action);
  void send_scan(const Action& action);
  void close(int exit_code);
  void halt(Error error);
  void halt_if_alone();
  void append(const JournalEntry& entry);
  void sync_journal();
  [[nodiscard]] bool too_many_rejects() const;

  ChunkPlan plan_;
  LoadSetup setup_;
  JournalWriter& journal_;
  Transport& transport_;
  const Clock& clock_;
  CoordinatorConfig config_;
  Scheduler scheduler_;
  GatherLedger ledger_;
  std::map<SourceId, const std::vector<Extent>*> extents_;
  std::set<WorkerId> set_up_;
  std::vector<Action> actions_;
  std::size_t performed_ = 0;
  bool performing_ = false;
  TakeResult taken_;
  bool unsynced_ = false;
  bool journal_broken_ = false;
  bool closed_ = false;
  TimePoint next_sync_{};
  TimePoint next_tick_{};
  std::uint64_t chunks_resumed_ = 0;
  std::uint64_t bytes_resumed_ = 0;
  int exit_code_ = 0;
  std::optional<Error> error_;
  std::vector<PublishedTable> published_;
};

}  // namespace tipple
