#include "warehouse/load_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/limits.h"

namespace tipple {
namespace {

using std::chrono::steady_clock;

constexpr int kTakeTriesMax = 10;
constexpr std::uint64_t kLockBytesMax = 64 * limits::kKiB;

struct Holder {
  std::string host;
  std::int64_t pid = 0;
  std::uint64_t pid_started = 0;  // clock ticks since boot, tells a reused pid
  std::string slurm_job;
  std::string load;
  std::int64_t since_s = 0;
  std::string nonce;
};

// Start time of a process in clock ticks since boot; nothing if there is none, or a dead one that was not reaped yet.
std::optional<std::uint64_t> process_start(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');  // the command's name may hold anything
  if (name_end == std::string::npos || text.size() < name_end + 3 || text[name_end + 2] == 'Z') return std::nullopt;
  std::size_t at = name_end + 2;
  constexpr int kFieldsToStart = 19;  // from the state, field 3, to starttime, field 22 (proc(5))
  for (int field = 0; field < kFieldsToStart; ++field) {
    at = text.find(' ', at);
    if (at == std::string::npos) return std::nullopt;
    ++at;
  }
  return std::strtoull(text.c_str() + at, nullptr, 10);
}

Holder self(LoadId load) {
  const char* slurm_job = std::getenv("SLURM_JOB_ID");
  return {host_name(),
          ::getpid(),
          process_start(::getpid()).value_or(0),
          slurm_job == nullptr ? "" : slurm_job,
          load.to_hex(),
          std::time(nullptr),
          random_id().to_hex()};
}

std::string print_holder(const Holder& holder) {
  return nlohmann::ordered_json{
             {"host", holder.host},           {"pid", holder.pid},   {"pid_started", holder.pid_started},
             {"slurm_job", holder.slurm_job}, {"load", holder.load}, {"since", holder.since_s},
             {"nonce", holder.nonce}}
             .dump() +
         "\n";
}

// A lock that nobody can read has a holder without a nonce: it ends by its age alone.
Holder parse_holder(const std::string& text) {
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  Holder holder;
  if (!document.is_object()) return holder;
  try {
    holder = {document.value("host", ""),
              document.value("pid", std::int64_t{0}),
              document.value("pid_started", std::uint64_t{0}),
              document.value("slurm_job", ""),
              document.value("load", ""),
              document.value("since", std::int64_t{0}),
              document.value("nonce", "")};
  } catch (const nlohmann::json::exception&) {
    return Holder();
  }
  return holder;
}

bool touched_long_ago(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && std::time(nullptr) - info.st_mtim.tv_sec > kLockStaleSeconds;
}

bool is_dead(const Holder& holder) {
  if (holder.host != host_name() || holder.pid <= 0) return false;
  const auto started = process_start(holder.pid);
  if (!started) return ::access("/proc/self/stat", R_OK) == 0;
  return *started != holder.pid_started;
}

std::string utc_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char text[32] = {};
  if (::gmtime_r(&time, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Error locked_error(const fs::path& path, const Holder& holder) {
  std::string what = "another load holds the warehouse: load " + holder.load + " on " + holder.host + ", pid " +
                     std::to_string(holder.pid);
  if (!holder.slurm_job.empty()) what += ", Slurm job " + holder.slurm_job;
  what += ", since " + utc_text(holder.since_s);
  if (holder.nonce.empty()) what = "the warehouse is locked, and the lock file cannot be understood";
  return Error{ErrorKind::kLocked, std::move(what), path.string(),
               "wait until it ends; the lock of a load that died is taken over after " +
                   std::to_string(kLockStaleSeconds) + " s"};
}

// Replaces a stale lock by ours. Only one of several takers gets the takeover name, and he looks again before he acts.
Result<bool> take_over(const fs::path& path, const Holder& stale, const std::string& content) {
  fs::path takeover = path;
  takeover += ".takeover-" + (stale.nonce.empty() ? "unknown" : stale.nonce);
  TIPPLE_TRY(const bool won, create_file_exclusive(takeover, content));
  if (!won) {
    if (touched_long_ago(takeover)) ::unlink(takeover.c_str());  // its owner died halfway
    return false;
  }
  const auto now = read_file(path, kLockBytesMax);
  const bool unchanged = now.ok() && parse_holder(now.value()).nonce == stale.nonce;
  Status replaced;
  if (unchanged) replaced = replace_file_synced(path, content);
  ::unlink(takeover.c_str());
  if (!replaced.ok()) return std::move(replaced).error();
  return unchanged;
}

}  // namespace

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

struct LoadLock::Impl {
  fs::path path;
  std::string nonce;
  pid_t owner = 0;
  File file;  // open for the touches
  steady_clock::time_point touched;
};

LoadLock::LoadLock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LoadLock::LoadLock(LoadLock&&) noexcept = default;

LoadLock& LoadLock::operator=(LoadLock&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Result<LoadLock> LoadLock::take(const Warehouse& warehouse, LoadId load) {
  const fs::path path = warehouse.folder() / "_lock";
  const Holder holder = self(load);
  const std::string content = print_holder(holder);
  Holder other;
  for (int tries = 0; tries < kTakeTriesMax; ++tries) {
    TIPPLE_TRY(bool ours, create_file_exclusive(path, content));
    if (!ours) {
      const auto text = read_file(path, kLockBytesMax);
      if (!text.ok()) continue;  // released meanwhile
      other = parse_holder(text.value());
      if (!is_dead(other) && !touched_long_ago(path)) return locked_error(path, other);
      TIPPLE_TRY(ours, take_over(path, other, content));
    }
    if (!ours) continue;
    TIPPLE_TRY(File file, File::open(path, O_RDONLY));
    return LoadLock(std::make_unique<Impl>(Impl{path, holder.nonce, ::getpid(), std::move(file), steady_clock::now()}));
  }
  return locked_error(path, other);
}

LoadLock::~LoadLock() {
  if (!impl_ || impl_->owner != ::getpid()) return;  // a forked child does not release its parent's
  const auto text = read_file(impl_->path, kLockBytesMax);
  if (text.ok() && parse_holder(text.value()).nonce == impl_->nonce) ::unlink(impl_->path.c_str());
}

void LoadLock::touch() {
  const auto now = steady_clock::now();
  if (!impl_ || now - impl_->touched < std::chrono::seconds(kLockTouchSeconds)) return;
  impl_->touched = now;
  ::futimens(impl_->file.fd(), nullptr);  // a failure costs at most the lock, which is a hint
}

}  // namespace tipple
