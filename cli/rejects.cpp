// `tipple rejects`: the records that a load could not take, where they are and why.
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/invocation.h"
#include "cli/loads.h"
#include "cli/output.h"
#include "cli/target.h"
#include "formats/reject_file.h"

namespace tipple {
namespace {

struct RejectsOptions {
  std::string target;
  std::string table;
  std::string load;
  std::string by;
  std::uint64_t limit = 20;
};

// The rejects files of one load: those that were published or written for a failed load.
struct Collected {
  std::uint64_t total = 0;
  Json first = Json::array();                   // at most `limit`
  std::string text;                             // likewise
  std::map<std::string, std::uint64_t> groups;  // by rule or file
};

Json reject_json(const std::string& table, const Reject& reject) {
  Json document{{"table", table},          {"path", reject.path}, {"offset", reject.offset}, {"line", reject.line},
                {"column", reject.column}, {"rule", reject.rule}, {"reason", reject.reason}};
  if (!reject.raw.empty()) document["raw"] = reject.raw;
  return document;
}

Status collect(const fs::path& file, const std::string& table, const RejectsOptions& options, Collected& collected) {
  return read_reject_file(file, [&](const std::vector<Reject>& rejects) {
    for (const Reject& reject : rejects) {
      ++collected.total;
      if (!options.by.empty()) ++collected.groups[options.by == "rule" ? reject.rule : reject.path];
      if (collected.first.size() >= options.limit) continue;
      collected.first.push_back(reject_json(table, reject));
      collected.text +=
          fmt::format("{}:{}: {}{}: {} (byte {})\n", reject.path, reject.line,
                      reject.column.empty() ? "" : reject.column + ": ", reject.rule, reject.reason, reject.offset);
    }
    return Status();
  });
}

// Tables of the target, published or not: a load that failed by its rejects has published nothing.
std::vector<std::string> tables_of(const Target& target, const RejectsOptions& options) {
  if (!target.job || !options.table.empty()) return target.tables;
  std::vector<std::string> names;
  for (const TableSpec& spec : target.job->tables) names.push_back(spec.name);
  return names;
}

std::string summary(const Collected& collected, const RejectsOptions& options) {
  if (collected.total == 0) return "no rejects\n";
  if (options.by.empty()) {
    const std::uint64_t shown = collected.first.size();
    return shown < collected.total ? fmt::format("... {} of {} rejects shown; --limit shows more\n", count_text(shown),
                                                 count_text(collected.total))
                                   : std::string();
  }
  std::vector<std::vector<std::string>> rows = {{options.by, ">rejects"}};
  for (const auto& [group, count] : collected.groups) rows.push_back({group, count_text(count)});
  return text_table(rows);
}

Result<int> rejects(const RejectsOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const Target target, open_target(options.target));
  TIPPLE_TRY(const Warehouse warehouse, require_warehouse(target));
  TIPPLE_TRY(const std::vector<LoadSummary> loads, list_loads(warehouse));
  TIPPLE_TRY(const LoadSummary* load, pick_load(loads, options.load));
  std::vector<std::string> tables = options.table.empty() ? tables_of(target, options) : std::vector{options.table};
  if (tables.empty() && !load->damage) {
    TIPPLE_TRY(const JobSpec job, journaled_job(load->state.opened.back().load));
    for (const TableSpec& spec : job.tables) tables.push_back(spec.name);
  }
  Collected collected;
  for (const std::string& table : tables) {
    const fs::path file = warehouse.rejects_path(table, load->load);
    std::error_code ignored;
    if (fs::exists(file, ignored)) TIPPLE_RETURN_IF_ERROR(collect(file, table, options, collected));
  }
  if (invocation.json) {
    Json document{{"load_id", load->load.to_hex()}, {"total", collected.total}, {"rejects", collected.first}};
    for (const auto& [group, count] : collected.groups) document["by_" + options.by][group] = count;
    TIPPLE_RETURN_IF_ERROR(print_json(document));
  } else {
    TIPPLE_RETURN_IF_ERROR(print_text((options.by.empty() ? collected.text : "") + summary(collected, options)));
  }
  return 0;
}

}  // namespace

void add_rejects(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<RejectsOptions>();
  CLI::App* sub = add_verb(app, invocation, "rejects", "Show the records that a load could not take, and why",
                           "tipple rejects flights.yaml --by rule");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  sub->add_option("--table", options->table, "Only this table");
  sub->add_option("--load", options->load, "This load instead of the newest (the id's first digits will do)");
  sub->add_option("--limit", options->limit, "Show at most so many (default 20)");
  sub->add_option("--by", options->by, "Count by `rule` or by `file` instead of listing")
      ->check(CLI::IsMember({"rule", "file"}));
  bind_verb(sub, invocation, options, rejects);
}

}  // namespace tipple
