#include "cli/invocation.h"

namespace tipple {

CLI::App* add_verb(CLI::App& app, Invocation& invocation, const std::string& name, const std::string& description,
                   const std::string& example) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->footer("Example:\n  " + example);
  sub->add_flag("--json", invocation.json, "Print one JSON document on stdout (docs/cli.md names its fields)");
  return sub;
}

}  // namespace tipple
