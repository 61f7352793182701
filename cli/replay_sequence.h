// ReplaySequence: the loads that one `replay` comes to: one for each table that has unresolved rejects.
//
// Owner: rank 0. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/load_sequence.h"
#include "cli/replay_note.h"
#include "jobs/job_spec.h"
#include "warehouse/reject_ledger.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct ReplayChoice {
  std::string table;          // empty: all tables
  std::string load;           // the first digits of a load's id; empty: all loads
  std::string input;          // a file of corrected records; empty: the records themselves
  std::uint64_t dropped = 0;  // records that `input` lacks on purpose
};

// What a replay found besides the loads that it ran.
struct ReplayOutcome {
  bool coordinated = false;      // this process decided
  std::uint64_t requests = 0;    // loads that were asked for
  std::vector<LoadId> finished;  // published before, and only now marked, or asked for again
};

class ReplaySequence final : public LoadSequence {
 public:
  // Finishes what an interrupted replay left. `outcome` must outlive the sequence. Errors: kUsage.
  [[nodiscard]] static Result<std::unique_ptr<LoadSequence>> open(JobSpec job, ReplayChoice choice,
                                                                  ReplayOutcome& outcome);

  [[nodiscard]] Result<std::optional<LoadRequest>> next(const std::function<bool()>& idle) override;
  [[nodiscard]] Status published(const LoadRequest& request) override;
  [[nodiscard]] bool stopped() const override { return false; }

 private:
  ReplaySequence(JobSpec job, ReplayChoice choice, ReplayOutcome& outcome)
      : job_(std::move(job)), choice_(std::move(choice)), outcome_(outcome) {}
  [[nodiscard]] Status choose_tables();
  [[nodiscard]] Status choose_loads();
  [[nodiscard]] Status check_table(const TableSpec& table) const;
  [[nodiscard]] Status settle_input();
  [[nodiscard]] Result<ReplayNote> prepare(const TableSpec& table) const;
  [[nodiscard]] Status write_records(const TableSpec& table, class ReplayFiles& files, ReplayNote& note) const;
  [[nodiscard]] Status write_input(const TableSpec& table, class ReplayFiles& files, ReplayNote& note) const;
  [[nodiscard]] Status take_found_columns(const ReplayNote& note, JobSpec& job) const;
  [[nodiscard]] Result<LoadRequest> request_for(const ReplayNote& note) const;

  struct Chosen {
    std::string table;
    std::vector<LoadRejects> all;    // of the table
    std::vector<LoadRejects> taken;  // unresolved, and wanted
  };
  [[nodiscard]] const Chosen& chosen(const std::string& table) const;

  JobSpec job_;
  ReplayChoice choice_;
  ReplayOutcome& outcome_;
  std::optional<Warehouse> warehouse_;
  std::vector<Chosen> tables_;  // that have something to take up
  std::size_t position_ = 0;
  std::optional<ReplayNote> note_;  // of the load that next() gave
};

}  // namespace tipple
