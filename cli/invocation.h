// Invocation: what the command line asked for. Verbs register themselves with CLI11; parsing leaves one action to run.
//
// Owner: main(). Thread rule: one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace tipple {

struct Invocation {
  bool json = false;
  TimePoint started = SteadyClock().now();
  int argc = 0;
  char** argv = nullptr;                // as the process got them: `run --ranks` starts itself again with them
  std::function<Result<int>()> action;  // the verb, bound to its options; gives the exit code
};

// Adds a verb with its help, an example that the help ends with, and --json.
CLI::App* add_verb(CLI::App& app, Invocation& invocation, const std::string& name, const std::string& description,
                   const std::string& example);

// Binds a verb's options to its function: `verb` runs after parsing if this subcommand was named.
template <typename Options>
void bind_verb(CLI::App* sub, Invocation& invocation, std::shared_ptr<Options> options,
               Result<int> (*verb)(const Options&, const Invocation&)) {
  sub->callback([&invocation, options, verb] {
    invocation.action = [&invocation, options, verb] { return verb(*options, invocation); };
  });
}

// One function for each verb's file.
void add_init(CLI::App& app, Invocation& invocation);
void add_validate(CLI::App& app, Invocation& invocation);
void add_plan(CLI::App& app, Invocation& invocation);
void add_run(CLI::App& app, Invocation& invocation);
void add_resume(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_history(CLI::App& app, Invocation& invocation);
void add_rejects(CLI::App& app, Invocation& invocation);
void add_replay(CLI::App& app, Invocation& invocation);
void add_verify(CLI::App& app, Invocation& invocation);
void add_report(CLI::App& app, Invocation& invocation);
void add_export(CLI::App& app, Invocation& invocation);
void add_generate(CLI::App& app, Invocation& invocation);
void add_functions(CLI::App& app, Invocation& invocation);

}  // namespace tipple
