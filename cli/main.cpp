// The program: parses the command line, runs one verb, and leaves with its exit code.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "cli/build_info.h"
#include "cli/invocation.h"
#include "cli/output.h"
#include "formats/probe_child.h"

namespace tipple {
namespace {

// Private files by default; no core dumps (they hold data); as many open files as the system allows (many small
// inputs).
void prepare_process() {
  ::umask(077);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // A reader that went away is an error of write(2), reported like any other.
  std::signal(SIGPIPE, SIG_IGN);
}

void add_verbs(CLI::App& app, Invocation& invocation) {
  add_init(app, invocation);
  add_validate(app, invocation);
  add_plan(app, invocation);
  add_run(app, invocation);
  add_resume(app, invocation);
  add_status(app, invocation);
  add_history(app, invocation);
  add_rejects(app, invocation);
  add_replay(app, invocation);
  add_verify(app, invocation);
  add_report(app, invocation);
  add_export(app, invocation);
  add_generate(app, invocation);
  add_functions(app, invocation);
}

int fail(const Error& error, const Invocation& invocation) {
  print_error(error);
  if (invocation.json) (void)print_json(error_json(error)).ok();
  return exit_code(error.kind);
}

// --json may stand anywhere on a line that CLI11 refused.
bool asks_for_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

int run_program(int argc, char** argv) {
  Invocation invocation;
  invocation.argc = argc;
  invocation.argv = argv;
  CLI::App app{"Tipple loads large files into verified HDF5 tables, on one core or under mpirun on many.", "tipple"};
  app.footer(
      "First steps:\n"
      "  tipple generate trips --rows 1000000 sample   # sample data and a job file\n"
      "  tipple run sample/trips.yaml                  # load it\n"
      "  tipple verify sample/trips.yaml               # hash and recount what was loaded\n"
      "`tipple VERB --help` explains each verb. Exit codes: 0 done, 2 usage, 3 rejects under --strict,\n"
      "4 quality limit passed, 5 input/output, 6 locked by another load, 75 stopped: run again.");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  add_verbs(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& mistake) {
    invocation.json = asks_for_json(argc, argv);
    return fail(usage_error(mistake.what(), "command line",
                            "`tipple --help` lists the verbs, `tipple VERB --help` their options"),
                invocation);
  }
  const Result<int> code = invocation.action();
  return code.ok() ? *code : fail(code.error(), invocation);
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  if (const auto probed = tipple::run_probe(argc, argv)) return *probed;
  tipple::prepare_process();
  int code = 0;
  try {
    code = tipple::run_program(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("tipple: out of memory\n  Give --memory a smaller size, or the machine more\n", stderr);
    code = 5;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tipple: %s\n", error.what());
    code = 5;
  }
  std::fflush(stdout);
  std::fflush(stderr);
  // Not exit(): after an I/O error HDF5's exit handler may crash, which would replace our exit code.
  ::_exit(code);
}
