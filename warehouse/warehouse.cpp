#include "warehouse/warehouse.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"

namespace tipple {
namespace {

constexpr const char* kMarkerName = "_tipple.json";
constexpr int kFormatVersion = 1;
constexpr std::uint64_t kMarkerBytesMax = 64 * limits::kKiB;
constexpr const char* kFirstEntryName = "00000000000000000000.json";

Status check_marker(const fs::path& marker) {
  TIPPLE_TRY(const std::string text, read_file(marker, kMarkerBytesMax));
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool right =
      document.is_object() && document.contains("format_version") && document["format_version"].is_number_unsigned();
  if (!right) {
    return environment_error("the warehouse's marker is damaged", marker.string(),
                             "restore it: its content is {\"format_version\": " + std::to_string(kFormatVersion) + "}");
  }
  const auto version = document["format_version"].get<std::uint64_t>();
  if (version > static_cast<std::uint64_t>(kFormatVersion)) {
    return environment_error("the warehouse has format version " + std::to_string(version) +
                                 ", this program knows versions up to " + std::to_string(kFormatVersion),
                             marker.string(), "upgrade tipple");
  }
  return {};
}

}  // namespace

Result<Warehouse> Warehouse::open(const fs::path& folder, bool write) {
  const fs::path marker = folder / kMarkerName;
  std::error_code ignored;
  if (write) TIPPLE_RETURN_IF_ERROR(create_folders(folder));
  if (!fs::exists(marker, ignored)) {
    if (!write) {
      return usage_error(std::string("is not a warehouse: it has no ") + kMarkerName, folder.string(),
                         "name the folder that a job file's `warehouse:` names");
    }
    const std::string content = "{\"format_version\": " + std::to_string(kFormatVersion) + "}\n";
    TIPPLE_RETURN_IF_ERROR(create_file_exclusive(marker, content));  // somebody else's is as good: it is checked next
  }
  TIPPLE_RETURN_IF_ERROR(check_marker(marker));
  return Warehouse(folder);
}

fs::path Warehouse::table_folder(const std::string& table) const { return folder_ / table; }

fs::path Warehouse::log_folder(const std::string& table, PartFormat format) const {
  return table_folder(table) / (format == PartFormat::kParquet ? "_delta_log" : "_log");
}

Result<std::optional<PartFormat>> Warehouse::table_format(const std::string& table) const {
  std::optional<PartFormat> found;
  for (const PartFormat format : {PartFormat::kHdf5, PartFormat::kParquet}) {
    std::error_code ignored;
    if (!fs::exists(log_folder(table, format) / kFirstEntryName, ignored)) continue;
    if (found) {
      return environment_error("the table has two logs, _log and _delta_log", table_folder(table).string(),
                               "two loads made it at once in two formats; move the log of the wrong one away");
    }
    found = format;
  }
  return found;
}

fs::path Warehouse::load_folder(LoadId load) const { return folder_ / "_loads" / load.to_hex(); }

fs::path Warehouse::staging_folder(const std::string& table, AttemptId attempt) const {
  return table_folder(table) / "_staging" / attempt.to_hex();
}

fs::path Warehouse::view_path(const std::string& table) const { return table_folder(table) / (table + ".h5"); }

fs::path Warehouse::rejects_path(const std::string& table, LoadId load) const {
  return table_folder(table) / "_rejects" / (load.to_hex() + ".parquet");
}

fs::path Warehouse::inputs_path(const std::string& table, LoadId load) const {
  return table_folder(table) / "_inputs" / (load.to_hex() + ".jsonl.zst");
}

Result<std::vector<std::string>> Warehouse::tables() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    std::string name = entry->path().filename().string();
    if (fs::exists(log_folder(name, PartFormat::kHdf5) / kFirstEntryName, ignored) ||
        fs::exists(log_folder(name, PartFormat::kParquet) / kFirstEntryName, ignored)) {
      names.push_back(std::move(name));
    }
  }
  if (error) return environment_error("cannot list the warehouse: " + error.message(), folder_.string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tipple
