// Scheduler events per second: 10^5 chunks, 1,000 workers, a whole load per iteration, heartbeats in between.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

#include "bench/measure.h"
#include "coordinator/scheduler.h"

namespace tipple {
namespace {

constexpr std::uint32_t kChunks = 100'000;
constexpr std::uint32_t kWorkers = 1000;

Event make(EventKind kind, WorkerId worker, ChunkId chunk = {}, std::uint32_t issue = 0) {
  Event event;
  event.kind = kind;
  event.worker = worker;
  event.chunk = chunk;
  event.issue = issue;
  return event;
}

// Workers report in the order in which they were given chunks; each report is followed by its acceptance and a
// heartbeat.
std::uint64_t run_load(const std::vector<std::uint64_t>& sizes) {
  SchedulerConfig config;
  config.workers = kWorkers;
  Scheduler scheduler(config, sizes);
  std::vector<Action> actions;
  std::vector<Action> queue;
  queue.reserve(2 * kChunks);
  std::uint64_t events = 0;
  TimePoint now{};
  const auto apply = [&](const Event& event) {
    now += std::chrono::microseconds(1);
    scheduler.apply(event, now, actions);
    ++events;
    for (const Action& action : actions) {
      if (action.kind == ActionKind::kAssign) queue.push_back(action);
    }
    actions.clear();
  };
  for (std::uint32_t i = 0; i < kWorkers; ++i) apply(make(EventKind::kWorkerJoined, WorkerId{i}));
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const Action assigned = queue[i];
    apply(make(EventKind::kHeard, assigned.worker));
    apply(make(EventKind::kChunkReported, assigned.worker, assigned.chunk, assigned.issue));
    apply(make(EventKind::kChunkAccepted, kNoWorker, assigned.chunk));
  }
  if (scheduler.accepted() != kChunks) std::abort();
  return events;
}

void scheduler_events(benchmark::State& state) {
  std::vector<std::uint64_t> sizes(kChunks);
  for (std::uint32_t i = 0; i < kChunks; ++i) sizes[i] = 1000 + (i * 2654435761U) % 1000;
  std::uint64_t events = 0;
  for (auto _ : state) events += run_load(sizes);
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
void add_benchmarks() {
  benchmark::RegisterBenchmark("scheduler_events", scheduler_events)
      ->Unit(benchmark::kMillisecond)
      ->Repetitions(5)
      ->ReportAggregatesOnly();
}

void print_ratios() {
  std::vector<std::uint64_t> sizes(kChunks);
  for (std::uint32_t i = 0; i < kChunks; ++i) sizes[i] = 1000 + (i * 2654435761U) % 1000;
  std::vector<double> rates;
  for (int round = -1; round < bench::kRounds; ++round) {
    std::uint64_t events = 0;
    const double seconds = bench::seconds_of([&] { events = run_load(sizes); });
    if (round >= 0) rates.push_back(static_cast<double>(events) / seconds);
  }
  bench::print_ratio("scheduler, events per second", bench::median(rates), "100,000 chunks, 1,000 workers");
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  return tipple::bench::run_program(argc, argv, tipple::print_ratios, tipple::add_benchmarks);
}
