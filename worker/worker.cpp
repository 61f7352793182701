#include "worker/worker.h"

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

namespace tipple {
namespace {

constexpr Duration kHelloPeriodMin = std::chrono::milliseconds(20);  // doubles up to the maximum
constexpr Duration kHelloPeriodMax = std::chrono::seconds(1);
constexpr Duration kSetupWait = std::chrono::minutes(5);  // rank 0 lists the inputs before it can answer
constexpr int kHeartbeatsPerLease = 6;
constexpr std::size_t kEarlyMessagesMax = 16;

}  // namespace

struct Worker::Impl {
  Transport& transport;
  const Clock& clock;
  Hello hello;
  ExecutorFactory factory;

  std::unique_ptr<TaskExecutor> executor;  // from Setup on
  bool done = false;
  bool told_to_leave = false;
  int exit_code = 0;
  TimePoint started;
  std::optional<TimePoint> hello_sent;
  Duration hello_period = kHelloPeriodMin;
  Duration lease{};
  TimePoint lease_from;  // when the newest heartbeat that was answered had been sent
  TimePoint heartbeat_sent;
  std::uint64_t sequence = 0;
  std::deque<std::pair<std::uint64_t, TimePoint>> unanswered;
  std::vector<Message> early;  // overtook the Setup
  std::map<ChunkId, std::uint32_t>
      newest_issue;  // a message that came twice must not run twice: it would write the same part

  Impl(Transport& transport_, const Clock& clock_, Hello hello_, ExecutorFactory factory_)
      : transport(transport_),
        clock(clock_),
        hello(std::move(hello_)),
        factory(std::move(factory_)),
        started(clock.now()) {}

  // In the coordinator's own process there is nobody to lose: a suspended process goes on when it is continued.
  [[nodiscard]] bool leased() const { return transport.self() != kCoordinator; }

  void leave(int code) {
    if (executor) executor->stop();
    exit_code = code;
    done = true;
  }

  void on(const Setup& setup) {
    if (executor) return;
    auto made = factory(setup.load);
    if (!made.ok()) {
      transport.send(kCoordinator, ChunkFailure{kNoChunk, 0, made.error(), false});
      transport.send(kCoordinator, Goodbye{});
      leave(tipple::exit_code(made.error().kind));
      return;
    }
    executor = std::move(made).value();
    lease = Duration(setup.load.lease_ns);
    lease_from = clock.now();
    transport.send(kCoordinator, hello);
    send_heartbeat();
    const std::vector<Message> overtook = std::move(early);
    for (const Message& message : overtook) dispatch(message);
  }
  void on(const HeartbeatAnswer& answer) {
    if (!executor) started = clock.now();
    while (!unanswered.empty() && unanswered.front().first <= answer.sequence) {
      lease_from = unanswered.front().second;
      unanswered.pop_front();
    }
  }
  void on(const Assign& assign) {
    const auto [newest, first] = newest_issue.emplace(assign.task.chunk, assign.task.issue);
    if (!first && assign.task.issue <= newest->second) return;
    newest->second = assign.task.issue;
    start(assign.task);
  }
  void on(const AssignScan& assign) { start(assign.task); }
  void on(const Publish&) { start(PublishTask{}); }
  void on(const Revoke& revoke) {
    if (executor) executor->revoke(revoke.chunk, revoke.issue);
  }
  void on(const Finish& finish) {
    told_to_leave = true;
    transport.send(kCoordinator, Goodbye{});
    leave(finish.exit_code);
  }

  void start(Task task) { executor->start(std::move(task)); }

  void dispatch(const Message& message) {
    const bool needs_setup = std::holds_alternative<Assign>(message) || std::holds_alternative<AssignScan>(message) ||
                             std::holds_alternative<Publish>(message);
    if (!executor && needs_setup) {
      if (early.size() < kEarlyMessagesMax) early.push_back(message);
      return;
    }
    std::visit(
        [&](const auto& value) {
          if constexpr (requires { on(value); }) on(value);
        },
        message);
  }

  void send_heartbeat() {
    heartbeat_sent = clock.now();
    unanswered.emplace_back(++sequence, heartbeat_sent);
    transport.send(kCoordinator, Heartbeat{sequence});
  }

  void say_hello(TimePoint now) {
    if (now - started > kSetupWait) {
      leave(tipple::exit_code(ErrorKind::kEnvironment));
    } else if (!hello_sent || now - *hello_sent >= hello_period) {
      if (hello_sent) hello_period = std::min(hello_period * 2, kHelloPeriodMax);
      hello_sent = now;
      transport.send(kCoordinator, hello);
    }
  }
};

Worker::Worker(Transport& transport, const Clock& clock, Hello hello, ExecutorFactory factory)
    : impl_(std::make_unique<Impl>(transport, clock, std::move(hello), std::move(factory))) {}

Worker::~Worker() = default;

void Worker::on_message(const Message& message) {
  if (impl_->done) return;
  impl_->dispatch(message);
}

void Worker::step() {
  if (impl_->done) return;
  const TimePoint now = impl_->clock.now();
  if (!impl_->executor) {
    impl_->say_hello(now);
    return;
  }
  if (impl_->leased() && now - impl_->lease_from > impl_->lease) {
    impl_->leave(tipple::exit_code(ErrorKind::kEnvironment));
    return;
  }
  while (auto result = impl_->executor->poll()) {
    std::visit([&](auto&& value) { impl_->transport.send(kCoordinator, std::move(value)); }, std::move(*result));
  }
  if (now - impl_->heartbeat_sent >= impl_->lease / kHeartbeatsPerLease) impl_->send_heartbeat();
}

bool Worker::done() const { return impl_->done; }
int Worker::exit_code() const { return impl_->exit_code; }
bool Worker::worked() const { return impl_->executor != nullptr; }
bool Worker::told_to_leave() const { return impl_->told_to_leave; }

}  // namespace tipple
