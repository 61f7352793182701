#include "worker/stream_reader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/record_format.h"
#include "worker/stream_client.h"
#include "worker/stream_socket.h"
#include "worker/stream_spool.h"

namespace tipple {
namespace {

constexpr std::size_t kClientsMax = 64;
constexpr int kPollMaxMs = 1000;

}  // namespace

struct StreamReader::Impl {
  const SourceSpec& source;
  const StreamReaderConfig config;
  const Clock& clock;
  std::unique_ptr<RecordFormat> format;
  StreamSpool spool;
  StreamCutter cutter;
  File listening;
  File wake;  // an eventfd: stop, or room in the spool
  std::list<StreamClient> clients;
  bool had_client = false;

  mutable std::mutex mutex;  // guards what follows
  mutable std::condition_variable changed;
  std::vector<std::filesystem::path> stretches;
  std::uint64_t spooled_bytes = 0;
  bool over = false;
  std::optional<Error> failure;
  std::atomic<bool> stopping{false};
  std::thread thread;  // last: it uses all of the above

  Impl(const SourceSpec& s, StreamReaderConfig c, const Clock& k, StreamSpool p)
      : source(s), config(std::move(c)), clock(k), spool(std::move(p)), cutter(config.limits) {}

  void run();
  [[nodiscard]] Status read_until_end();
  [[nodiscard]] Status serve(std::vector<pollfd>& polled);
  [[nodiscard]] Status accept_all();
  [[nodiscard]] Status read_client(StreamClient& client);
  [[nodiscard]] Status take_records(StreamClient& client, bool final);
  [[nodiscard]] Status put(StreamClient& client, std::span<const char> records, std::uint64_t count);
  [[nodiscard]] Status seal();
  [[nodiscard]] Status seal_if_due();
  [[nodiscard]] Status end_client(StreamClient& client);
  void add_stretch(const std::filesystem::path& path);
  [[nodiscard]] bool spool_is_full() const {
    const std::lock_guard lock(mutex);
    return spooled_bytes >= config.spool_bytes_max;
  }
  void wake_up() const {
    const std::uint64_t one = 1;
    (void)!::write(wake.fd(), &one, sizeof one);
  }
};

void StreamReader::Impl::run() {
  Status status = read_until_end();
  if (status.ok() && !cutter.empty()) status = seal();
  const std::lock_guard lock(mutex);
  if (!status.ok()) failure = std::move(status).error();
  over = true;
  changed.notify_all();
}

Status StreamReader::Impl::read_until_end() {
  std::vector<pollfd> polled;
  while (!stopping) {
    if (!listening.is_open() && clients.empty()) return {};
    if (config.ends_with_clients && had_client && clients.empty()) return {};
    const bool full = spool_is_full();
    polled.assign(1, {wake.fd(), POLLIN, 0});
    polled.push_back({listening.is_open() && clients.size() < kClientsMax ? listening.fd() : -1, POLLIN, 0});
    for (const StreamClient& client : clients) polled.push_back({full ? -1 : client.fd(), POLLIN, 0});
    int timeout = kPollMaxMs;
    if (const auto deadline = cutter.deadline()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - clock.now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, kPollMaxMs));
    }
    if (::poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR)
      return system_error(errno, "cannot poll the stream", source.name);
    TIPPLE_RETURN_IF_ERROR(serve(polled));
    TIPPLE_RETURN_IF_ERROR(seal_if_due());
  }
  return {};
}

Status StreamReader::Impl::serve(std::vector<pollfd>& polled) {
  if ((polled[0].revents & POLLIN) != 0) {
    std::uint64_t count = 0;
    (void)!::read(wake.fd(), &count, sizeof count);
  }
  std::size_t next = 2;
  for (auto client = clients.begin(); client != clients.end(); ++next) {
    if (next < polled.size() && (polled[next].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
      TIPPLE_RETURN_IF_ERROR(read_client(*client));
    client = client->ended() ? clients.erase(client) : std::next(client);
  }
  if ((polled[1].revents & POLLIN) != 0) TIPPLE_RETURN_IF_ERROR(accept_all());
  return {};
}

Status StreamReader::Impl::accept_all() {
  while (clients.size() < kClientsMax) {
    TIPPLE_TRY(File file, accept_stream(listening));
    if (!file.is_open()) return {};
    clients.emplace_back(std::move(file), *format, source, config.record_bytes_max);
    had_client = true;
  }
  return {};
}

Status StreamReader::Impl::read_client(StreamClient& client) {
  TIPPLE_TRY(const bool more, client.read());
  if (!more) return end_client(client);
  return take_records(client, false);
}

// A socket's writer that broke off in the middle, or was cut off, must not pass for one that said all.
Status StreamReader::Impl::end_client(StreamClient& client) {
  const bool final_counts = source.stream.kind == StreamSpec::Kind::kStdin;
  TIPPLE_RETURN_IF_ERROR(take_records(client, final_counts));
  client.end();
  const std::span<const char> rest = client.unread();
  if (rest.empty()) return {};
  if (!cutter.empty()) TIPPLE_RETURN_IF_ERROR(seal());
  TIPPLE_TRY(const std::filesystem::path torn, spool.seal_torn(rest));
  add_stretch(torn);
  return {};
}

Status StreamReader::Impl::take_records(StreamClient& client, bool final) {
  TIPPLE_TRY(const bool headed, client.read_head(final));
  if (!headed) return {};
  while (true) {
    const StreamClient::Whole whole = client.whole_records(final);
    if (whole.bytes == 0) return client.check_record_size();
    const auto cut = cutter.cut(whole.bytes, whole.records);
    if (!cut) {
      TIPPLE_RETURN_IF_ERROR(put(client, client.unread().first(whole.bytes), whole.records));
      continue;
    }
    const StreamClient::Whole first = client.cut_records(whole, *cut);
    TIPPLE_RETURN_IF_ERROR(put(client, client.unread().first(first.bytes), first.records));
    TIPPLE_RETURN_IF_ERROR(seal());
  }
}

Status StreamReader::Impl::put(StreamClient& client, std::span<const char> records, std::uint64_t count) {
  if (count > 0) {
    if (spool.open_head() && *spool.open_head() != client.head()) TIPPLE_RETURN_IF_ERROR(seal());
    TIPPLE_RETURN_IF_ERROR(spool.append(client.head(), records));
    cutter.take(records.size(), count, clock.now());
  }
  client.take(records.size());
  return {};
}

Status StreamReader::Impl::seal_if_due() {
  const auto deadline = cutter.deadline();
  return deadline && clock.now() >= *deadline ? seal() : Status();
}

Status StreamReader::Impl::seal() {
  TIPPLE_TRY(const std::filesystem::path path, spool.seal());
  cutter.seal();
  add_stretch(path);
  // Only then: a writer that has its acknowledgement may rely on sealed().
  for (StreamClient& client : clients) client.acknowledge();
  return {};
}

void StreamReader::Impl::add_stretch(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::uint64_t bytes = std::filesystem::file_size(path, ignored);
  const std::lock_guard lock(mutex);
  stretches.push_back(path);
  spooled_bytes += ignored ? 0 : bytes;
  changed.notify_all();
}

StreamReader::StreamReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StreamReader::~StreamReader() {
  stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  if (impl_->listening.is_open() && impl_->source.stream.address.starts_with("unix:")) {
    ::unlink(impl_->source.stream.address.c_str() + std::strlen("unix:"));
  }
}

Result<std::unique_ptr<StreamReader>> StreamReader::start(const SourceSpec& source, StreamReaderConfig config,
                                                          const Clock& clock) {
  if (config.record_bytes_max == 0) config.record_bytes_max = limits::kRecordBytesMax;
  TIPPLE_TRY(StreamSpool spool, StreamSpool::open(config.folder));
  auto impl = std::make_unique<Impl>(source, std::move(config), clock, std::move(spool));
  TIPPLE_TRY(impl->format, make_record_format(source));
  TIPPLE_TRY(const std::vector<std::filesystem::path> earlier, impl->spool.sealed());
  for (const std::filesystem::path& path : earlier) impl->add_stretch(path);
  impl->wake = File(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
  if (!impl->wake.is_open()) return system_error(errno, "cannot make an eventfd", source.name);
  TIPPLE_TRY(File stream, open_stream(source.stream));
  if (source.stream.kind == StreamSpec::Kind::kListen) {
    impl->listening = std::move(stream);
  } else {
    impl->clients.emplace_back(std::move(stream), *impl->format, source, impl->config.record_bytes_max);
  }
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<StreamReader>(new StreamReader(std::move(impl)));
}

std::vector<std::filesystem::path> StreamReader::sealed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stretches;
}

Status StreamReader::release(const std::vector<std::filesystem::path>& stretches) {
  for (const std::filesystem::path& path : stretches) {
    std::error_code ignored;
    const std::uint64_t bytes = std::filesystem::file_size(path, ignored);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return system_error(errno, "cannot remove a loaded stretch", path.string());
    const std::lock_guard lock(impl_->mutex);
    std::erase(impl_->stretches, path);
    impl_->spooled_bytes -= ignored ? 0 : std::min(bytes, impl_->spooled_bytes);
  }
  TIPPLE_RETURN_IF_ERROR(sync_folder(impl_->config.folder));
  impl_->wake_up();
  return {};
}

void StreamReader::stop() {
  impl_->stopping = true;
  impl_->wake_up();
}

bool StreamReader::ended() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->over;
}

std::optional<Error> StreamReader::error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failure;
}

void StreamReader::wait(Duration at_most) const {
  std::unique_lock lock(impl_->mutex);
  const std::size_t known = impl_->stretches.size();
  impl_->changed.wait_for(lock, at_most, [&] { return impl_->over || impl_->stretches.size() != known; });
}

}  // namespace tipple
