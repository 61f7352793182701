#include "cli/launch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace tipple {
namespace {

constexpr const char* kLaunchedVariable = "TIPPLE_LAUNCHED";
// From this many local ranks on, mpirun starts them from threads that end early, and "parent died" would fire at once.
constexpr std::uint32_t kFollowRanksMax = 32;
// Codes above belong to shells and launchers (signals, lost daemons); ours are all below.
constexpr int kOwnCodeMax = 125;

std::optional<std::uint32_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  std::uint32_t number = 0;
  // "4(x2),3" of SLURM_STEP_TASKS_PER_NODE begins with the number for the first node, which is near enough for all.
  if (std::from_chars(text, text + std::strlen(text), number).ec != std::errc()) return std::nullopt;
  return number;
}

volatile std::sig_atomic_t child_pid = 0;

extern "C" void forward_stop(int) {
  if (child_pid > 0) ::kill(static_cast<pid_t>(child_pid), SIGUSR1);
}

void set_unless_given(const char* name, const char* value) { ::setenv(name, value, 0); }

// Settings of Open MPI that suit a loader whose ranks send small messages and mostly compute.
void prepare_environment() {
  if (::geteuid() == 0) {
    set_unless_given("OMPI_ALLOW_RUN_AS_ROOT", "1");
    set_unless_given("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  }
  set_unless_given("OMPI_MCA_mpi_yield_when_idle", "1");
  // Containers often forbid the ptrace calls of single-copy transfers, and descriptors are too small to need them.
  set_unless_given("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
  ::setenv(kLaunchedVariable, "1", 1);
  if (::isatty(STDERR_FILENO) == 1) set_unless_given("TIPPLE_PROGRESS", "terminal");
}

[[noreturn]] void become_mpirun(int argc, char** argv, std::uint32_t ranks) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // A stop typed at a terminal reaches the whole foreground group; mpirun must hear it from us alone.
  if (::isatty(STDIN_FILENO) == 1) ::setpgid(0, 0);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  std::vector<std::string> words = {"mpirun",          "-q",        "-n",  std::to_string(ranks),
                                    "--oversubscribe", "--bind-to", "none"};
  char self[4096];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self - 1);
  words.push_back(length > 0 ? std::string(self, static_cast<std::size_t>(length)) : argv[0]);
  words.insert(words.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp("mpirun", pointers.data());
  fmt::print(stderr, "tipple: cannot start mpirun: {}\n  Install Open MPI, or leave out --ranks\n",
             std::strerror(errno));
  ::_exit(exit_code(ErrorKind::kEnvironment));
}

}  // namespace

std::optional<LauncherPlace> launcher_place() {
  if (const auto ranks = number_from("OMPI_COMM_WORLD_SIZE")) {
    return LauncherPlace{number_from("OMPI_COMM_WORLD_RANK").value_or(0), *ranks,
                         std::max(1u, number_from("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(1))};
  }
  // Inside a batch script these variables stand too, but there SLURM_PROCID is 0 and no step has been started for us.
  const auto tasks = number_from("SLURM_STEP_NUM_TASKS");
  if (tasks && *tasks > 1 && (std::getenv("PMIX_RANK") != nullptr || std::getenv("PMI_RANK") != nullptr)) {
    return LauncherPlace{number_from("SLURM_PROCID").value_or(0), *tasks,
                         std::max(1u, number_from("SLURM_STEP_TASKS_PER_NODE").value_or(1))};
  }
  return std::nullopt;
}

Result<int> run_under_mpirun(int argc, char** argv, std::uint32_t ranks) {
  prepare_environment();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error(errno, "cannot start mpirun");
  if (pid == 0) become_mpirun(argc, argv, ranks);
  child_pid = pid;
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) std::signal(signal, forward_stop);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kOwnCodeMax + 1;
  if (code <= kOwnCodeMax) return code;
  return environment_error(WIFEXITED(status) && code > 128 ? fmt::format("a rank was ended by signal {}", code - 128)
                                                           : std::string("mpirun was ended"),
                           "mpirun",
                           "Nothing that was loaded is lost: run the same command again, it goes on from there");
}

void follow_launcher(const LauncherPlace& place) {
  if (std::getenv(kLaunchedVariable) == nullptr || place.ranks_here >= kFollowRanksMax) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace tipple
