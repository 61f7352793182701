// `tipple report`: the account that a load left behind.
#include "base/file.h"
#include "base/limits.h"
#include "cli/invocation.h"
#include "cli/load_report.h"
#include "cli/loads.h"
#include "cli/target.h"

namespace tipple {
namespace {

struct ReportOptions {
  std::string target;
  std::string load;
};

Result<int> report(const ReportOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const Target target, open_target(options.target));
  TIPPLE_TRY(const Warehouse warehouse, require_warehouse(target));
  TIPPLE_TRY(const std::vector<LoadSummary> loads, list_loads(warehouse));
  TIPPLE_TRY(const LoadSummary* load, pick_load(loads, options.load));
  const fs::path path = load->folder / "report.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return usage_error("this load has not ended yet, so it has no report", path.string(),
                       "`tipple status` shows how far it is; `tipple resume` finishes it");
  }
  TIPPLE_TRY(const std::string text, read_file(path, kReportBytesMax));
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) {
    return environment_error("not a report: the file is damaged", path.string(),
                             "`tipple history` has the tables' own account");
  }
  if (invocation.json) {
    TIPPLE_RETURN_IF_ERROR(print_json(document));
    return 0;
  }
  try {
    TIPPLE_RETURN_IF_ERROR(print_text(report_text(document)));
  } catch (const Json::exception& error) {
    return environment_error(std::string("the report lacks something: ") + error.what(), path.string(),
                             "--json prints it as it is");
  }
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* sub = add_verb(app, invocation, "report", "Print the account of a load: rows, speed, where the time went",
                           "tipple report flights.yaml");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  sub->add_option("--load", options->load, "This load instead of the newest (the id's first digits will do)");
  bind_verb(sub, invocation, options, report);
}

}  // namespace tipple
