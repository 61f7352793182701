#include "formats/probe_child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
#include "formats/hdf5_source.h"
#include "formats/parquet_source.h"

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace tipple {
namespace {

constexpr std::string_view kVerb = "--probe-file";
constexpr int kArguments = 9;  // program, verb, format, path, group, decompressed bytes, ratio, address space, seconds
constexpr std::size_t kAnswerBytesMax = 64 * limits::kKiB;
constexpr std::size_t kAnswersKeptMax = 1 << 17;
constexpr std::string_view kGood = "good";

std::string& program_path() {
  static std::string path;
  return path;
}

// ---- the child ----

void limit_self(std::uint64_t address_bytes, std::uint64_t cpu_seconds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const auto set = [](int resource, rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
  };
  set(RLIMIT_CORE, 0, 0);
  set(RLIMIT_FSIZE, 0, 0);  // nothing is written but the pipe
  set(RLIMIT_CPU, cpu_seconds, cpu_seconds + 1);
  if (kProbeLimitsAddressSpace) set(RLIMIT_AS, address_bytes, address_bytes);
}

Result<std::unique_ptr<BatchSource>> open_target(const ProbeTarget& target) {
  if (target.format == SourceFormat::kParquet) return open_parquet_source(target.path);
  return open_hdf5_source(target.path, target.group, target.decompression);
}

// The first stretch, and the first of the last row group.
Status decode_ends(const BatchSource& source) {
  const auto stretches = source.stretches(0, ~std::uint64_t{0}, limits::kRowGroupRows);
  if (stretches.empty()) return {};
  const auto last = std::find_if(stretches.begin(), stretches.end(), [&](const BatchStretch& stretch) {
    return stretch.handle == stretches.back().handle;
  });
  std::vector<int> columns(static_cast<std::size_t>(source.schema()->num_fields()));
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<int>(i);
  for (auto stretch = stretches.begin();; stretch = last) {
    TIPPLE_TRY(const auto batch, source.read(*stretch, columns, arrow::default_memory_pool()));
    // What a batch says of itself must hold: offsets, sizes, dictionary positions.
    const arrow::Status valid = batch->ValidateFull();
    if (!valid.ok() && valid.message().find("UTF8") == std::string::npos) {  // bad text is a reject of its row
      return environment_error("is damaged: " + valid.message(), {}, "write or fetch the file again");
    }
    if (stretch == last) return {};
  }
}

Status probe_here(const ProbeTarget& target) {
  const std::string& path = target.path;
  try {
    TIPPLE_TRY(const auto source, open_target(target));
    return decode_ends(*source);
  } catch (const std::bad_alloc&) {
    return environment_error("needs more memory than a file of its size should", path,
                             "it may be damaged or made to do harm");
  } catch (const std::exception& error) {
    return environment_error(fmt::format("cannot be read: {}", error.what()), path);
  }
}

int run_child(char** argv) {
  const auto number = [](const char* text) {
    std::uint64_t value = 0;
    std::from_chars(text, text + std::strlen(text), value);
    return value;
  };
  limit_self(number(argv[7]), number(argv[8]));
  const bool parquet = argv[2] == to_string(SourceFormat::kParquet);
  const Status status = probe_here({parquet ? SourceFormat::kParquet : SourceFormat::kHdf5,
                                    argv[3],
                                    argv[4],
                                    {number(argv[5]), static_cast<std::uint32_t>(number(argv[6]))}});
  std::string answer(kGood);
  if (!status.ok()) {
    const Error& error = status.error();
    answer = std::to_string(static_cast<int>(error.kind));
    for (const std::string* text : {&error.what, &error.where, &error.hint})
      answer += '\0' + text->substr(0, kAnswerBytesMax / 4);
  }
  // One write: a pipe takes this much at once.
  const ssize_t written = ::write(STDOUT_FILENO, answer.data(), answer.size());
  ::_exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}

// ---- the parent ----

// This process's environment, and Arrow's pool set to the system's: the others reserve more address space than the
// child has.
std::vector<char*> child_environment(std::string& pool) {
  pool = "ARROW_DEFAULT_MEMORY_POOL=system";
  std::vector<char*> variables{pool.data()};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("ARROW_DEFAULT_MEMORY_POOL=")) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

// Starts the child with its standard output on `out`, and nothing else but standard input and error from and to
// nowhere.
Result<pid_t> spawn(const std::vector<std::string>& arguments, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::string pool;
  const std::vector<char*> environment = child_environment(pool);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, arguments[0].c_str(), &actions, &attributes, argv.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return system_error(error, "cannot start the process that looks at foreign files first", arguments[0]);
  return child;
}

// All that the child says, until it closes its end or the time is over. False: the time is over.
bool read_answer(int pipe, std::uint32_t seconds, std::string& answer) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  std::array<char, 4096> buffer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    if (answer.size() < kAnswerBytesMax) answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Status parse_answer(std::string_view answer, const std::string& path) {
  if (answer == kGood) return {};
  std::array<std::string, 4> parts;
  for (std::string& part : parts) {
    const std::size_t end = std::min(answer.find('\0'), answer.size());
    part = answer.substr(0, end);
    answer.remove_prefix(std::min(end + 1, answer.size()));
  }
  const bool usage = parts[0] == std::to_string(static_cast<int>(ErrorKind::kUsage));
  return Error{usage ? ErrorKind::kUsage : ErrorKind::kEnvironment, parts[1], parts[2].empty() ? path : parts[2],
               parts[3]};
}

Error child_died(int state, bool in_time, const std::string& path, const ProbeLimits& limits) {
  const char* const hint = "it may be damaged or made to do harm; write or fetch it again, or leave it out";
  if (!in_time) {
    return environment_error(fmt::format("could not be read within {} s", limits.wall_seconds), path,
                             "is its file system well?");
  }
  if (WIFSIGNALED(state) && WTERMSIG(state) == SIGXCPU) {
    return environment_error(fmt::format("could not be read within {} s of processor time", limits.cpu_seconds), path,
                             hint);
  }
  if (WIFSIGNALED(state)) {
    return environment_error(fmt::format("crashed the process that looked at it first (signal {}, {})", WTERMSIG(state),
                                         ::strsignal(WTERMSIG(state))),
                             path, hint);
  }
  return environment_error(fmt::format("ended the process that looked at it first (exit code {})", WEXITSTATUS(state)),
                           path, hint);
}

Status ask_child(const ProbeTarget& target, std::uint64_t file_bytes, const ProbeLimits& limits) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  const File reading(ends[0], target.path);
  File writing(ends[1], target.path);
  const std::uint64_t bytes =
      limits.address_space_bytes + 4 * std::min<std::uint64_t>(file_bytes, std::uint64_t{1} << 50);
  TIPPLE_TRY(const pid_t child, spawn({program_path(), std::string(kVerb), std::string(to_string(target.format)),
                                       target.path, target.group, std::to_string(target.decompression.bytes_max),
                                       std::to_string(target.decompression.ratio_max), std::to_string(bytes),
                                       std::to_string(limits.cpu_seconds)},
                                      writing.fd()));
  TIPPLE_RETURN_IF_ERROR(writing.close());
  std::string answer;
  const bool in_time = read_answer(reading.fd(), limits.wall_seconds, answer);
  if (!in_time) ::kill(child, SIGKILL);
  int state = 0;
  while (::waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return system_error(errno, "lost the process that looks at foreign files first", target.path);
  }
  if (in_time && WIFEXITED(state) && WEXITSTATUS(state) == 0) return parse_answer(answer, target.path);
  return child_died(state, in_time, target.path, limits);
}

}  // namespace

std::optional<int> run_probe(int argc, char** argv) {
  if (argc == kArguments && argv[1] == kVerb) return run_child(argv);
  set_probe_program("/proc/self/exe");
  return std::nullopt;
}

void set_probe_program(std::string path) { program_path() = std::move(path); }

Status probe_file(const ProbeTarget& target, const ProbeLimits& limits) {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(target.path));
  if (program_path().empty()) return {};
  using Key = std::tuple<std::string, std::string, SourceFormat, std::uint64_t, std::int64_t>;
  static std::mutex answers_mutex;  // guards answers
  static std::map<Key, Status> answers;
  const Key key(target.path, target.group, target.format, stat.size, stat.mtime_ns);
  {
    const std::lock_guard lock(answers_mutex);
    const auto known = answers.find(key);
    if (known != answers.end()) return known->second;
  }
  const Status status = ask_child(target, stat.size, limits);
  const std::lock_guard lock(answers_mutex);
  if (answers.size() >= kAnswersKeptMax) answers.clear();
  answers.emplace(key, status);
  return status;
}

}  // namespace tipple
