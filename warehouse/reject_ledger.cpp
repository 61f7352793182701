#include "warehouse/reject_ledger.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

constexpr std::uint64_t kMarkBytesMax = 64 * limits::kKiB;

Error damaged(const fs::path& path) {
  return environment_error("the mark of resolved rejects is damaged", path.string(),
                           "remove it: the rejects are taken up again then; look first whether `tipple history` shows "
                           "that a replay has loaded them");
}

}  // namespace

fs::path reject_mark_path(const Warehouse& warehouse, const std::string& table, LoadId load) {
  return warehouse.rejects_path(table, load).replace_extension(".resolved.json");
}

Result<std::optional<RejectMark>> read_reject_mark(const Warehouse& warehouse, const std::string& table, LoadId load) {
  const fs::path path = reject_mark_path(warehouse, table, load);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::optional<RejectMark>();
  TIPPLE_TRY(const std::string text, read_file(path, kMarkBytesMax));
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return damaged(path);
  for (const char* name : {"rows", "dropped"}) {
    if (!document.contains(name) || !document[name].is_number_unsigned()) return damaged(path);
  }
  if (!document.contains("by") || !document["by"].is_string()) return damaged(path);
  RejectMark mark;
  const Result<Id128> by = Id128::from_hex(document["by"].get<std::string>());
  if (!by.ok()) return damaged(path);
  mark.by = *by;
  mark.rows = document["rows"].get<std::uint64_t>();
  mark.dropped = document["dropped"].get<std::uint64_t>();
  if (document.contains("input") && document["input"].is_string()) mark.input = document["input"].get<std::string>();
  return std::optional<RejectMark>(std::move(mark));
}

Status mark_rejects_resolved(const Warehouse& warehouse, const std::string& table, LoadId load,
                             const RejectMark& mark) {
  nlohmann::ordered_json document{{"by", mark.by.to_hex()}, {"rows", mark.rows}, {"dropped", mark.dropped}};
  if (!mark.input.empty()) document["input"] = mark.input;
  return replace_file_synced(reject_mark_path(warehouse, table, load), document.dump() + "\n");
}

Result<std::vector<LoadRejects>> published_rejects(const Warehouse& warehouse, const std::string& table) {
  TIPPLE_TRY(const std::vector<HistoryEntry> history, read_history(warehouse, table));
  std::vector<LoadRejects> rejects;
  for (const HistoryEntry& entry : history) {
    if (entry.commit.write == WriteMode::kReplace) rejects.clear();
    const fs::path file = warehouse.rejects_path(table, entry.commit.load);
    std::error_code ignored;
    if (entry.commit.rows.rejected == 0 || !fs::exists(file, ignored)) continue;
    TIPPLE_TRY(std::optional<RejectMark> mark, read_reject_mark(warehouse, table, entry.commit.load));
    rejects.push_back({entry.commit.load, entry.commit.mode, file, std::move(mark)});
  }
  return rejects;
}

std::vector<LoadId> reject_origins(const std::vector<LoadRejects>& rejects, LoadId load) {
  std::set<LoadId> wanted = {load};
  // A load takes up only what loads before it have left, so that one way back finds them all.
  std::vector<LoadId> origins;
  for (auto entry = rejects.rbegin(); entry != rejects.rend(); ++entry) {
    if (!entry->resolved || !wanted.contains(entry->resolved->by)) continue;
    wanted.insert(entry->load);
    origins.push_back(entry->load);
  }
  std::reverse(origins.begin(), origins.end());
  return origins;
}

}  // namespace tipple
