#include "coordinator/scheduler.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/result.h"
#include "coordinator/transport.h"

namespace tipple {
namespace {

using enum Rule;

// Columns as in EventKind:
//   joined, heard, reported, dropped, accepted, refused, failed, lost,
//   tick, scan wanted, scan ended, stop, halted, publish requested, publish ended, left
constexpr std::array<std::array<Rule, kEventKinds>, kPhases> kRules = {{
    // kLoading
    {kJoin, kHear, kReport, kDrop, kAccept, kRefuse, kFail, kLose, kTick, kScan, kScanEnd, kDrain, kHalt, kPublishNow,
     kIgnore, kLose},
    // kDraining: what runs may finish and count; a second stop request does not wait for it
    {kJoin, kHear, kReport, kDrop, kAccept, kRefuse, kFail, kLose, kTick, kIgnore, kScanEnd, kHalt, kHalt, kIgnore,
     kIgnore, kLose},
    // kPublishing: a stop request has to wait, the commit is moments away
    {kJoin, kHear, kIgnore, kDrop, kIgnore, kIgnore, kDrop, kLose, kTick, kIgnore, kScanEnd, kIgnore, kHalt, kIgnore,
     kPublishEnd, kLose},
    // kFinishing
    {kJoin, kHear, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kLose, kTick, kIgnore, kIgnore, kIgnore, kIgnore,
     kIgnore, kIgnore, kLeave},
    // kEnded
    {kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore,
     kIgnore, kIgnore, kIgnore, kIgnore},
}};

// Columns: reported, accepted, refused, abandoned.
constexpr std::array<std::array<ChunkState, kChunkEvents>, kChunkStates> kNextStates = {{
    {ChunkState::kWaiting, ChunkState::kAccepted, ChunkState::kReady, ChunkState::kReady},
    {ChunkState::kWaiting, ChunkState::kAccepted, ChunkState::kRunning, ChunkState::kReady},
    {ChunkState::kWaiting, ChunkState::kAccepted, ChunkState::kReady, ChunkState::kWaiting},
    {ChunkState::kAccepted, ChunkState::kAccepted, ChunkState::kAccepted, ChunkState::kAccepted},
}};

}  // namespace

Rule rule_of(Phase phase, EventKind event) {
  return kRules[static_cast<std::size_t>(phase)][static_cast<std::size_t>(event)];
}

ChunkState next_state(ChunkState state, ChunkEvent event) {
  return kNextStates[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

Scheduler::Scheduler(const SchedulerConfig& config, std::span<const std::uint64_t> chunk_bytes)
    : config_(config),
      chunks_(chunk_bytes.size()),
      by_rank_(chunk_bytes.size()),
      ready_(chunk_bytes.size()),
      workers_(config.workers),
      duplicable_(config.workers),
      absent_(config.workers) {
  for (auto& set : with_held_) set = IndexSet(config.workers);
  std::vector<std::uint32_t> order(chunk_bytes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return chunk_bytes[a] > chunk_bytes[b]; });
  for (std::uint32_t rank = 0; rank < order.size(); ++rank) {
    by_rank_[rank] = ChunkId{order[rank]};
    chunks_[order[rank]].rank = rank;
    ready_.insert(rank);
  }
  if (chunks_.empty()) phase_ = Phase::kPublishing;
}

bool Scheduler::live(WorkerId worker) const {
  return worker.value() < workers_.size() && workers_[worker.value()].presence == Presence::kLive;
}

bool Scheduler::lost(WorkerId worker) const {
  return worker.value() < workers_.size() && workers_[worker.value()].presence == Presence::kLost;
}

bool Scheduler::holds(WorkerId worker, ChunkId chunk, std::uint32_t issue) const {
  if (!live(worker)) return false;
  const Worker& record = workers_[worker.value()];
  return std::any_of(record.held.begin(), record.held.begin() + record.held_count,
                     [&](const Held& held) { return held.chunk == chunk && held.issue == issue; });
}

void Scheduler::apply(const Event& event, TimePoint now, std::vector<Action>& out) {
  if (event.worker != kNoWorker && event.worker.value() >= workers_.size()) return;
  if (event.chunk.value() >= chunks_.size() && event.chunk != ChunkId{}) return;
  out_ = &out;
  switch (rule_of(phase_, event.kind)) {
    case kIgnore:
      return;
    case kJoin:
      join(event.worker, now);
      break;
    case kHear:
      if (event.worker != kNoWorker) workers_[event.worker.value()].heard = now;
      return;
    case kReport:
      release(event.worker, event.chunk, event.issue);
      move(event.chunk, ChunkEvent::kReported);
      revoke_holders(event.chunk);
      break;
    case kDrop:
      if (release(event.worker, event.chunk, event.issue)) abandon(event.chunk, kNoWorker);
      break;
    case kAccept:
      accept(event.chunk, now);
      break;
    case kRefuse:
      move(event.chunk, ChunkEvent::kRefused);
      break;
    case kFail:
      fail(event, now);
      break;
    case kLose:
      lose(event.worker, now);
      break;
    case kTick:
      tick(now);
      break;
    case kScan:
      if (std::find(scans_.begin(), scans_.end(), event.chunk) == scans_.end()) scans_.push_back(event.chunk);
      break;
    case kScanEnd:
      end_scan(event.worker);
      break;
    case kDrain:
      drain(now);
      break;
    case kHalt:
      finish(event.kind == EventKind::kHalted ? event.exit_code : tipple::exit_code(ErrorKind::kCheckpointed), now);
      break;
    case kPublishNow:
      publish(now);
      break;
    case kPublishEnd:
      if (event.worker == publisher_) finish(event.exit_code, now);
      break;
    case kLeave:
      leave(event.worker, now);
      break;
  }
  if (phase_ == Phase::kLoading) fill();
  if (phase_ == Phase::kDraining && held_total_ == 0) finish(tipple::exit_code(ErrorKind::kCheckpointed), now);
}

void Scheduler::join(WorkerId worker, TimePoint now) {
  if (worker == kNoWorker) return;
  Worker& record = workers_[worker.value()];
  if (record.presence != Presence::kAbsent) return;
  record.heard = now;
  if (phase_ == Phase::kFinishing) return;  // its Finish is on the way; only its Goodbye is awaited
  record.presence = Presence::kLive;
  --absent_;
  ++live_;
  refresh(worker);
  if (phase_ == Phase::kPublishing && publisher_ == kNoWorker) choose_publisher();
}

void Scheduler::accept(ChunkId chunk, TimePoint now) {
  move(chunk, ChunkEvent::kAccepted);
  revoke_holders(chunk);
  if (accepted_ == chunks_.size() && phase_ == Phase::kLoading) publish(now);
}

void Scheduler::fail(const Event& event, TimePoint now) {
  if (!release(event.worker, event.chunk, event.issue)) return;
  ChunkRecord& record = chunks_[event.chunk.value()];
  if (record.state == ChunkState::kAccepted || record.state == ChunkState::kWaiting) return;
  ++record.failures;
  if (!event.retryable || record.failures >= config_.tries) {
    emit(ActionKind::kGiveUp, event.worker, event.chunk, event.issue, event.exit_code);
    finish(event.exit_code, now);
    return;
  }
  abandon(event.chunk, event.worker);
}

void Scheduler::lose(WorkerId worker, TimePoint now) {
  if (worker == kNoWorker) return;
  Worker& record = workers_[worker.value()];
  if (record.presence == Presence::kLost || record.presence == Presence::kLeft) return;
  if (record.presence == Presence::kLive) --live_;
  if (record.presence == Presence::kAbsent) --absent_;
  record.presence = Presence::kLost;
  ++lost_;
  while (record.held_count > 0) {
    const Held held = record.held[0];
    release(worker, held.chunk, held.issue);
    abandon(held.chunk, kNoWorker);
  }
  if (record.scanning) {
    scans_.push_back(record.scan);
    end_scan(worker);
  }
  refresh(worker);
  if (phase_ == Phase::kPublishing && publisher_ == worker) {
    publisher_ = kNoWorker;
    choose_publisher();
  }
  if (phase_ == Phase::kFinishing) leave(worker, now);
}

void Scheduler::leave(WorkerId worker, TimePoint) {
  Worker& record = workers_[worker.value()];
  if (record.presence == Presence::kLive) --live_;
  if (record.presence == Presence::kAbsent) --absent_;
  if (record.presence != Presence::kLost) record.presence = Presence::kLeft;
  refresh(worker);
  end_if_all_left();
}

void Scheduler::tick(TimePoint now) {
  for (std::uint32_t i = 0; i < workers_.size(); ++i) {
    const WorkerId worker{i};
    // The coordinator's own worker lives and dies with this state machine.
    if (worker == kCoordinator || !live(worker) || now - workers_[i].heard <= config_.lease) continue;
    emit(ActionKind::kLoseWorker, worker);
    lose(worker, now);
  }
  if (phase_ == Phase::kDraining && now >= deadline_) {
    finish(tipple::exit_code(ErrorKind::kCheckpointed), now);
  } else if (phase_ == Phase::kFinishing && now >= deadline_) {
    phase_ = Phase::kEnded;
    emit(ActionKind::kEnd, kNoWorker, {}, 0, exit_code_);
  }
}

void Scheduler::drain(TimePoint now) {
  phase_ = Phase::kDraining;
  deadline_ = now + config_.drain;
  scans_.clear();
  for (std::uint32_t i = 0; i < workers_.size(); ++i) {
    Worker& record = workers_[i];
    while (record.held_count > 1) {
      const Held held = record.held[record.held_count - 1];
      emit(ActionKind::kRevoke, WorkerId{i}, held.chunk, held.issue);
      release(WorkerId{i}, held.chunk, held.issue);
      abandon(held.chunk, kNoWorker);
    }
  }
}

void Scheduler::publish(TimePoint) {
  phase_ = Phase::kPublishing;
  scans_.clear();
  revoke_all();
  choose_publisher();
}

void Scheduler::choose_publisher() {
  for (std::uint32_t i = 0; i < workers_.size(); ++i) {
    if (!live(WorkerId{i})) continue;
    publisher_ = WorkerId{i};
    emit(ActionKind::kPublish, publisher_);
    return;
  }
}

void Scheduler::finish(int exit_code, TimePoint now) {
  phase_ = Phase::kFinishing;
  exit_code_ = exit_code;
  deadline_ = now + config_.goodbye_wait;
  for (std::uint32_t i = 0; i < workers_.size(); ++i) {
    const Presence presence = workers_[i].presence;
    if (presence == Presence::kLost || presence == Presence::kLeft) continue;
    emit(ActionKind::kFinish, WorkerId{i}, {}, 0, exit_code);
  }
  end_if_all_left();
}

void Scheduler::end_if_all_left() {
  if (phase_ != Phase::kFinishing || live_ + absent_ > 0) return;
  phase_ = Phase::kEnded;
  emit(ActionKind::kEnd, kNoWorker, {}, 0, exit_code_);
}

void Scheduler::end_scan(WorkerId worker) {
  if (worker == kNoWorker || !workers_[worker.value()].scanning) return;
  workers_[worker.value()].scanning = false;
  --held_total_;
  refresh(worker);
}

void Scheduler::fill() {
  while (!scans_.empty() && hand_out_scan()) continue;
  while (!ready_.empty() && hand_out_chunk()) continue;
  if (!ready_.empty()) return;
  while (!with_held_[0].empty() && !duplicable_.empty() && duplicate_prefetched()) continue;
}

bool Scheduler::hand_out_scan() {
  std::size_t level = 0;
  while (level + 1 < kChunksPerWorker && with_held_[level].empty()) ++level;
  const std::size_t index = with_held_[level].next();
  if (index == IndexSet::kNone) return false;
  Worker& record = workers_[index];
  if (record.scanning) return false;
  record.scanning = true;
  record.scan = scans_.front();
  ++held_total_;
  scans_.erase(scans_.begin());
  refresh(WorkerId{static_cast<std::uint32_t>(index)});
  emit(ActionKind::kAssignScan, WorkerId{static_cast<std::uint32_t>(index)}, record.scan);
  return true;
}

// One chunk to one worker: idle workers first; a further chunk only while every worker that is still to come finds one
// too.
bool Scheduler::hand_out_chunk() {
  const std::size_t levels = ready_.size() > absent_ ? kChunksPerWorker : 1;
  for (std::size_t level = 0; level < levels; ++level) {
    for (std::size_t index = with_held_[level].next(); index != IndexSet::kNone;
         index = with_held_[level].next(index + 1)) {
      const WorkerId worker{static_cast<std::uint32_t>(index)};
      for (std::size_t rank = ready_.next(); rank != IndexSet::kNone; rank = ready_.next(rank + 1)) {
        const ChunkId chunk = by_rank_[rank];
        if (chunks_[chunk.value()].avoid == worker && live_ > 1) continue;
        assign(worker, chunk);
        return true;
      }
    }
  }
  return false;
}

// At the end of the load: a worker without work starts what another one has only prefetched. Whoever reports first
// wins.
bool Scheduler::duplicate_prefetched() {
  const WorkerId idle{static_cast<std::uint32_t>(with_held_[0].next())};
  for (std::size_t index = duplicable_.next(); index != IndexSet::kNone; index = duplicable_.next(index + 1)) {
    const ChunkId chunk = workers_[index].held[workers_[index].held_count - 1U].chunk;
    if (chunks_[chunk.value()].avoid == idle) continue;
    assign(idle, chunk);
    return true;
  }
  return false;
}

void Scheduler::assign(WorkerId worker, ChunkId chunk) {
  ChunkRecord& record = chunks_[chunk.value()];
  Worker& holder = workers_[worker.value()];
  TIPPLE_CHECK(record.holder_count < record.holders.size(), "a chunk has at most two holders");
  TIPPLE_CHECK(holder.held_count < holder.held.size(), "a worker holds more chunks than it may");
  if (record.state == ChunkState::kReady) {
    record.state = ChunkState::kRunning;
    ready_.erase(record.rank);
  }
  record.holders[record.holder_count++] = worker;
  const std::uint32_t issue = record.issues++;
  if (issue > 0) ++reissued_;
  holder.held[holder.held_count++] = {chunk, issue};
  ++held_total_;
  refresh(worker);
  for (std::size_t i = 0; i + 1 < record.holder_count; ++i) refresh(record.holders[i]);
  emit(ActionKind::kAssign, worker, chunk, issue);
}

void Scheduler::move(ChunkId chunk, ChunkEvent event) {
  ChunkRecord& record = chunks_[chunk.value()];
  const ChunkState to = next_state(record.state, event);
  if (to == record.state) return;
  if (record.state == ChunkState::kReady) ready_.erase(record.rank);
  if (to == ChunkState::kReady) ready_.insert(record.rank);
  if (to == ChunkState::kAccepted) ++accepted_;
  record.state = to;
}

bool Scheduler::release(WorkerId worker, ChunkId chunk, std::uint32_t issue) {
  if (worker == kNoWorker) return false;
  Worker& holder = workers_[worker.value()];
  for (std::size_t i = 0; i < holder.held_count; ++i) {
    if (holder.held[i].chunk != chunk || holder.held[i].issue != issue) continue;
    for (std::size_t j = i + 1; j < holder.held_count; ++j) holder.held[j - 1] = holder.held[j];
    --holder.held_count;
    --held_total_;
    ChunkRecord& record = chunks_[chunk.value()];
    if (record.holders[0] == worker) record.holders[0] = record.holders[1];
    --record.holder_count;
    refresh(worker);
    if (record.holder_count > 0) refresh(record.holders[0]);
    return true;
  }
  return false;
}

// `worker`: who failed; somebody else shall try.
void Scheduler::abandon(ChunkId chunk, WorkerId worker) {
  ChunkRecord& record = chunks_[chunk.value()];
  if (worker != kNoWorker) record.avoid = worker;
  if (record.holder_count == 0) move(chunk, ChunkEvent::kAbandoned);
}

void Scheduler::revoke_holders(ChunkId chunk) {
  const ChunkRecord& record = chunks_[chunk.value()];
  while (record.holder_count > 0) {
    const WorkerId worker = record.holders[record.holder_count - 1];
    for (const Held held : workers_[worker.value()].held) {
      if (held.chunk != chunk || !holds(worker, chunk, held.issue)) continue;
      emit(ActionKind::kRevoke, worker, chunk, held.issue);
      release(worker, chunk, held.issue);
      break;
    }
  }
}

void Scheduler::revoke_all() {
  for (std::uint32_t i = 0; i < workers_.size(); ++i) {
    while (workers_[i].held_count > 0) {
      const Held held = workers_[i].held[workers_[i].held_count - 1];
      emit(ActionKind::kRevoke, WorkerId{i}, held.chunk, held.issue);
      release(WorkerId{i}, held.chunk, held.issue);
      abandon(held.chunk, kNoWorker);
    }
  }
}

// Puts the worker where what it holds says it belongs.
void Scheduler::refresh(WorkerId worker) {
  const std::size_t index = worker.value();
  const Worker& record = workers_[index];
  const std::size_t load = std::min<std::size_t>(record.held_count + (record.scanning ? 1 : 0), kChunksPerWorker);
  const bool is_live = record.presence == Presence::kLive;
  for (std::size_t level = 0; level < with_held_.size(); ++level) {
    if (is_live && level == load) {
      with_held_[level].insert(index);
    } else {
      with_held_[level].erase(index);
    }
  }
  if (is_live && record.held_count > 1 &&
      chunks_[record.held[record.held_count - 1U].chunk.value()].holder_count == 1) {
    duplicable_.insert(index);
  } else {
    duplicable_.erase(index);
  }
}

void Scheduler::emit(ActionKind kind, WorkerId worker, ChunkId chunk, std::uint32_t issue, int exit_code) {
  out_->push_back({kind, worker, chunk, issue, exit_code});
}

}  // namespace tipple
