#include "coordinator/coordinator.h"

#include <algorithm>

#include "base/check.h"
#include "base/fault_point.h"

namespace tipple {
namespace {

constexpr int kTicksPerLease = 20;

std::vector<std::uint64_t> chunk_sizes(const ChunkPlan& plan) {
  std::vector<std::uint64_t> sizes;
  sizes.reserve(plan.chunks.size());
  for (const auto& chunk : plan.chunks) sizes.push_back(chunk.bytes);
  return sizes;
}

SchedulerConfig scheduler_config(const CoordinatorConfig& config, std::uint32_t workers) {
  return {workers, config.tries, config.lease, config.drain, config.goodbye_wait};
}

Event worker_event(EventKind kind, WorkerId worker) {
  Event event;
  event.kind = kind;
  event.worker = worker;
  return event;
}

Event chunk_event(EventKind kind, WorkerId worker, ChunkId chunk, std::uint32_t issue = 0) {
  Event event = worker_event(kind, worker);
  event.chunk = chunk;
  event.issue = issue;
  return event;
}

}  // namespace

Status journal_opening(JournalWriter& journal, const JournalOpened& opened, const std::vector<SourceExtents>& inputs,
                       bool with_inputs) {
  TIPPLE_RETURN_IF_ERROR(journal.append(opened));
  for (const auto& source : inputs) {
    if (!with_inputs) break;
    std::size_t begin = 0;
    do {
      const std::size_t end = std::min(source.extents.size(), begin + kInputsPerFrameMax);
      JournalInputs piece{source.source,
                          {source.extents.begin() + static_cast<std::ptrdiff_t>(begin),
                           source.extents.begin() + static_cast<std::ptrdiff_t>(end)}};
      TIPPLE_RETURN_IF_ERROR(journal.append(piece));
      begin = end;
    } while (begin < source.extents.size());
  }
  return journal.sync();
}

Coordinator::Coordinator(ChunkPlan plan, LoadSetup setup, const LoadState& earlier, JournalWriter& journal,
                         Transport& transport, const Clock& clock, CoordinatorConfig config)
    : plan_(std::move(plan)),
      setup_(std::move(setup)),
      journal_(journal),
      transport_(transport),
      clock_(clock),
      config_(std::move(config)),
      scheduler_(scheduler_config(config_, transport.size()), chunk_sizes(plan_)),
      ledger_(plan_, static_cast<std::uint32_t>(config_.reject_limits.size())) {
  setup_.lease_ns = config_.lease.count();
  for (const auto& source : plan_.sources) extents_[source.source] = &source.extents;
  resume(earlier);
}

// Takes what earlier attempts achieved; the chain proves it anew.
void Coordinator::resume(const LoadState& earlier) {
  for (const auto& [chunk, report] : earlier.accepted) {
    if (chunk.value() >= plan_.chunks.size()) {
      halt(environment_error("the journal names chunk " + std::to_string(chunk.value()) + ", the plan has " +
                                 std::to_string(plan_.chunks.size()),
                             {}, "the job or its inputs are not those that the load began with"));
      return;
    }
    ledger_.take(report, taken_);
    if (taken_.verdict == Verdict::kAccepted || taken_.verdict == Verdict::kWaiting) {
      apply(chunk_event(EventKind::kChunkReported, kNoWorker, chunk));
    }
    follow_ledger();
  }
  chunks_resumed_ = ledger_.totals().chunks;
  bytes_resumed_ = ledger_.totals().bytes;
}

void Coordinator::on_message(WorkerId from, const Message& message) {
  // A worker whose lease is over has been replaced; it stops by itself.
  if (from.value() >= transport_.size()) return;
  if (scheduler_.lost(from) && !std::holds_alternative<Goodbye>(message)) return;
  // What a slow worker still says of the load before this one comes before its Hello.
  if (!set_up_.contains(from) && !std::holds_alternative<Hello>(message)) return;
  apply(worker_event(EventKind::kHeard, from));
  std::visit(
      [&](const auto& value) {
        if constexpr (requires { on(from, value); }) on(from, value);
      },
      message);
}

// The first Hello asks for the Setup, the next one says that the worker is ready.
void Coordinator::on(WorkerId from, const Hello&) {
  if (set_up_.insert(from).second) {
    transport_.send(from, Setup{setup_});
  } else {
    apply(worker_event(EventKind::kWorkerJoined, from));
  }
}

void Coordinator::on(WorkerId from, const Heartbeat& heartbeat) {
  transport_.send(from, HeartbeatAnswer{heartbeat.sequence});
}

void Coordinator::on(WorkerId from, const ChunkReport& report) {
  if (report.chunk.value() >= plan_.chunks.size()) return;
  fault_point("report-received");
  if (scheduler_.phase() != Phase::kLoading && scheduler_.phase() != Phase::kDraining) {
    apply(chunk_event(EventKind::kChunkDropped, from, report.chunk, report.issue));
    return;
  }
  ledger_.take(report, taken_);
  const bool kept = taken_.verdict == Verdict::kAccepted || taken_.verdict == Verdict::kWaiting;
  if (kept) {
    append(JournalAccepted{report});
    fault_point("report-journaled");
  }
  apply(chunk_event(kept ? EventKind::kChunkReported : EventKind::kChunkDropped, from, report.chunk, report.issue));
  follow_ledger();
}

// Tells the scheduler what the ledger decided.
void Coordinator::follow_ledger() {
  if (taken_.error) {
    halt(*taken_.error);
    return;
  }
  if (taken_.scan_wanted) apply(chunk_event(EventKind::kScanWanted, kNoWorker, *taken_.scan_wanted));
  // Refusals first: the chain's next chunk is the one that the others wait for.
  for (const ChunkId chunk : taken_.refused) apply(chunk_event(EventKind::kChunkRefused, kNoWorker, chunk));
  if (too_many_rejects()) apply(worker_event(EventKind::kPublishRequested, kNoWorker));
  for (const ChunkId chunk : taken_.accepted) apply(chunk_event(EventKind::kChunkAccepted, kNoWorker, chunk));
}

void Coordinator::on(WorkerId from, const ChunkFailure& failure) {
  if (failure.chunk == kNoChunk) {
    if (!error_) error_ = failure.error;
    apply(worker_event(EventKind::kWorkerLost, from));
    if (failure.error.kind == ErrorKind::kEnvironment) {
      halt_if_alone();
    } else {
      halt(failure.error);
    }
    return;
  }
  if (failure.chunk.value() >= plan_.chunks.size()) return;
  if (!scheduler_.holds(from, failure.chunk, failure.issue)) {
    // A scan that failed is given up: the chain goes on without its hints.
    ledger_.drop_scan(failure.chunk);
    apply(chunk_event(EventKind::kScanEnded, from, failure.chunk));
    return;
  }
  Event event = chunk_event(EventKind::kChunkFailed, from, failure.chunk, failure.issue);
  event.retryable = failure.retryable;
  event.exit_code = exit_code(failure.error.kind);
  if (!error_ || !failure.retryable) error_ = failure.error;
  apply(event);
}

void Coordinator::on(WorkerId from, const ScanReport& report) {
  ledger_.take_scan(report, taken_);
  apply(chunk_event(EventKind::kScanEnded, from,
                    report.first_chunk.value() < plan_.chunks.size() ? report.first_chunk : ChunkId{}));
  follow_ledger();
}

void Coordinator::on(WorkerId from, const PublishReport& report) {
  if (scheduler_.phase() != Phase::kPublishing || from != scheduler_.publisher()) return;
  fault_point("publish-reported");
  Event event = worker_event(EventKind::kPublishEnded, from);
  if (report.error) {
    error_ = report.error;
    event.exit_code = exit_code(report.error->kind);
  } else {
    error_.reset();
    published_ = report.tables;
    append(JournalPublished{report});
  }
  apply(event);
}

void Coordinator::on(WorkerId from, const Goodbye&) {
  apply(worker_event(EventKind::kWorkerLeft, from));
  halt_if_alone();
}

void Coordinator::halt_if_alone() {
  if (scheduler_.phase() == Phase::kFinishing || scheduler_.phase() == Phase::kEnded) return;
  if (scheduler_.live_workers() + scheduler_.workers_absent() > 0) return;
  halt(error_.value_or(environment_error("all workers are gone", {}, "run the job again: it goes on where it was")));
}

void Coordinator::step() {
  const TimePoint now = clock_.now();
  if (now >= next_tick_) {
    next_tick_ = now + config_.lease / kTicksPerLease;
    apply(worker_event(EventKind::kLeaseTick, kNoWorker));
    halt_if_alone();
  }
  if (unsynced_ && now >= next_sync_) sync_journal();
}

void Coordinator::request_stop() { apply(worker_event(EventKind::kStopRequested, kNoWorker)); }

// Performing an action may bring the next event (a journal that cannot be written halts the load): actions queue up in
// order.
void Coordinator::apply(const Event& event) {
  scheduler_.apply(event, clock_.now(), actions_);
  if (performing_) return;
  performing_ = true;
  for (performed_ = 0; performed_ < actions_.size(); ++performed_) {
    const Action action = actions_[performed_];
    perform(action);
  }
  actions_.clear();
  performing_ = false;
}

void Coordinator::perform(const Action& action) {
  switch (action.kind) {
    case ActionKind::kAssign:
      send_task(action);
      break;
    case ActionKind::kAssignScan:
      send_scan(action);
      break;
    case ActionKind::kRevoke:
      transport_.send(action.worker, Revoke{action.chunk, action.issue});
      break;
    case ActionKind::kGiveUp:
      break;  // error_ says why
    case ActionKind::kLoseWorker:
      break;  // a lost worker is not spoken to
    case ActionKind::kPublish:
      begin_publish(action.worker);
      break;
    case ActionKind::kFinish:
      close(action.exit_code);
      transport_.send(action.worker, Finish{action.exit_code});
      break;
    case ActionKind::kEnd:
      close(action.exit_code);
      break;
  }
}

void Coordinator::begin_publish(WorkerId worker) {
  sync_journal();
  if (!journal_broken_) transport_.send(worker, Publish{});
}

void Coordinator::send_task(const Action& action) {
  const Chunk& chunk = plan_.chunks[action.chunk.value()];
  const auto& extents = *extents_.at(chunk.source);
  ChunkTask task;
  task.chunk = chunk.id;
  task.issue = action.issue;
  task.source = chunk.source;
  task.known_start = ledger_.known_start(chunk.id);
  task.segments.reserve(chunk.segments.size());
  for (const Segment& segment : chunk.segments) {
    const Extent& extent = extents[segment.extent];
    task.segments.push_back(task_segment(extent, segment.begin, segment.end));
  }
  transport_.send(action.worker, Assign{std::move(task)});
}

void Coordinator::send_scan(const Action& action) {
  auto task = ledger_.scan_task(action.chunk);
  if (task) {
    transport_.send(action.worker, AssignScan{std::move(*task)});
    return;
  }
  ledger_.drop_scan(action.chunk);
  apply(chunk_event(EventKind::kScanEnded, action.worker, action.chunk));
}

bool Coordinator::too_many_rejects() const {
  const auto& tables = ledger_.totals().tables;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const RejectLimits& limit = config_.reject_limits[i];
    if (limit.max_percent <= 0 && tables[i].rejected > limit.max_rows &&
        tables[i].rejected - limit.max_rows > kRejectsBeyondMax)
      return true;
  }
  return false;
}

void Coordinator::halt(Error error) {
  error_ = std::move(error);
  Event event = worker_event(EventKind::kHalted, kNoWorker);
  event.exit_code = exit_code(error_->kind);
  apply(event);
}

// Once, when it is decided how the attempt ends.
void Coordinator::close(int exit_code) {
  if (closed_) return;
  closed_ = true;
  exit_code_ = exit_code;
  // An earlier failure that was overcome is not why the attempt ends.
  if (error_ && tipple::exit_code(error_->kind) != exit_code) error_.reset();
  append(JournalClosed{exit_code, error_ ? error_->to_string() : std::string()});
  sync_journal();
}

void Coordinator::append(const JournalEntry& entry) {
  if (journal_broken_) return;
  if (Status appended = journal_.append(entry); !appended.ok()) {
    journal_broken_ = true;
    halt(appended.error());
    return;
  }
  if (!unsynced_) next_sync_ = clock_.now() + config_.sync_period;
  unsynced_ = true;
}

void Coordinator::sync_journal() {
  if (journal_broken_ || !unsynced_) return;
  unsynced_ = false;
  if (Status synced = journal_.sync(); !synced.ok()) {
    journal_broken_ = true;
    halt(synced.error());
  }
}

Progress Coordinator::progress() const {
  return {scheduler_.phase(), plan_.chunks.size(),      plan_.bytes, &ledger_.totals(), chunks_resumed_,
          bytes_resumed_,     scheduler_.live_workers()};
}

LoadOutcome Coordinator::outcome() const {
  LoadOutcome outcome;
  outcome.exit_code = exit_code_;
  outcome.error = error_;
  if (!outcome.error && exit_code_ == exit_code(ErrorKind::kCheckpointed)) {
    outcome.error = Error{ErrorKind::kCheckpointed,
                          "stopped on request; what was done is kept",
                          {},
                          "run the same command again to go on"};
  }
  outcome.published = published_;
  outcome.totals = ledger_.totals();
  outcome.chunks_total = plan_.chunks.size();
  outcome.bytes_total = plan_.bytes;
  outcome.chunks_resumed = chunks_resumed_;
  outcome.reissued = scheduler_.reissued();
  outcome.mismatches = ledger_.mismatches();
  outcome.scans = ledger_.scans();
  outcome.workers_lost = scheduler_.workers_lost();
  return outcome;
}

}  // namespace tipple
