#include "cli/target.h"

#include <algorithm>

#include "base/file.h"
#include "jobs/job_file.h"

namespace tipple {
namespace {

constexpr const char* kMarker = "_tipple.json";

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Status keep_one_table(Target& target, const std::string& table) {
  if (table.empty()) return {};
  if (std::find(target.tables.begin(), target.tables.end(), table) == target.tables.end()) {
    const std::string near = nearest_name(table, target.tables);
    return usage_error("no table `" + table + "`", target.folder.string(),
                       !near.empty() ? "Did you mean `" + near + "`?"
                       : target.tables.empty()
                           ? std::string("Nothing has been loaded into it yet: `tipple run JOB.yaml`")
                           : "It has: " + listed(target.tables));
  }
  target.tables = {table};
  return {};
}

Result<Target> open_job_target(const fs::path& file) {
  Target target;
  TIPPLE_TRY(target.job, read_job_file(file));
  target.folder = target.job->warehouse;
  std::error_code ignored;
  if (!fs::exists(target.folder / kMarker, ignored)) return target;
  TIPPLE_TRY(target.warehouse, Warehouse::open(target.folder, false));
  TIPPLE_TRY(const std::vector<std::string> tables, target.warehouse->tables());
  for (const TableSpec& spec : target.job->tables) {
    if (std::find(tables.begin(), tables.end(), spec.name) != tables.end()) target.tables.push_back(spec.name);
  }
  return target;
}

}  // namespace

Result<Target> open_target(const std::string& argument, const std::string& table) {
  std::error_code ignored;
  fs::path path = fs::absolute(argument, ignored).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "warehouse/"
  if (!fs::exists(path, ignored))
    return environment_error("no such file or folder", argument, "Name a job file or a warehouse");
  Target target;
  std::string named = table;
  if (!fs::is_directory(path, ignored)) {
    TIPPLE_TRY(target, open_job_target(path));
  } else {
    if (!fs::exists(path / kMarker, ignored) && fs::exists(path.parent_path() / kMarker, ignored)) {
      if (named.empty()) named = path.filename().string();
      path = path.parent_path();
    }
    if (!fs::exists(path / kMarker, ignored)) {
      return usage_error(std::string("not a warehouse: it has no ") + kMarker, argument,
                         "Name the folder that `warehouse:` in the job file names, or the job file itself");
    }
    target.folder = path;
    TIPPLE_TRY(target.warehouse, Warehouse::open(path, false));
    TIPPLE_TRY(target.tables, target.warehouse->tables());
  }
  TIPPLE_RETURN_IF_ERROR(keep_one_table(target, named));
  return target;
}

Result<Warehouse> require_warehouse(const Target& target) {
  if (!target.warehouse) {
    return usage_error("nothing has been loaded here yet", target.folder.string(),
                       "Load it first: `tipple run JOB.yaml`");
  }
  return *target.warehouse;
}

Result<std::string> require_one_table(const Target& target) {
  if (target.tables.size() == 1) return target.tables.front();
  if (target.tables.empty()) {
    return usage_error("no table has been published here yet", target.folder.string(),
                       "Load it first: `tipple run JOB.yaml`");
  }
  return usage_error("there are " + std::to_string(target.tables.size()) + " tables here", target.folder.string(),
                     "Pick one with --table: " + listed(target.tables));
}

}  // namespace tipple
