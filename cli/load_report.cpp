#include "cli/load_report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
#include "cli/build_info.h"
#include "warehouse/table_log.h"
#include "warehouse/verify.h"

namespace tipple {
namespace {

// Smaller loads are over before their speed means anything.
constexpr std::uint64_t kMeasuredBytesMin = 64 * limits::kMiB;

struct TableTotals {
  RowAccount rows;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t parts = 0;
};

std::vector<TableTotals> add_up(const JobSpec& job, const LoadState& state) {
  std::vector<TableTotals> totals(job.tables.size());
  for (const auto& [chunk, report] : state.accepted) {
    for (const TableReport& table : report.tables) {
      if (table.table.value() >= totals.size()) continue;
      TableTotals& total = totals[table.table.value()];
      total.rows += table.rows;
      total.bytes_in += report.bytes_read;
      if (table.part) {
        total.bytes_out += table.part->bytes;
        ++total.parts;
      }
    }
  }
  return totals;
}

Json account_json(const RowAccount& rows) {
  return {{"rows_in", rows.rows_in},   {"rows_out", rows.rows_out},         {"rejected", rows.rejected},
          {"filtered", rows.filtered}, {"deduplicated", rows.deduplicated}, {"added", rows.added}};
}

// A published table's figures come from its log: they are the truth that readers see.
Result<Json> table_json(const Warehouse& warehouse, const TableSpec& spec, LoadId load, const TableTotals& totals) {
  TIPPLE_TRY(const std::optional<std::uint64_t> version, find_load(warehouse, spec.name, load));
  if (!version) {
    Json table{{"version", nullptr}};
    table.update(account_json(totals.rows));
    table.update(Json{{"parts", totals.parts}, {"bytes_in", totals.bytes_in}, {"bytes_out", totals.bytes_out}});
    return table;
  }
  TIPPLE_TRY(const std::optional<TableVersion> table_version, read_table(warehouse, spec.name, *version));
  TIPPLE_CHECK(table_version.has_value(), "find_load names a version that exists");
  std::vector<LoggedPart> parts;
  std::uint64_t bytes_out = 0;
  for (const LoggedPart& part : table_version->parts) {
    if (part.path.find(load.to_hex()) == std::string::npos) continue;  // another load's, kept by an append
    parts.push_back(part);
    bytes_out += part.bytes;
  }
  Json table{{"version", *version}};
  table.update(account_json(table_version->commit.rows));
  table.update(Json{{"parts", parts.size()},
                    {"bytes_in", totals.bytes_in},
                    {"bytes_out", bytes_out},
                    {"content_digest", content_digest(parts).to_hex()},
                    {"bytes_digest", to_hex(bytes_digest(parts))}});
  return table;
}

Json stages_json(const StageTimes& times) {
  Json stages = Json::object();
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    stages[kStageNames[i]] = {{"busy_seconds", static_cast<double>(times.busy_ns[i]) * 1e-9},
                              {"wait_seconds", static_cast<double>(times.wait_ns[i]) * 1e-9}};
  }
  return stages;
}

const char* slowest_stage(const StageTimes& times) {
  const auto slowest = std::max_element(times.busy_ns.begin(), times.busy_ns.end());
  return kStageNames[static_cast<std::size_t>(slowest - times.busy_ns.begin())];
}

Json attempts_json(const LoadState& state) {
  Json attempts = Json::array();
  for (const JournalOpened& opened : state.opened) {
    Json attempt{{"number", opened.load.attempt_number},
                 {"attempt_id", opened.load.attempt.to_hex()},
                 {"workers", opened.worker_count},
                 {"host", opened.host},
                 {"pid", opened.pid}};
    if (!opened.slurm_job.empty()) attempt["slurm_job"] = opened.slurm_job;
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

std::string processor_name() {
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(": ") + 2));
  }
  return "unknown";
}

Json machine_json() {
  utsname system{};
  ::uname(&system);
  return {{"host", system.nodename},
          {"kernel", system.release},
          {"architecture", system.machine},
          {"processor", processor_name()},
          {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"memory_bytes", static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                               static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))}};
}

// What this attempt did itself: reports that earlier attempts had not left in the same form.
struct Loaded {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
};

Loaded loaded_now(const LoadState& state, const AttemptFacts& facts) {
  Loaded loaded;
  for (const auto& [chunk, report] : state.accepted) {
    if (facts.before != nullptr) {
      const auto known = facts.before->accepted.find(chunk);
      if (known != facts.before->accepted.end() && known->second == report) continue;
    }
    ++loaded.chunks;
    loaded.bytes += report.bytes_read;
    for (const TableReport& table : report.tables) loaded.rows += table.rows.rows_in;
  }
  return loaded;
}

Json chunks_json(const LoadState& state, const AttemptFacts& facts, const Loaded& loaded) {
  return {{"total", facts.chunks_total},    {"done", state.accepted.size()},
          {"loaded", loaded.chunks},        {"from_earlier_attempts", state.accepted.size() - loaded.chunks},
          {"redone", facts.redone},         {"reissued", facts.reissued},
          {"mismatches", facts.mismatches}, {"boundary_scans", facts.scans}};
}

// Speeds are of what this attempt loaded; totals of the whole load.
Json throughput_json(const AttemptFacts& facts, const Loaded& loaded, std::uint64_t bytes, std::uint64_t rows) {
  const double seconds = std::max(facts.seconds, 1e-6);
  const double bytes_per_second = static_cast<double>(loaded.bytes) / seconds;
  return {{"bytes", bytes},
          {"bytes_per_second", bytes_per_second},
          {"bytes_per_core_second", bytes_per_second / facts.ranks / std::max(1u, facts.rank.threads)},
          {"rows", rows},
          {"rows_per_second", static_cast<double>(loaded.rows) / seconds}};
}

// The account over a load and its replay.
std::string replay_text(const Json& replay) {
  const auto count = [&](const char* name) { return count_text(replay[name]); };
  std::string text = fmt::format("{} rejects taken up", count("rejects"));
  if (replay["rejects"] != replay["records"])
    text += fmt::format(" ({} dropped), which are {} records", count("dropped"), count("records"));
  if (replay["added"] != 0) text += fmt::format(", and {} rows that steps added", count("added"));
  return text + fmt::format(": {} rows out, {} filtered, {} rejected again\n", count("rows_out"), count("filtered"),
                            count("rejected_again"));
}

}  // namespace

Result<Json> load_report(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load, const LoadState& state,
                         const AttemptFacts& facts) {
  StageTimes times;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t memory_peak = 0;
  for (const auto& [chunk, report] : state.accepted) {
    times += report.stages;
    bytes += report.bytes_read;
    for (const TableReport& table : report.tables) rows += table.rows.rows_in;
    memory_peak = std::max(memory_peak, report.memory_peak_bytes);
  }
  Json document{{"outcome", facts.outcome}, {"load_id", load.load.to_hex()}, {"job", job.name}, {"mode", load.mode}};
  document["tables"] = Json::object();
  const std::vector<TableTotals> totals = add_up(job, state);
  for (std::size_t i = 0; i < job.tables.size(); ++i) {
    TIPPLE_TRY(document["tables"][job.tables[i].name], table_json(warehouse, job.tables[i], load.load, totals[i]));
  }
  document["seconds"] = facts.seconds;
  // A load that was published before did nothing now, whatever its journals hold.
  const Loaded loaded = facts.outcome == "already-published" ? Loaded{} : loaded_now(state, facts);
  document["chunks"] = chunks_json(state, facts, loaded);
  document["throughput"] = throughput_json(facts, loaded, bytes, rows);
  document["stages"] = stages_json(times);
  document["slowest_stage"] = slowest_stage(times);
  document["ranks"] = facts.ranks;
  document["ranks_lost"] = facts.workers_lost;
  document["threads"] = facts.rank.threads;
  document["memory"] = {{"budget_bytes", facts.rank.memory.bytes},
                        {"budget_from", facts.rank.memory.source},
                        {"peak_bytes_of_a_rank", memory_peak}};
  document["notes"] = Json::array();
  if (facts.scans > 0) {
    document["notes"].push_back(
        fmt::format("{} files fell back to the sequential boundary scan: where their records start could not "
                    "be guessed",
                    facts.scans));
  }
  document["attempts"] = attempts_json(state);
  document["machine"] = machine_json();
  document["versions"] = build_info();
  document["warehouse"] = warehouse.folder().string();
  if (facts.error) document["error"] = error_json(*facts.error)["error"];
  return document;
}

Json run_summary(const Json& report, const fs::path& report_path) {
  Json summary = Json::object();
  for (const char* name : {"outcome", "load_id", "job", "mode", "tables", "seconds", "chunks", "replay", "error"}) {
    if (report.contains(name)) summary[name] = report[name];
  }
  summary["report"] = report_path.string();
  return summary;
}

Json joined_summary(const std::vector<Json>& summaries) {
  if (summaries.size() == 1) return summaries.front();
  Json joined = summaries.back();
  double seconds = 0;
  Json tables = Json::object();
  for (const Json& summary : summaries) {
    seconds += summary.value("seconds", 0.0);
    if (summary.contains("tables")) tables.update(summary["tables"]);
  }
  joined["tables"] = std::move(tables);
  joined["seconds"] = seconds;
  joined["loads"] = summaries;
  return joined;
}

std::string outcome_text(const Json& report) {
  std::vector<std::vector<std::string>> rows = {
      {"table", ">version", ">rows in", ">rows out", ">rejected", ">parts", ">bytes"}};
  for (const auto& [name, table] : report["tables"].items()) {
    rows.push_back({name, table["version"].is_null() ? "-" : table["version"].dump(), count_text(table["rows_in"]),
                    count_text(table["rows_out"]), count_text(table["rejected"]), count_text(table["parts"]),
                    bytes_text(table["bytes_out"])});
  }
  return text_table(rows) + (report.contains("replay") ? replay_text(report["replay"]) : "");
}

std::string report_text(const Json& report) {
  std::string text = fmt::format("load {}, job {}, mode {}: {}\n\n", report["load_id"].get<std::string>(),
                                 report["job"].get<std::string>(), report["mode"].get<std::string>(),
                                 report["outcome"].get<std::string>());
  text += outcome_text(report) + "\n";
  const Json& chunks = report["chunks"];
  text += fmt::format(
      "chunks: {} of {} done, {} by this attempt, {} by earlier ones, {} redone, {} wrong guesses, {} scans\n",
      chunks["done"].dump(), chunks["total"].dump(), chunks["loaded"].dump(), chunks["from_earlier_attempts"].dump(),
      chunks["redone"].dump(), chunks["mismatches"].dump(), chunks["boundary_scans"].dump());
  const Json& throughput = report["throughput"];
  text += fmt::format("speed: {} in {}, {}/s; {} rank(s) of {} thread(s)\n", bytes_text(throughput["bytes"]),
                      seconds_text(report["seconds"]),
                      bytes_text(static_cast<std::uint64_t>(throughput["bytes_per_second"].get<double>())),
                      report["ranks"].dump(), report["threads"].dump());
  text += fmt::format("memory: {} budget ({}), {} at most in one rank\n", bytes_text(report["memory"]["budget_bytes"]),
                      report["memory"]["budget_from"].get<std::string>(),
                      bytes_text(report["memory"]["peak_bytes_of_a_rank"]));
  std::vector<std::vector<std::string>> stages = {{"stage", ">busy", ">waiting"}};
  for (const auto& [name, times] : report["stages"].items()) {
    stages.push_back({name == report["slowest_stage"] ? name + " (slowest)" : name, seconds_text(times["busy_seconds"]),
                      seconds_text(times["wait_seconds"])});
  }
  text += "\n" + text_table(stages);
  for (const Json& note : report["notes"]) text += fmt::format("note: {}\n", note.get<std::string>());
  if (report.contains("error")) text += fmt::format("error: {}\n", report["error"]["what"].get<std::string>());
  return text;
}

std::optional<double> newest_rate(const fs::path& warehouse) {
  std::error_code ignored;
  std::optional<fs::file_time_type> newest;
  std::optional<double> rate;
  for (const fs::directory_entry& entry : fs::directory_iterator(warehouse / "_loads", ignored)) {
    const fs::path path = entry.path() / "report.json";
    const fs::file_time_type written = fs::last_write_time(path, ignored);
    if (ignored || (newest && written <= *newest)) continue;
    const Result<std::string> text = read_file(path, kReportBytesMax);
    const Json report = text.ok() ? Json::parse(*text, nullptr, false) : Json();
    if (!report.is_object() || report.value("outcome", "") != "published") continue;
    if (report.value("/throughput/bytes"_json_pointer, std::uint64_t{0}) < kMeasuredBytesMin) continue;
    const double measured = report.value("/throughput/bytes_per_core_second"_json_pointer, 0.0);
    if (measured <= 0) continue;
    newest = written;
    rate = measured;
  }
  return rate;
}

}  // namespace tipple
