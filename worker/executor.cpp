#include "worker/executor.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "worker/publisher.h"
#include "worker/segment_reader.h"

namespace tipple {
namespace {

constexpr std::size_t kFinishingMax = 2;  // chunks between their graph and their report

ChunkFailure failure(ChunkId chunk, std::uint32_t issue, Error error) {
  const bool retryable = is_retryable(error);
  return ChunkFailure{chunk, issue, std::move(error), retryable};
}

// Exceptions of the libraries below become Errors: one chunk fails, not the process.
template <typename Work>
auto without_exceptions(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return environment_error("out of memory", {}, "give the load more memory or fewer threads");
  } catch (const std::exception& exception) {
    return environment_error(exception.what());
  }
}

}  // namespace

struct ThreadedExecutor::Impl {
  struct Finishing {
    ChunkId chunk;
    std::uint32_t issue = 0;
    UnfinishedChunk unfinished;
  };

  Impl(JobSpec job_in, Warehouse warehouse_in, LoadSetup load_in, const RunnerConfig& config)
      : job(std::move(job_in)),
        warehouse(std::move(warehouse_in)),
        load(std::move(load_in)),
        // Chunks are all done when a load is published, but what they used is not given back yet.
        publishing{config.threads, config.memory_bytes / 2},
        runner(job, warehouse, load, config) {}

  void run_tasks();
  void finish_chunks();
  void perform(const ChunkTask& task);
  void perform(const ScanTask& task);
  void perform(const PublishTask& task);
  void report(TaskResult result);
  void report_failure(ChunkId chunk, std::uint32_t issue, Error error);

  const JobSpec job;
  const Warehouse warehouse;
  const LoadSetup load;
  const PublishResources publishing;
  ChunkRunner runner;                // used by the running thread alone
  std::atomic<bool> give_up{false};  // what runs shall stop: all of it, or the one revoked chunk

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::deque<Task> queued;
  std::optional<Task> running;
  std::deque<Finishing> finishing;  // its front is being worked on
  std::deque<TaskResult> results;
  bool stopped = false;
  bool closing = false;

  std::thread running_thread;
  std::thread finishing_thread;
};

void ThreadedExecutor::Impl::report(TaskResult result) {
  const std::lock_guard lock(mutex);
  results.push_back(std::move(result));
}

void ThreadedExecutor::Impl::report_failure(ChunkId chunk, std::uint32_t issue, Error error) {
  if (error.kind == ErrorKind::kCheckpointed) return;
  report(failure(chunk, issue, std::move(error)));
}

void ThreadedExecutor::Impl::perform(const ChunkTask& task) {
  auto unfinished = without_exceptions([&] { return runner.run(task, give_up); });
  if (!unfinished.ok()) return report_failure(task.chunk, task.issue, std::move(unfinished).error());
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return finishing.size() < kFinishingMax || closing; });
  finishing.push_back({task.chunk, task.issue, std::move(unfinished).value()});
  changed.notify_all();
}

void ThreadedExecutor::Impl::perform(const ScanTask& task) {
  auto scanned = without_exceptions([&] { return runner.scan(task, give_up); });
  if (!scanned.ok()) return report_failure(task.first_chunk, 0, std::move(scanned).error());
  report(std::move(scanned).value());
}

void ThreadedExecutor::Impl::perform(const PublishTask&) {
  auto published =
      without_exceptions([&]() -> Result<PublishReport> { return publish_load(job, warehouse, load, publishing); });
  if (published.ok()) return report(std::move(published).value());
  report(PublishReport{{}, std::move(published).error()});
}

void ThreadedExecutor::Impl::run_tasks() {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return closing || !queued.empty(); });
      if (closing) return;
      task = std::move(queued.front());
      queued.pop_front();
      running = task;
      give_up = stopped;
    }
    std::visit([&](const auto& kind) { perform(kind); }, task);
    {
      const std::lock_guard lock(mutex);
      running.reset();
    }
    changed.notify_all();
  }
}

void ThreadedExecutor::Impl::finish_chunks() {
  while (true) {
    Finishing* chunk = nullptr;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return closing || !finishing.empty(); });
      if (closing) return;
      chunk = &finishing.front();  // stays in place while others join behind it
    }
    auto finished = without_exceptions([&] { return std::move(chunk->unfinished).finish(); });
    if (finished.ok()) {
      report(std::move(finished).value());
    } else {
      report_failure(chunk->chunk, chunk->issue, std::move(finished).error());
    }
    {
      const std::lock_guard lock(mutex);
      finishing.pop_front();
    }
    changed.notify_all();
  }
}

ThreadedExecutor::ThreadedExecutor(JobSpec job, Warehouse warehouse, LoadSetup load, const RunnerConfig& config)
    : impl_(std::make_unique<Impl>(std::move(job), std::move(warehouse), std::move(load), config)) {
  impl_->running_thread = std::thread([this] { impl_->run_tasks(); });
  impl_->finishing_thread = std::thread([this] { impl_->finish_chunks(); });
}

ThreadedExecutor::~ThreadedExecutor() {
  stop();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->changed.notify_all();
  impl_->running_thread.join();
  impl_->finishing_thread.join();
}

void ThreadedExecutor::start(Task task) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopped) return;
    impl_->queued.push_back(std::move(task));
  }
  impl_->changed.notify_all();
}

void ThreadedExecutor::revoke(ChunkId chunk, std::uint32_t issue) {
  const auto is_it = [&](const Task& task) {
    const auto* load = std::get_if<ChunkTask>(&task);
    return load != nullptr && load->chunk == chunk && load->issue == issue;
  };
  const std::lock_guard lock(impl_->mutex);
  std::erase_if(impl_->queued, is_it);
  if (impl_->running && is_it(*impl_->running)) impl_->give_up = true;
}

std::optional<TaskResult> ThreadedExecutor::poll() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->results.empty()) return std::nullopt;
  TaskResult result = std::move(impl_->results.front());
  impl_->results.pop_front();
  return result;
}

bool ThreadedExecutor::idle() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queued.empty() && !impl_->running && impl_->finishing.empty() && impl_->results.empty();
}

void ThreadedExecutor::stop() {
  const std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  impl_->queued.clear();
  impl_->give_up = true;
}

}  // namespace tipple
