// `tipple history`: the versions of tables, as their logs tell.
#include <fmt/format.h>

#include "cli/invocation.h"
#include "cli/output.h"
#include "cli/target.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

struct HistoryOptions {
  std::string target;
  std::string table;
};

Json entry_json(const HistoryEntry& entry) {
  const CommitInfo& commit = entry.commit;
  return {{"version", entry.version},
          {"load_id", commit.load.to_hex()},
          {"job", commit.job},
          {"mode", commit.mode},
          {"write", to_string(commit.write)},
          {"rows_in", commit.rows.rows_in},
          {"rows_out", commit.rows.rows_out},
          {"rejected", commit.rows.rejected},
          {"filtered", commit.rows.filtered},
          {"deduplicated", commit.rows.deduplicated},
          {"added", commit.rows.added},
          {"timestamp_ms", commit.timestamp_ms},
          {"engine", commit.engine}};
}

Result<int> history(const HistoryOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const Target target, open_target(options.target, options.table));
  Json document{{"tables", Json::object()}};
  std::vector<std::vector<std::string>> rows = {
      {"table", ">version", "committed", "job", "mode", "write", ">rows", ">rejected", "load"}};
  for (const std::string& table : target.tables) {
    TIPPLE_TRY(const std::vector<HistoryEntry> entries, read_history(*target.warehouse, table));
    Json& list = document["tables"][table] = Json::array();
    for (const HistoryEntry& entry : entries) {
      const CommitInfo& commit = entry.commit;
      list.push_back(entry_json(entry));
      rows.push_back({table, std::to_string(entry.version), time_text(commit.timestamp_ms), commit.job, commit.mode,
                      std::string(to_string(commit.write)), count_text(commit.rows.rows_out),
                      count_text(commit.rows.rejected), commit.load.to_hex().substr(0, 12)});
    }
  }
  TIPPLE_RETURN_IF_ERROR(invocation.json ? print_json(document) : print_text(text_table(rows)));
  return 0;
}

}  // namespace

void add_history(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* sub = add_verb(app, invocation, "history", "List the versions of tables and the loads that made them",
                           "tipple history warehouse/flights");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  sub->add_option("--table", options->table, "Only this table");
  bind_verb(sub, invocation, options, history);
}

}  // namespace tipple
