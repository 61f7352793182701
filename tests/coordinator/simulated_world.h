// A cluster in one thread: real Coordinator, Scheduler, GatherLedger, journal format and Worker over a faulty network
// and disk.
//
// What the world may do, all from one seed: delay and reorder messages, deliver them twice, kill ranks, cut them off,
// fail chunks, kill the coordinator between any two effects (also in the middle of a journal write), cut the power
// (what was not synced may be lost), ask for a stop, and let a publisher of a dead attempt commit later. Messages
// between living ranks are not lost: MPI does not.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coordinator/coordinator.h"
#include "coordinator/journal_frames.h"
#include "simulated_files.h"
#include "worker/worker.h"

namespace tipple::simulation {

struct Killed {};  // thrown through the coordinator: the process is gone

struct Faults {
  bool reorder = false;
  double duplicate = 0;
  double kill_worker = 0;       // per turn
  double cut_off = 0;           // per turn
  double fail_chunk = 0;        // per chunk
  double kill_coordinator = 0;  // per effect
  double stop = 0;              // per turn
  bool power_cut = false;       // a killed coordinator also loses what it had not synced
};

// One attempt's journal file.
struct JournalFile {
  std::vector<std::byte> bytes;
  std::size_t synced = 0;
};

struct World {
  explicit World(std::uint64_t seed) : random(seed) {}

  Random random;
  ManualClock clock;
  Faults faults;
  std::vector<ModelFile> files;
  ChunkPlan plan;
  LoadId load{1, 2};

  // ---- what outlives processes
  std::deque<JournalFile> journals;
  std::map<std::string, std::vector<RecordName>> parts;
  int published = 0;
  std::set<TimePoint> late_commits;  // by publishers of dead attempts

  // ---- what the checkers know
  std::set<ChunkId> proven;  // journaled with the true range: never to be run again by a later attempt
  std::set<ChunkId> proven_earlier;
  std::uint64_t scans = 0;
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;
  std::uint64_t failures = 0;

  [[nodiscard]] const ModelFile& file(const std::string& path) const {
    for (const auto& candidate : files) {
      if (candidate.path == path) return candidate;
    }
    throw std::runtime_error("no such file: " + path);
  }
  void may_die() {
    if (chance(random, faults.kill_coordinator)) throw Killed{};
  }
  [[nodiscard]] std::vector<RecordName> all_records() const {
    std::vector<RecordName> all;
    for (const auto& one : files) {
      const auto names = one.records(0, one.size);
      all.insert(all.end(), names.begin(), names.end());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  // The moment of a commit: everything must be there, once.
  void commit() {
    LoadState state;
    for (const auto& journal : journals) {
      const Status replayed = replay_journal(journal.bytes, "journal", state);
      ASSERT_TRUE(replayed.ok()) << replayed.error().to_string();
    }
    ASSERT_EQ(state.accepted.size(), plan.chunks.size()) << "published before all chunks were accepted";
    std::vector<RecordName> rows;
    for (const auto& [chunk, report] : state.accepted) {
      check_tiling(state, chunk, report);
      for (const auto& table : report.tables) {
        if (!table.part) continue;
        const auto part = parts.find(table.part->path);
        ASSERT_NE(part, parts.end());
        rows.insert(rows.end(), part->second.begin(), part->second.end());
      }
    }
    std::sort(rows.begin(), rows.end());
    ASSERT_EQ(rows, all_records()) << "each record once";
    if (published == 0) ++published;  // link(2): the second one finds the load's entry and says "already"
  }

  void check_tiling(const LoadState& state, ChunkId chunk, const ChunkReport& report) const {
    const Segment& segment = plan.chunks[chunk.value()].segments.front();
    if (segment.begin == 0 || !report.range.any) return;
    for (std::uint32_t before = chunk.value(); before-- > 0;) {
      const RecordRange& range = state.accepted.at(ChunkId{before}).range;
      if (plan.chunks[before].segments.front().begin != 0 && !range.any) continue;
      if (range.any) {
        ASSERT_LE(range.end, report.range.start) << "ranges overlap";
      }
      return;
    }
  }
};

class SimulatedJournal final : public JournalWriter {
 public:
  SimulatedJournal(World& world, JournalFile& file) : world_(world), file_(file) {
    file_.bytes = journal_header(world.load);
    file_.synced = file_.bytes.size();
  }

  Status append(const JournalEntry& entry) override {
    world_.may_die();
    std::vector<std::byte> frame;
    append_journal_frame(entry, sequence_++, frame);
    if (chance(world_.random, world_.faults.kill_coordinator)) {
      frame.resize(pick(world_.random, frame.size()));
      file_.bytes.insert(file_.bytes.end(), frame.begin(), frame.end());
      throw Killed{};
    }
    file_.bytes.insert(file_.bytes.end(), frame.begin(), frame.end());
    if (const auto* accepted = std::get_if<JournalAccepted>(&entry)) note(accepted->report);
    world_.may_die();
    return {};
  }
  Status sync() override {
    world_.may_die();
    file_.synced = file_.bytes.size();
    return {};
  }

 private:
  void note(const ChunkReport& report) {
    const Chunk& chunk = world_.plan.chunks[report.chunk.value()];
    const Segment& segment = chunk.segments.front();
    const ModelFile& file = world_.file(world_.plan.sources[chunk.source.value()].extents[segment.extent].path);
    const std::uint64_t start = std::max(file.boundary(segment.begin, false), file.data_begin);
    const RecordRange& range = report.range;
    // A guess that found only blank lines is right, but proves nothing: it may be asked for again.
    if (chunk.segments.size() > 1 || (range.any ? range.start == start : !range.guessed))
      world_.proven.insert(report.chunk);
  }

  World& world_;
  JournalFile& file_;
  std::uint64_t sequence_ = 0;
};

// Messages under way between the ranks of one attempt.
class Network {
 public:
  Network(World& world, std::uint32_t ranks)
      : world_(world), last_(ranks, std::vector<TimePoint>(ranks)), cut_off_(ranks, false), inbox_(ranks) {}

  void send(WorkerId from, WorkerId to, const Message& message) {
    if (from == kCoordinator) world_.may_die();
    if (cut_off_[from.value()] || cut_off_[to.value()]) return;
    const int copies = chance(world_.random, world_.faults.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      TimePoint at =
          world_.clock.now() + std::chrono::milliseconds(pick(world_.random, chance(world_.random, 0.05) ? 3000 : 60));
      auto& last = last_[from.value()][to.value()];
      if (!world_.faults.reorder) at = std::max(at, last);
      last = at;
      under_way_.emplace(at, Flight{from, to, message});
    }
  }
  void deliver_due() {
    while (!under_way_.empty() && under_way_.begin()->first <= world_.clock.now()) {
      Flight& flight = under_way_.begin()->second;
      if (!cut_off_[flight.from.value()] && !cut_off_[flight.to.value()])
        inbox_[flight.to.value()].push_back({flight.from, std::move(flight.message)});
      under_way_.erase(under_way_.begin());
    }
  }
  void cut_off(WorkerId rank) { cut_off_[rank.value()] = true; }
  [[nodiscard]] TimePoint next_due(TimePoint otherwise) const {
    return under_way_.empty() ? otherwise : std::min(otherwise, under_way_.begin()->first);
  }
  [[nodiscard]] std::deque<Received>& inbox(WorkerId rank) { return inbox_[rank.value()]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(inbox_.size()); }

 private:
  struct Flight {
    WorkerId from, to;
    Message message;
  };
  World& world_;
  std::multimap<TimePoint, Flight> under_way_;
  std::vector<std::vector<TimePoint>> last_;
  std::vector<bool> cut_off_;
  std::vector<std::deque<Received>> inbox_;
};

class SimulatedTransport final : public Transport {
 public:
  SimulatedTransport(Network& network, WorkerId self) : network_(network), self_(self) {}
  WorkerId self() const override { return self_; }
  std::uint32_t size() const override { return network_.size(); }
  void send(WorkerId to, Message message) override { network_.send(self_, to, message); }
  std::optional<Received> receive() override {
    auto& inbox = network_.inbox(self_);
    if (inbox.empty()) return std::nullopt;
    std::optional<Received> first(std::move(inbox.front()));
    inbox.pop_front();
    return first;
  }
  void wait(Duration) override {}
  void flush(Duration) override {}

 private:
  Network& network_;
  WorkerId self_;
};

// Stands where worker/executor's thread is: runs tasks over the model files, one after the other.
class ModelExecutor final : public TaskExecutor {
 public:
  ModelExecutor(World& world, const LoadSetup& load) : world_(world), attempt_(load.attempt_number) {}
  ~ModelExecutor() override {
    // A publisher that outlives its coordinator may still commit.
    for (const auto& queued : queue_) {
      if (std::holds_alternative<PublishTask>(queued.task) && chance(world_.random, 0.5))
        world_.late_commits.insert(queued.done);
    }
  }

  void start(Task task) override {
    const TimePoint begin = queue_.empty() ? world_.clock.now() : queue_.back().done;
    queue_.push_back({std::move(task), begin + std::chrono::milliseconds(1 + pick(world_.random, 400))});
  }
  void revoke(ChunkId chunk, std::uint32_t issue) override {
    std::erase_if(queue_, [&](const Queued& queued) {
      const auto* task = std::get_if<ChunkTask>(&queued.task);
      return task != nullptr && task->chunk == chunk && task->issue == issue && chance(world_.random, 0.7);
    });
  }
  std::optional<TaskResult> poll() override {
    if (queue_.empty() || queue_.front().done > world_.clock.now()) return std::nullopt;
    const Task task = std::move(queue_.front().task);
    queue_.pop_front();
    if (const auto* chunk = std::get_if<ChunkTask>(&task)) return run(*chunk);
    if (const auto* scan = std::get_if<ScanTask>(&task)) return run(*scan);
    PublishReport report;
    report.tables.push_back({"t", 1, world_.published > 0});
    world_.commit();
    return report;
  }
  bool idle() const override { return queue_.empty(); }
  void stop() override { queue_.clear(); }
  [[nodiscard]] TimePoint next_done(TimePoint otherwise) const {
    return queue_.empty() ? otherwise : std::min(otherwise, queue_.front().done);
  }

 private:
  struct Queued {
    Task task;
    TimePoint done;
  };

  TaskResult run(const ChunkTask& task) {
    EXPECT_FALSE(world_.proven_earlier.contains(task.chunk))
        << "chunk " << task.chunk.value() << " was done in an earlier attempt";
    if (chance(world_.random, world_.faults.fail_chunk)) {
      ++world_.failures;
      return ChunkFailure{task.chunk, task.issue, environment_error("disk on fire"), true};
    }
    ChunkReport report;
    report.chunk = task.chunk;
    report.issue = task.issue;
    std::vector<RecordName> rows;
    for (const auto& segment : task.segments) {
      auto parsed = world_.file(segment.path).parse(segment, task.known_start);
      report.range = parsed.range;
      rows.insert(rows.end(), parsed.rows.begin(), parsed.rows.end());
    }
    TableReport table;
    table.rows.rows_in = table.rows.rows_out = rows.size();
    if (!rows.empty()) {
      StagedPart part;
      part.path =
          std::to_string(attempt_) + "/" + std::to_string(task.chunk.value()) + "-" + std::to_string(task.issue);
      part.rows = rows.size();
      EXPECT_TRUE(world_.parts.emplace(part.path, std::move(rows)).second) << "a part was written twice: " << part.path;
      table.part = std::move(part);
    }
    report.tables.push_back(std::move(table));
    return report;
  }
  TaskResult run(const ScanTask& task) {
    ++world_.scans;
    const ModelFile& file = world_.file(task.segment.path);
    if (chance(world_.random, world_.faults.fail_chunk))
      return ChunkFailure{task.first_chunk, 0, environment_error("disk on fire"), true};
    ScanReport report{task.first_chunk, {}};
    for (const auto cut : task.cuts) report.starts.push_back(file.boundary(cut, false));
    return report;
  }

  World& world_;
  std::uint32_t attempt_;
  std::deque<Queued> queue_;
};

}  // namespace tipple::simulation
