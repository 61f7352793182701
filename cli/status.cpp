// `tipple status`: the loads of a warehouse, how far each got, and who holds the lock.
#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
#include "cli/invocation.h"
#include "cli/loads.h"
#include "cli/output.h"
#include "cli/target.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

struct StatusOptions {
  std::string target;
  std::size_t limit = 20;
};

// The lock file as it stands: a hint for people.
Json lock_json(const Warehouse& warehouse) {
  const Result<std::string> text = read_file(warehouse.folder() / "_lock", limits::kMiB);
  if (!text.ok() || text->empty()) return nullptr;
  Json lock = Json::parse(*text, nullptr, false);
  return lock.is_discarded() ? Json(*text) : lock;
}

Json load_json(const LoadSummary& load) {
  Json document{{"load_id", load.load.to_hex()}, {"outcome", load.outcome()}, {"updated_ms", load.updated_ms}};
  if (load.damage) {
    document["message"] = load.damage->to_string();
    document["chunks_done"] = 0;
    return document;
  }
  const JournalOpened& opened = load.state.opened.back();
  document["job"] = opened.load.job_file;
  document["mode"] = opened.load.mode;
  document["attempts"] = load.state.attempts;
  document["chunks_done"] = load.state.accepted.size();
  document["chunks"] = opened.chunk_count;
  document["unfinished"] = load.unfinished();
  document["host"] = opened.host;
  document["pid"] = opened.pid;
  if (!opened.slurm_job.empty()) document["slurm_job"] = opened.slurm_job;
  if (load.last_close) {
    document["exit_code"] = load.last_close->exit_code;
    document["message"] = load.last_close->message;
  }
  return document;
}

Result<Json> tables_json(const Target& target) {
  Json tables = Json::object();
  for (const std::string& name : target.tables) {
    TIPPLE_TRY(const std::optional<TableVersion> table, read_table(*target.warehouse, name));
    if (table) tables[name] = {{"version", table->version}, {"rows", table->rows()}, {"parts", table->parts.size()}};
  }
  return tables;
}

std::string status_text(const Json& document) {
  std::string text = fmt::format("warehouse {}\n", document["warehouse"].get<std::string>());
  const Json& lock = document["lock"];
  text += lock.is_null() ? std::string("no load holds it\n") : fmt::format("locked: {}\n", lock.dump());
  std::vector<std::vector<std::string>> tables = {{"table", ">version", ">rows", ">parts"}};
  for (const auto& [name, table] : document["tables"].items()) {
    tables.push_back({name, table["version"].dump(), count_text(table["rows"]), count_text(table["parts"])});
  }
  if (tables.size() > 1) text += "\n" + text_table(tables);
  std::vector<std::vector<std::string>> loads = {
      {"load", "outcome", "mode", ">attempts", ">chunks done", "last written", "message"}};
  for (const Json& load : document["loads"]) {
    const bool known = load.contains("chunks");
    loads.push_back({load["load_id"].get<std::string>().substr(0, 12), load["outcome"],
                     known ? std::string(load["mode"]) : "", known ? load["attempts"].dump() : "",
                     known ? fmt::format("{} of {}", load["chunks_done"].dump(), load["chunks"].dump()) : "",
                     time_text(load["updated_ms"]), load.value("message", "")});
  }
  return text + (loads.size() > 1 ? "\n" + text_table(loads) : "\nno load was begun here yet\n");
}

Result<int> status(const StatusOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const Target target, open_target(options.target));
  Json document{
      {"warehouse", target.folder.string()}, {"lock", nullptr}, {"tables", Json::object()}, {"loads", Json::array()}};
  if (target.warehouse) {
    document["lock"] = lock_json(*target.warehouse);
    TIPPLE_TRY(document["tables"], tables_json(target));
    TIPPLE_TRY(const std::vector<LoadSummary> loads, list_loads(*target.warehouse));
    for (const LoadSummary& load : loads) {
      if (document["loads"].size() < options.limit) document["loads"].push_back(load_json(load));
    }
  }
  TIPPLE_RETURN_IF_ERROR(invocation.json ? print_json(document) : print_text(status_text(document)));
  return 0;
}

}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* sub = add_verb(app, invocation, "status", "Show tables, loads and how far they got, and who holds the lock",
                           "tipple status flights.yaml");
  sub->add_option("TARGET", options->target, kTargetHelp)->required();
  sub->add_option("--limit", options->limit, "Show at most so many loads, newest first (default 20)");
  bind_verb(sub, invocation, options, status);
}

}  // namespace tipple
