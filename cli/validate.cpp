// `tipple validate`: is the job file right? Touches no data.
#include <fmt/format.h>

#include "cli/invocation.h"
#include "cli/output.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

struct ValidateOptions {
  std::string job;
};

Json job_json(const JobSpec& job) {
  Json document{{"outcome", "valid"}, {"job", job.name}, {"warehouse", job.warehouse.string()}};
  for (const SourceSpec& source : job.sources) document["sources"][source.name] = {{"paths", source.paths}};
  for (const TableSpec& table : job.tables) {
    Json columns = Json::array();
    for (const ColumnSpec& spec : table.columns) {
      columns.push_back({{"name", spec.column.name},
                         {"type", spec.column.type.to_string()},
                         {"nullable", spec.column.nullable},
                         {"from", spec.from}});
    }
    document["tables"][table.name] = {{"columns", columns}};
  }
  for (const ModeSpec& mode : job.modes) document["modes"][mode.name] = {{"write", to_string(mode.write)}};
  return document;
}

Result<int> validate(const ValidateOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const JobSpec job, read_job_file(options.job));
  if (invocation.json) {
    TIPPLE_RETURN_IF_ERROR(print_json(job_json(job)));
    return 0;
  }
  std::string text = fmt::format("{}: valid\n\n", options.job);
  std::vector<std::vector<std::string>> rows = {{"table", ">columns", "from"}};
  for (const TableSpec& table : job.tables) {
    std::string from;
    for (const SourceId source : table.from) from += (from.empty() ? "" : ", ") + job.sources[source.value()].name;
    rows.push_back({table.name, table.inferred ? "inferred" : std::to_string(table.schema().size()), from});
  }
  text += text_table(rows) + "\n";
  for (const ModeSpec& mode : job.modes) text += fmt::format("mode {}: {}\n", mode.name, to_string(mode.write));
  TIPPLE_RETURN_IF_ERROR(print_text(text));
  return 0;
}

}  // namespace

void add_validate(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* sub =
      add_verb(app, invocation, "validate", "Check a job file; no data is touched", "tipple validate flights.yaml");
  sub->add_option("JOB", options->job, "The job file")->required();
  bind_verb(sub, invocation, options, validate);
}

}  // namespace tipple
