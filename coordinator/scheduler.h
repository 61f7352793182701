// Scheduler: what to do next, as a plain state machine. apply(event, now) -> actions; no MPI, threads, clock, files,
// random numbers or logging inside. The Coordinator feeds it and performs what it asks for.
//
// Owner: Coordinator. Thread rule: one thread.
// Invariants: an accepted chunk stays accepted; a chunk that is not accepted is ready, held by a live worker, or its
// report waits in the GatherLedger; (chunk, issue) is handed out once; Publish is asked for only when all chunks are
// accepted, or on kPublishRequested; decisions depend on the events and times alone. No allocation per event once the
// vectors have grown.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/limits.h"
#include "coordinator/index_set.h"

namespace tipple {

inline constexpr WorkerId kNoWorker{UINT32_MAX};

// Chunks that a worker holds: one whose files are being synced, one running, one prefetched. With fewer, reading would
// wait for the disk's fsync.
inline constexpr std::uint32_t kChunksPerWorker = 3;

struct SchedulerConfig {
  std::uint32_t workers = 1;                        // ranks of the attempt, the coordinator's included
  std::uint32_t tries = 3;                          // of a chunk whose failures are retryable
  Duration lease = std::chrono::seconds(30);        // a worker not heard of for this long is lost
  Duration drain = std::chrono::seconds(20);        // after a stop request, running chunks get this long to finish
  Duration goodbye_wait = std::chrono::seconds(5);  // after Finish, workers get this long to answer
};

enum class EventKind : std::uint8_t {
  kWorkerJoined,      // worker
  kHeard,             // worker: any message of it arrived
  kChunkReported,     // worker (or kNoWorker: from a journal), chunk, issue: the ledger keeps the report
  kChunkDropped,      // worker, chunk, issue: the ledger did not want the report
  kChunkAccepted,     // chunk: the ledger's chain has taken its report
  kChunkRefused,      // chunk: the ledger gave up the report that it kept
  kChunkFailed,       // worker, chunk, issue, retryable, exit_code
  kWorkerLost,        // worker
  kLeaseTick,         //
  kScanWanted,        // chunk: first of a file's chunks whose boundaries shall be scanned
  kScanEnded,         // worker, chunk: with an answer or without
  kStopRequested,     //
  kHalted,            // exit_code: the load cannot go on
  kPublishRequested,  // publish (that is: let the publisher refuse) what there is
  kPublishEnded,      // worker, exit_code
  kWorkerLeft,        // worker: said Goodbye
};
inline constexpr std::size_t kEventKinds = 16;

struct Event {
  EventKind kind = EventKind::kLeaseTick;
  bool retryable = false;
  int exit_code = 0;
  WorkerId worker = kNoWorker;
  ChunkId chunk{};
  std::uint32_t issue = 0;
};

enum class ActionKind : std::uint8_t {
  kAssign,      // worker, chunk, issue
  kAssignScan,  // worker, chunk: ask for the scan that begins there
  kRevoke,      // worker, chunk, issue
  kGiveUp,      // chunk: failed for good, kFinish follows
  kLoseWorker,  // worker: its lease is over
  kPublish,     // worker
  kFinish,      // worker, exit_code
  kEnd,         // exit_code: nothing more will be asked for
};

struct Action {
  ActionKind kind = ActionKind::kEnd;
  WorkerId worker = kNoWorker;
  ChunkId chunk{};
  std::uint32_t issue = 0;
  int exit_code = 0;
  friend bool operator==(const Action&, const Action&) = default;
};

// ---- the decision tables, walked cell by cell in tests/coordinator/scheduler_test.cpp
enum class Phase : std::uint8_t { kLoading, kDraining, kPublishing, kFinishing, kEnded };
inline constexpr std::size_t kPhases = 5;

enum class Rule : std::uint8_t {
  kIgnore,
  kJoin,
  kHear,
  kReport,
  kDrop,
  kAccept,
  kRefuse,
  kFail,
  kLose,
  kTick,
  kScan,
  kScanEnd,
  kDrain,
  kHalt,
  kPublishNow,
  kPublishEnd,
  kLeave,
};

// What an event does in each phase. Rows: phases, columns: EventKind in order.
[[nodiscard]] Rule rule_of(Phase phase, EventKind event);

enum class ChunkState : std::uint8_t { kReady, kRunning, kWaiting, kAccepted };
inline constexpr std::size_t kChunkStates = 4;
enum class ChunkEvent : std::uint8_t { kReported, kAccepted, kRefused, kAbandoned };
inline constexpr std::size_t kChunkEvents = 4;

// A chunk's next state. kAbandoned: its last holder failed, was lost or had its report dropped.
[[nodiscard]] ChunkState next_state(ChunkState state, ChunkEvent event);

class Scheduler {
 public:
  // chunk_bytes[i] is the size of chunk i: larger chunks go first, equal ones in order.
  Scheduler(const SchedulerConfig& config, std::span<const std::uint64_t> chunk_bytes);

  // Appends actions to `out`. Events that name unknown workers or chunks are ignored.
  void apply(const Event& event, TimePoint now, std::vector<Action>& out);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] ChunkState state(ChunkId chunk) const { return chunks_[chunk.value()].state; }
  [[nodiscard]] std::size_t chunk_count() const { return chunks_.size(); }
  [[nodiscard]] std::size_t accepted() const { return accepted_; }
  [[nodiscard]] bool live(WorkerId worker) const;
  [[nodiscard]] bool lost(WorkerId worker) const;
  [[nodiscard]] std::uint32_t live_workers() const { return live_; }
  [[nodiscard]] std::uint32_t workers_lost() const { return lost_; }
  [[nodiscard]] std::uint32_t workers_absent() const { return absent_; }  // not lost, not joined yet
  [[nodiscard]] std::uint64_t reissued() const { return reissued_; }
  [[nodiscard]] WorkerId publisher() const { return publisher_; }
  [[nodiscard]] bool holds(WorkerId worker, ChunkId chunk, std::uint32_t issue) const;

 private:
  enum class Presence : std::uint8_t { kAbsent, kLive, kLost, kLeft };
  struct Held {
    ChunkId chunk{};
    std::uint32_t issue = 0;
  };
  struct Worker {
    Presence presence = Presence::kAbsent;
    bool scanning = false;
    std::uint8_t held_count = 0;
    std::array<Held, kChunksPerWorker> held{};  // oldest first
    ChunkId scan{};
    TimePoint heard{};
  };
  struct ChunkRecord {
    ChunkState state = ChunkState::kReady;
    std::uint8_t failures = 0;
    std::uint8_t holder_count = 0;
    std::array<WorkerId, 2> holders{};
    std::uint32_t issues = 0;  // handed out so far
    WorkerId avoid = kNoWorker;
    std::uint32_t rank = 0;  // position in the order of handing out
  };

  void join(WorkerId worker, TimePoint now);
  void fail(const Event& event, TimePoint now);
  void lose(WorkerId worker, TimePoint now);
  void leave(WorkerId worker, TimePoint now);
  void tick(TimePoint now);
  void drain(TimePoint now);
  void accept(ChunkId chunk, TimePoint now);
  void end_scan(WorkerId worker);
  void publish(TimePoint now);
  void choose_publisher();
  void finish(int exit_code, TimePoint now);
  void end_if_all_left();

  void fill();
  bool hand_out_scan();
  bool hand_out_chunk();
  bool duplicate_prefetched();
  void assign(WorkerId worker, ChunkId chunk);
  void move(ChunkId chunk, ChunkEvent event);
  bool release(WorkerId worker, ChunkId chunk, std::uint32_t issue);
  void abandon(ChunkId chunk, WorkerId worker);
  void revoke_holders(ChunkId chunk);
  void revoke_all();
  void refresh(WorkerId worker);
  void emit(ActionKind kind, WorkerId worker, ChunkId chunk = {}, std::uint32_t issue = 0, int exit_code = 0);

  SchedulerConfig config_;
  Phase phase_ = Phase::kLoading;
  std::vector<ChunkRecord> chunks_;
  std::vector<ChunkId> by_rank_;
  IndexSet ready_;  // ranks
  std::vector<Worker> workers_;
  std::array<IndexSet, kChunksPerWorker + 1> with_held_;  // live workers by what they hold (a scan counts)
  IndexSet duplicable_;                                   // live workers whose prefetched chunk nobody else holds
  std::vector<ChunkId> scans_;                            // wanted, not handed out
  std::size_t accepted_ = 0;
  std::size_t held_total_ = 0;
  std::uint64_t reissued_ = 0;
  std::uint32_t live_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t absent_ = 0;
  WorkerId publisher_ = kNoWorker;
  TimePoint deadline_{};  // of draining or finishing
  int exit_code_ = 0;
  std::vector<Action>* out_ = nullptr;  // set within apply()
};

}  // namespace tipple
