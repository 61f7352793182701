#include "worker/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/fault_point.h"
#include "coordinator/journal.h"
#include "jobs/numbered_column.h"
#include "warehouse/reject_heads.h"
#include "warehouse/table_log.h"
#include "warehouse/table_view.h"
#include "worker/publish_audit.h"
#include "worker/publish_files.h"
#include "worker/publish_numbers.h"
#include "worker/publish_plan.h"

namespace tipple {
namespace {

namespace fs = std::filesystem;

constexpr int kNumberTriesMax = 100;  // each lost race is another load's append

Error quality_error(const TableSpec& table, const PlannedTable& planned, const std::optional<Reject>& first,
                    bool complete) {
  const std::uint64_t allowed = rejects_allowed(table.rejects, planned.rows.rows_in);
  Error error;
  error.kind = ErrorKind::kQuality;
  error.what = fmt::format("table {}: {} of {} records {}were rejected, allowed are {}; nothing was published",
                           table.name, planned.rows.rejected, planned.rows.rows_in, complete ? "" : "so far ", allowed);
  if (first) {
    error.what += fmt::format("; the first: {}{}: {}", first->column.empty() ? "" : "column " + first->column + ": ",
                              first->rule, first->reason);
    error.where = fmt::format("{}:{}", first->path, first->line);
  }
  error.hint = fmt::format(
      "see them with `tipple rejects`; allow them with `rejects: {{max_rows: {}}}` or `max_percent` in the table's "
      "part of the job file",
      planned.rows.rejected);
  return error;
}

class Publisher {
 public:
  Publisher(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load, const PublishResources& resources)
      : job_(job), warehouse_(warehouse), load_(load), resources_(resources), numbered_(job.tables.size()) {}

  Status run(std::vector<PublishedTable>& published) {
    TIPPLE_TRY(const LoadState state, read_journals(warehouse_.load_folder(load_.load)));
    TIPPLE_TRY(mode_, job_.mode(load_.mode));
    TIPPLE_RETURN_IF_ERROR(find_published());
    if (!all_published()) {
      TIPPLE_TRY(const PublishPlan plan, plan_publish(job_, state, load_.load));
      TIPPLE_RETURN_IF_ERROR(check_quality(plan));
      TIPPLE_RETURN_IF_ERROR(check_tables(plan));
      fault_point("publish-started");
      for (std::size_t i = 0; i < job_.tables.size(); ++i) TIPPLE_RETURN_IF_ERROR(publish(i, plan));
    }
    for (std::size_t i = 0; i < job_.tables.size(); ++i) {
      TIPPLE_RETURN_IF_ERROR(refresh_view(warehouse_, job_.tables[i].name));
      published.push_back({job_.tables[i].name, versions_[i]->version, versions_[i]->already});
    }
    remove_staging(state);
    return {};
  }

 private:
  Status find_published() {
    for (const TableSpec& table : job_.tables) {
      TIPPLE_TRY(const std::optional<std::uint64_t> version, find_load(warehouse_, table.name, load_.load));
      versions_.push_back(version ? std::optional(CommitOutcome{*version, true, false}) : std::nullopt);
    }
    return {};
  }

  [[nodiscard]] bool all_published() const {
    for (const auto& version : versions_) {
      if (!version) return false;
    }
    return true;
  }

  // A load that passes a limit leaves its rejects to look at, and nothing else.
  Status check_quality(const PublishPlan& plan) {
    const PlannedTable* worst = nullptr;
    for (const PlannedTable& table : plan.tables) {
      if (worst == nullptr && table.over_limit(spec(table).rejects)) worst = &table;
    }
    if (worst == nullptr) return check_checks(plan);
    std::optional<Reject> worst_first;
    for (const PlannedTable& table : plan.tables) {
      TIPPLE_TRY(const std::optional<Reject> first, merge_rejects(warehouse_, spec(table).name, load_.load, table));
      if (&table == worst) worst_first = first;
    }
    return quality_error(spec(*worst), *worst, worst_first, plan.complete);
  }

  Status check_checks(const PublishPlan& plan) {
    for (const PlannedTable& table : plan.tables) {
      const std::vector<CheckSpec>& checks = spec(table).checks;
      const std::optional<std::size_t> failed = table.failed_check(checks);
      if (!failed) continue;
      TIPPLE_TRY(const std::optional<Reject> first, merge_rejects(warehouse_, spec(table).name, load_.load, table));
      Error error{
          ErrorKind::kQuality,
          fmt::format(
              "table {}: {} of {} rows failed the check '{}', more than its limit allows; nothing was published",
              spec(table).name, table.check_failures[*failed], table.rows.rows_in, checks[*failed].name),
          {},
          "`tipple rejects` shows those that were rejected; raise 'max_rows' or 'max_percent' of the check"};
      if (first) error.where = fmt::format("{}:{}", first->path, first->line);
      return error;
    }
    return {};
  }

  // Whatever can be found wrong with any table is found before the first one is committed.
  Status check_tables(const PublishPlan& plan) {
    for (const PlannedTable& table : plan.tables) {
      const TableSpec& table_spec = spec(table);
      if (versions_[table.table.value()]) continue;
      TIPPLE_RETURN_IF_ERROR(check_parts_present(warehouse_, table_spec.name, table));
      TIPPLE_RETURN_IF_ERROR(
          check_committable(warehouse_, table_spec.name, table_spec.schema(), mode_.write, commit_options(table_spec)));
      TIPPLE_RETURN_IF_ERROR(audit_table(warehouse_, table_spec, table, mode_.write));
      if (numbered_column(table_spec)) TIPPLE_RETURN_IF_ERROR(number(table));
    }
    return {};
  }

  Status number(const PlannedTable& table) {
    TIPPLE_TRY(numbered_[table.table.value()],
               number_table(warehouse_, spec(table), table, mode_.write, load_, resources_));
    return {};
  }

  Status publish(std::size_t index, const PublishPlan& plan) {
    if (versions_[index]) return {};
    const TableSpec& table = job_.tables[index];
    const PlannedTable& planned = plan.tables[index];
    TIPPLE_RETURN_IF_ERROR(merge_rejects(warehouse_, table.name, load_.load, planned));
    if (table.rejects.keep_raw && !planned.rejects.empty())
      TIPPLE_RETURN_IF_ERROR(write_reject_heads(warehouse_, table.name, load_.load, headed_files(table, plan.chunks)));
    TIPPLE_RETURN_IF_ERROR(write_inputs(warehouse_, table, job_, load_.load, plan.chunks));
    for (int tries = 0; tries < kNumberTriesMax; ++tries) {
      const bool numbered = numbered_[index].has_value();
      CommitOptions options = commit_options(table);
      if (numbered) options.only_as = numbered_[index]->only_as;
      TIPPLE_TRY(const CommitOutcome outcome, commit(table, numbered ? numbered_[index]->planned : planned, options));
      if (!outcome.taken) {
        versions_[index] = outcome;
        return {};
      }
      TIPPLE_RETURN_IF_ERROR(number(planned));
    }
    return environment_error(fmt::format("table {}: {} other loads appended to it while its rows were numbered",
                                         table.name, kNumberTriesMax),
                             warehouse_.table_folder(table.name).string(), "run the load again when they are done");
  }

  Result<CommitOutcome> commit(const TableSpec& table, const PlannedTable& planned, const CommitOptions& options) {
    TIPPLE_RETURN_IF_ERROR(move_parts(warehouse_, table.name, planned));
    std::vector<LoggedPart> parts;
    for (const PlannedPart& part : planned.parts) {
      const StagedPart& staged = part.staged;
      parts.push_back({part.path, staged.bytes, staged.rows, staged.sha256, staged.content_digest, staged.columns});
    }
    return commit_version(warehouse_, table.name, table.schema(), table.codec, parts, commit_info(planned), options);
  }

  // Files of the table whose first record says what the fields of the others mean.
  [[nodiscard]] std::vector<HeadedFile> headed_files(const TableSpec& table, const ChunkPlan& plan) const {
    std::vector<HeadedFile> files;
    for (const SourceExtents& source : plan.sources) {
      if (std::find(table.from.begin(), table.from.end(), source.source) == table.from.end()) continue;
      const SourceSpec& source_spec = job_.sources[source.source.value()];
      if (source_spec.format != SourceFormat::kCsv || !source_spec.csv.header) continue;
      for (const Extent& extent : source.extents)
        files.push_back({{extent.path, extent.size, extent.mtime_ns, extent.member}, &source_spec});
    }
    return files;
  }

  [[nodiscard]] static CommitOptions commit_options(const TableSpec& table) {
    // A table that begins to rescue gets one more column.
    const bool grows = table.schema_mode == SchemaMode::kEvolve || table.schema_mode == SchemaMode::kRescue;
    return {table.part_format, grows};
  }

  [[nodiscard]] CommitInfo commit_info(const PlannedTable& planned) const {
    CommitInfo info;
    info.load = load_.load;
    info.attempt = load_.attempt;
    info.job = job_.name;
    info.mode = mode_.name;
    info.write = mode_.write;
    info.rows = planned.rows;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    info.timestamp_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    info.engine = "tipple " TIPPLE_VERSION;
    return info;
  }

  // What is left there was superseded or is published. It can no longer do harm if it stays, so errors do not matter.
  void remove_staging(const LoadState& state) const {
    std::error_code ignored;
    for (const TableSpec& table : job_.tables) {
      for (const JournalOpened& opened : state.opened)
        fs::remove_all(warehouse_.staging_folder(table.name, opened.load.attempt), ignored);
      fs::remove_all(warehouse_.staging_folder(table.name, load_.attempt), ignored);
    }
  }

  [[nodiscard]] const TableSpec& spec(const PlannedTable& table) const { return job_.tables[table.table.value()]; }

  const JobSpec& job_;
  const Warehouse& warehouse_;
  const LoadSetup& load_;
  const PublishResources& resources_;
  ModeSpec mode_;
  std::vector<std::optional<CommitOutcome>> versions_;  // by table
  std::vector<std::optional<NumberedTable>> numbered_;  // by table; those with a step `number`
};

}  // namespace

PublishReport publish_load(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load,
                           const PublishResources& resources) {
  PublishReport report;
  if (Status status = Publisher(job, warehouse, load, resources).run(report.tables); !status.ok()) {
    report.tables.clear();
    report.error = std::move(status).error();
  }
  return report;
}

}  // namespace tipple
