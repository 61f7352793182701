// The simulator: thousands of loads, each a function of its seed. `--seed=N` or TIPPLE_SEED=N replays one, `--seeds=N`
// sets how many.
#include <cstdlib>
#include <iostream>

#include "simulated_world.h"

namespace tipple::simulation {
namespace {

std::uint64_t g_seed = 0;
bool g_one_seed = false;
std::uint64_t g_seeds = 10'000;

constexpr int kTurnsMax = 20'000;  // of an attempt: a load that needs more makes no progress
constexpr int kFaultyAttempts = 4;

// One process group working on the world's load.
class Attempt {
 public:
  Attempt(World& world, std::uint32_t ranks)
      : world_(world),
        network_(world, ranks),
        journal_(world, world.journals.emplace_back()),
        workers_(ranks),
        executors_(ranks) {
    for (std::uint32_t i = 0; i < ranks; ++i)
      transports_.push_back(std::make_unique<SimulatedTransport>(network_, WorkerId{i}));
  }

  // The exit code, or nothing if the coordinator was killed.
  std::optional<int> run() {
    try {
      begin();
      for (int turn = 0; turn < kTurnsMax; ++turn) {
        if (testing::Test::HasFailure()) return std::nullopt;
        turn_once();
        if (coordinator_->done() && (!workers_[0] || workers_[0]->done())) return finish();
      }
      ADD_FAILURE() << "no progress: phase " << static_cast<int>(coordinator_->progress().phase) << ", "
                    << coordinator_->progress().done->chunks << " of " << world_.plan.chunks.size() << " chunks";
    } catch (const Killed&) {
      if (world_.faults.power_cut) {
        auto& journal = world_.journals.back();
        journal.bytes.resize(journal.synced + pick(world_.random, journal.bytes.size() - journal.synced + 1));
      }
    }
    return std::nullopt;
  }

 private:
  void begin() {
    LoadState earlier;
    for (std::size_t i = 0; i + 1 < world_.journals.size(); ++i) {
      const Status replayed = replay_journal(world_.journals[i].bytes, "journal", earlier);
      ASSERT_TRUE(replayed.ok()) << replayed.error().to_string();
    }
    LoadSetup setup;
    setup.load = world_.load;
    setup.attempt = {7, world_.journals.size()};
    setup.attempt_number = static_cast<std::uint32_t>(world_.journals.size());
    JournalOpened opened;
    opened.load = setup;
    opened.chunk_count = world_.plan.chunks.size();
    const Status opening = journal_opening(journal_, opened, world_.plan.sources, earlier.inputs.empty());
    ASSERT_TRUE(opening.ok());
    CoordinatorConfig config;
    config.lease = std::chrono::seconds(10);
    config.drain = std::chrono::seconds(2);
    config.reject_limits.resize(1);
    coordinator_ =
        std::make_unique<Coordinator>(world_.plan, setup, earlier, journal_, *transports_[0], world_.clock, config);
    for (std::uint32_t i = 0; i < workers_.size(); ++i) {
      workers_[i] = std::make_unique<Worker>(*transports_[i], world_.clock, Hello{"host", i, 1},
                                             [this, i](const LoadSetup& load) -> Result<std::unique_ptr<TaskExecutor>> {
                                               auto executor = std::make_unique<ModelExecutor>(world_, load);
                                               executors_[i] = executor.get();
                                               return std::unique_ptr<TaskExecutor>(std::move(executor));
                                             });
    }
  }

  void turn_once() {
    advance();
    network_.deliver_due();
    for (std::uint32_t i = 0; i < workers_.size(); ++i) {
      const WorkerId rank{i};
      while (auto received = transports_[i]->receive()) {
        const bool upward = received->message.index() <= 6;
        if (upward) {
          coordinator_->on_message(received->from, received->message);
        } else if (workers_[i]) {
          workers_[i]->on_message(received->message);
        }
      }
      if (workers_[i]) workers_[i]->step();
      if (i > 0) harm(rank);
    }
    if (chance(world_.random, world_.faults.stop)) coordinator_->request_stop();
    coordinator_->step();
  }

  // To the next thing that can happen.
  void advance() {
    TimePoint next = network_.next_due(world_.clock.now() + std::chrono::milliseconds(500));
    for (std::uint32_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i] && !workers_[i]->done() && executors_[i] != nullptr) next = executors_[i]->next_done(next);
    }
    if (next > world_.clock.now()) world_.clock.advance(next - world_.clock.now());
    if (!world_.late_commits.empty() && *world_.late_commits.begin() <= world_.clock.now()) {
      world_.late_commits.erase(world_.late_commits.begin());
      world_.commit();
    }
  }

  void harm(WorkerId rank) {
    auto& worker = workers_[rank.value()];
    if (worker && chance(world_.random, world_.faults.kill_worker)) {
      worker.reset();
      executors_[rank.value()] = nullptr;
    }
    if (chance(world_.random, world_.faults.cut_off)) network_.cut_off(rank);
  }

  int finish() {
    const LoadOutcome outcome = coordinator_->outcome();
    world_.refused += outcome.mismatches;
    world_.lost += outcome.workers_lost;
    if (outcome.exit_code == 0) {
      EXPECT_EQ(world_.published, 1);
      EXPECT_EQ(outcome.totals.chunks, world_.plan.chunks.size());
      EXPECT_EQ(outcome.totals.tables[0].rows_out, world_.all_records().size());
      EXPECT_FALSE(outcome.error.has_value());
    }
    return outcome.exit_code;
  }

  World& world_;
  Network network_;
  SimulatedJournal journal_;
  std::vector<std::unique_ptr<SimulatedTransport>> transports_;
  std::unique_ptr<Coordinator> coordinator_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<ModelExecutor*> executors_;
};

void make_inputs(World& world) {
  Random& random = world.random;
  const double quoted = chance(random, 0.5) ? 0.4 : 0.02;
  const double blank = chance(random, 0.3) ? 0.2 : 0;
  std::vector<SourceExtents> sources(1 + pick(random, 2));
  for (std::uint32_t s = 0; s < sources.size(); ++s) {
    sources[s].source = SourceId{s};
    const std::uint64_t count = 1 + pick(random, 4);
    for (std::uint64_t f = 0; f < count; ++f) {
      const std::string path = "/in/" + std::to_string(s) + "-" + std::to_string(f);
      world.files.push_back(ModelFile::make(random, path, chance(random, 0.5) ? 400 : 40, quoted, blank));
      Extent extent;
      extent.path = path;
      extent.size = world.files.back().size;
      sources[s].extents.push_back(std::move(extent));
    }
  }
  world.plan = plan_chunks(std::move(sources), 1 + pick(random, chance(random, 0.2) ? 8 : 64));
}

Faults make_faults(Random& random) {
  Faults faults;
  faults.reorder = chance(random, 0.5);
  if (chance(random, 0.5)) faults.duplicate = 0.1;
  if (chance(random, 0.4)) faults.kill_worker = 0.003;
  if (chance(random, 0.2)) faults.cut_off = 0.002;
  if (chance(random, 0.3)) faults.fail_chunk = 0.03;
  if (chance(random, 0.5)) faults.kill_coordinator = 0.003;
  if (chance(random, 0.2)) faults.stop = 0.005;
  faults.power_cut = chance(random, 0.3);
  return faults;
}

struct Sums {
  std::uint64_t attempts = 0, scans = 0, refused = 0, lost = 0, chunks = 0, failures = 0;
};

void run_load(std::uint64_t seed, Sums& sums) {
  World world(seed);
  make_inputs(world);
  world.faults = make_faults(world.random);
  for (int attempt = 0; attempt <= kFaultyAttempts; ++attempt) {
    if (world.faults.power_cut) world.proven.clear();
    if (attempt == kFaultyAttempts) world.faults = Faults{};
    world.proven_earlier = world.proven;
    ++sums.attempts;
    const auto exit_code = Attempt(world, 1 + static_cast<std::uint32_t>(pick(world.random, 5))).run();
    if (testing::Test::HasFailure()) return;
    EXPECT_TRUE(!exit_code || *exit_code == 0 || *exit_code == 5 || *exit_code == 75) << *exit_code;
    if (exit_code == 0) break;
    EXPECT_LT(attempt, kFaultyAttempts) << "a load without faults did not end well";
  }
  // A publisher that was cut off may be the last to commit.
  while (!world.late_commits.empty()) {
    world.late_commits.erase(world.late_commits.begin());
    world.commit();
  }
  EXPECT_EQ(world.published, 1);
  sums.scans += world.scans;
  sums.refused += world.refused;
  sums.lost += world.lost;
  sums.failures += world.failures;
  sums.chunks += world.plan.chunks.size();
}

TEST(Simulation, EveryLoadEndsWithEachRecordOncePublishedOnce) {
  Sums sums;
  const std::uint64_t first = g_one_seed ? g_seed : 1;
  const std::uint64_t count = g_one_seed ? 1 : g_seeds;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    run_load(seed, sums);
    if (HasFailure()) {
      std::cerr << "failing seed: " << seed << " (replay with --seed=" << seed << ")\n";
      return;
    }
  }
  std::cout << count << " loads: " << sums.attempts << " attempts, " << sums.chunks << " chunks, " << sums.refused
            << " refused reports, " << sums.scans << " scans, " << sums.lost << " lost workers, " << sums.failures
            << " failed chunks\n";
  if (!g_one_seed && count >= 1000) {
    EXPECT_GT(sums.scans, 0U);
    EXPECT_GT(sums.refused, 0U);
    EXPECT_GT(sums.lost, 0U);
    EXPECT_GT(sums.attempts, count);
  }
}

}  // namespace
}  // namespace tipple::simulation

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  using namespace tipple::simulation;
  const char* seed = std::getenv("TIPPLE_SEED");
  const auto number = [](const char* text) { return std::strtoull(text, nullptr, 10); };
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--seed=")) seed = argv[i] + 7;
    if (argument.starts_with("--seeds=")) g_seeds = number(argv[i] + 8);
  }
  if (seed != nullptr) {
    g_one_seed = true;
    g_seed = number(seed);
  }
  return RUN_ALL_TESTS();
}
