// A warehouse: a folder of tables that any reader can open without us. DESIGN: docs/warehouse.md.
//
//   <table>/<table>.h5, data/, _log/ or _delta_log/, _inputs/, _rejects/, _staging/<attempt>/      _loads/<load>/ _lock
//
// Thread rule: free of state; safe from any thread and process. Safety between processes rests on link() and O_EXCL
// alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

class Warehouse {
 public:
  // Creates the folder if need be (write = true) and checks `_tipple.json`, the format marker: one made by a newer
  // version is refused.
  [[nodiscard]] static Result<Warehouse> open(const std::filesystem::path& folder, bool write);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path table_folder(const std::string& table) const;
  // `_log`; of Parquet parts `_delta_log`, which is Delta Lake's.
  [[nodiscard]] std::filesystem::path log_folder(const std::string& table, PartFormat format) const;
  // The format of a table that has a log. Error kEnvironment if it has two.
  [[nodiscard]] Result<std::optional<PartFormat>> table_format(const std::string& table) const;
  [[nodiscard]] std::filesystem::path load_folder(LoadId load) const;  // _loads/<load>
  [[nodiscard]] std::filesystem::path staging_folder(const std::string& table, AttemptId attempt) const;
  [[nodiscard]] std::filesystem::path view_path(const std::string& table) const;
  [[nodiscard]] std::filesystem::path rejects_path(const std::string& table, LoadId load) const;
  [[nodiscard]] std::filesystem::path inputs_path(const std::string& table, LoadId load) const;
  // Tables that have a log, by name.
  [[nodiscard]] Result<std::vector<std::string>> tables() const;

 private:
  explicit Warehouse(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace tipple
