// `tipple rejects`: the records that loads could not take, where they are and why; the records themselves, to be
// corrected.
#include <fcntl.h>

#include <algorithm>
#include <map>
#include <span>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/invocation.h"
#include "cli/loads.h"
#include "cli/output.h"
#include "cli/replay_encoding.h"
#include "cli/replay_records.h"
#include "cli/target.h"
#include "formats/reject_file.h"
#include "warehouse/reject_ledger.h"

namespace tipple {
namespace {

struct RejectsOptions {
  std::string target;
  std::string table;
  std::string load;
  std::string by;
  std::string raw;
  bool unresolved = false;
  std::uint64_t limit = 20;
};

// One file of rejects.
struct RejectFile {
  std::string table;
  LoadId load;
  fs::path path;
};

struct Collected {
  std::uint64_t total = 0;
  Json first = Json::array();                   // at most `limit`
  std::string text;                             // likewise
  std::map<std::string, std::uint64_t> groups;  // by rule, file or column
};

Json reject_json(const RejectFile& file, const Reject& reject) {
  Json document{{"table", file.table},     {"load_id", file.load.to_hex()}, {"path", reject.path},
                {"offset", reject.offset}, {"line", reject.line},           {"column", reject.column},
                {"rule", reject.rule},     {"reason", reject.reason}};
  if (!reject.raw.empty()) document["raw"] = reject.raw;
  return document;
}

const std::string& group_of(const Reject& reject, const std::string& by) {
  if (by == "rule") return reject.rule;
  return by == "column" ? reject.column : reject.path;
}

Status collect(const RejectFile& file, const RejectsOptions& options, Collected& collected) {
  return read_reject_file(file.path, [&](const std::vector<Reject>& rejects) {
    for (const Reject& reject : rejects) {
      ++collected.total;
      if (!options.by.empty()) ++collected.groups[group_of(reject, options.by)];
      if (collected.first.size() >= options.limit) continue;
      collected.first.push_back(reject_json(file, reject));
      collected.text +=
          fmt::format("{}:{}: {}{}: {} (byte {})\n", reject.path, reject.line,
                      reject.column.empty() ? "" : reject.column + ": ", reject.rule, reject.reason, reject.offset);
    }
    return Status();
  });
}

std::string summary(const Collected& collected, const RejectsOptions& options) {
  if (collected.total == 0) return options.unresolved ? "no unresolved rejects\n" : "no rejects\n";
  if (options.by.empty()) {
    const std::uint64_t shown = collected.first.size();
    return shown < collected.total ? fmt::format("... {} of {} rejects shown; --limit shows more\n", count_text(shown),
                                                 count_text(collected.total))
                                   : std::string();
  }
  std::vector<std::vector<std::string>> rows = {{options.by, ">rejects"}};
  for (const auto& [group, count] : collected.groups)
    rows.push_back({group.empty() ? "(the record)" : group, count_text(count)});
  return text_table(rows);
}

// Tables of the target, published or not: a load that failed by its rejects has published nothing.
std::vector<std::string> tables_of(const Target& target, const RejectsOptions& options) {
  if (!options.table.empty()) return {options.table};
  if (!target.job) return target.tables;
  std::vector<std::string> names;
  for (const TableSpec& spec : target.job->tables) names.push_back(spec.name);
  return names;
}

// What one load rejected, whatever became of it.
Result<std::vector<RejectFile>> files_of_load(const Warehouse& warehouse, const LoadSummary& load,
                                              std::vector<std::string> tables) {
  if (tables.empty() && !load.damage) {
    TIPPLE_TRY(const JobSpec job, journaled_job(load.state.opened.back().load));
    for (const TableSpec& spec : job.tables) tables.push_back(spec.name);
  }
  std::vector<RejectFile> files;
  for (const std::string& table : tables) {
    const fs::path file = warehouse.rejects_path(table, load.load);
    std::error_code ignored;
    if (fs::exists(file, ignored)) files.push_back({table, load.load, file});
  }
  return files;
}

// What published loads rejected and no replay has taken up.
Result<std::vector<RejectFile>> unresolved_files(const Warehouse& warehouse, const std::vector<std::string>& tables,
                                                 const std::string& load) {
  std::vector<RejectFile> files;
  for (const std::string& table : tables) {
    TIPPLE_TRY(const std::vector<LoadRejects> rejects, published_rejects(warehouse, table));
    for (const LoadRejects& one : rejects) {
      if (!one.resolved && one.load.to_hex().starts_with(load)) files.push_back({table, one.load, one.file});
    }
  }
  return files;
}

Result<Json> marks_json(const Warehouse& warehouse, const std::vector<RejectFile>& files) {
  Json marks = Json::object();
  for (const RejectFile& file : files) {
    TIPPLE_TRY(const std::optional<RejectMark> mark, read_reject_mark(warehouse, file.table, file.load));
    if (mark) marks[file.table] = {{"by", mark->by.to_hex()}, {"rows", mark->rows}, {"dropped", mark->dropped}};
  }
  return marks;
}

// Where --raw writes: a file, or standard output.
class RawOutput {
 public:
  static Result<RawOutput> open(const std::string& path) {
    RawOutput output;
    if (path != "-") {
      TIPPLE_TRY(output.file_, File::open(path, O_CREAT | O_TRUNC | O_WRONLY));
    }
    return output;
  }
  Status write(std::string_view bytes) {
    return file_.is_open() ? file_.write_all(std::as_bytes(std::span(bytes))) : print_text(bytes);
  }
  Status close() { return file_.is_open() ? file_.close() : Status(); }

 private:
  File file_;
};

Result<JobSpec> job_for(const Target& target, const Warehouse& warehouse, LoadId load) {
  if (target.job) return *target.job;
  const std::optional<JobSpec> job = job_of_load(warehouse, load);
  if (!job)
    return usage_error("the load's journal is gone, and with it how its sources are written", load.to_hex(),
                       "name the job file instead of the warehouse");
  return *job;
}

// Unresolved records of one table as a file of their source: its head and the records, in the order of the rejects.
Result<std::uint64_t> write_raw(const Target& target, const Warehouse& warehouse, const std::vector<RejectFile>& files,
                                const std::string& path) {
  const std::string& table = files.front().table;
  TIPPLE_TRY(const std::vector<LoadRejects> all, published_rejects(warehouse, table));
  TIPPLE_TRY(const JobSpec job, job_for(target, warehouse, files.front().load));
  const auto spec =
      std::find_if(job.tables.begin(), job.tables.end(), [&](const TableSpec& one) { return one.name == table; });
  if (spec == job.tables.end()) return usage_error("the job has no table '" + table + "' any more", job.file.string());
  TIPPLE_TRY(RawOutput output, RawOutput::open(path));
  std::optional<std::pair<SourceId, std::string>> first;  // whose records these are, under which head
  std::uint64_t written = 0;
  for (const LoadRejects& load : all) {
    const bool wanted =
        std::any_of(files.begin(), files.end(), [&](const RejectFile& file) { return file.load == load.load; });
    if (!wanted) continue;
    TIPPLE_TRY(RejectedRecords records, RejectedRecords::open(warehouse, job, *spec, all, load));
    const auto write = [&](const std::vector<Reject>& rejects) -> Status {
      for (const Reject& reject : rejects) {
        TIPPLE_TRY(const RejectedRecord record, records.read(reject));
        const SourceSpec& source = job.sources[record.source.value()];
        if (record.row) {
          return usage_error(fmt::format("rows of {} files have no text", to_string(source.format)),
                             fmt::format("{}, row {}", reject.path, reject.offset),
                             "write the corrected rows, in the order of `tipple rejects`, into such a file and give it "
                             "to `tipple replay --input`");
        }
        if (!first) TIPPLE_RETURN_IF_ERROR(output.write(record.head));
        if (first && (first->first != record.source || first->second != record.head)) {
          return usage_error(
              "the rejected records are from sources or under headers that differ, and do not fit into one file",
              fmt::format("{}:{}", reject.path, reject.line),
              "pick those of one load with --load, or replay the records as they are");
        }
        first.emplace(record.source, record.head);
        const bool cr = source.csv.newline == CsvDialect::Newline::kCr;
        TIPPLE_RETURN_IF_ERROR(output.write(record.bytes + encode_text(cr ? "\r" : "\n", source).bytes));
        ++written;
      }
      return {};
    };
    TIPPLE_RETURN_IF_ERROR(read_reject_file(load.file, write));
  }
  TIPPLE_RETURN_IF_ERROR(output.close());
  return written;
}

Result<int> raw(const RejectsOptions& options, const Invocation& invocation, const Target& target,
                const Warehouse& warehouse) {
  if (invocation.json && options.raw == "-")
    return usage_error("standard output cannot take both the records and a JSON document", "--raw", "name a file");
  TIPPLE_TRY(const std::vector<RejectFile> files,
             unresolved_files(warehouse, tables_of(target, options), options.load));
  if (files.empty()) return usage_error("there are no unresolved rejects", options.target);
  const bool one = std::all_of(files.begin(), files.end(),
                               [&](const RejectFile& file) { return file.table == files.front().table; });
  if (!one) return usage_error("several tables have unresolved rejects", options.target, "pick one with --table");
  TIPPLE_TRY(const std::uint64_t written, write_raw(target, warehouse, files, options.raw));
  if (invocation.json) {
    TIPPLE_RETURN_IF_ERROR(print_json(
        {{"outcome", "written"}, {"table", files.front().table}, {"records", written}, {"output", options.raw}}));
  } else if (options.raw != "-") {
    TIPPLE_RETURN_IF_ERROR(print_text(
        fmt::format("{} records written to {}; correct them, then `tipple replay JOB --table {} --input {}`\n",
                    count_text(written), options.raw, files.front().table, options.raw)));
  }
  return 0;
}

Result<int> rejects(const RejectsOptions& options, const Invocation& invocation) {
  TIPPLE_TRY(const Target target, open_target(options.target));
  TIPPLE_TRY(const Warehouse warehouse, require_warehouse(target));
  if (!options.raw.empty()) return raw(options, invocation, target, warehouse);
  Json document = Json::object();
  std::vector<RejectFile> files;
  if (options.unresolved) {
    TIPPLE_TRY(files, unresolved_files(warehouse, tables_of(target, options), options.load));
  } else {
    TIPPLE_TRY(const std::vector<LoadSummary> loads, list_loads(warehouse));
    TIPPLE_TRY(const LoadSummary* load, pick_load(loads, options.load));
    document["load_id"] = load->load.to_hex();
    TIPPLE_TRY(files, files_of_load(warehouse, *load, tables_of(target, options)));
    TIPPLE_TRY(document["resolved"], marks_json(warehouse, files));
  }
  Collected collected;
  for (const RejectFile& file : files) TIPPLE_RETURN_IF_ERROR(collect(file, options, collected));
  if (invocation.json) {
    document["total"] = collected.total;
    document["rejects"] = collected.first;
    for (const auto& [group, count] : collected.groups) document["by_" + options.by][group] = count;
    TIPPLE_RETURN_IF_ERROR(print_json(document));
    return 0;
  }
  std::string text = (options.by.empty() ? collected.text : "") + summary(collected, options);
  if (document.contains("resolved")) {
    for (const auto& [table, mark] : document["resolved"].items())
      text += fmt::format("{}: resolved by load {}\n", table, mark["by"].get<std::string>().substr(0, 12));
  }
  TIPPLE_RETURN_IF_ERROR(print_text(text));
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
  sub->add_option("--by", options->by, "Count by `rule`, `file` or `column` instead of listing")
      ->check(CLI::IsMember({"rule", "file", "column"}));
  sub->add_flag("--unresolved", options->unresolved, "Those of all published loads that no replay has taken up");
  sub->add_option(
      "--raw", options->raw,
      "Write the unresolved text records of one table to this file (- for stdout), as a file of their source, "
      "to be corrected and replayed");
  bind_verb(sub, invocation, options, rejects);
}

}  // namespace tipple
