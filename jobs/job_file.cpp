#include "jobs/job_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
#include "jobs/byte_size.h"
#include "jobs/job_sections.h"
#include "jobs/node_reader.h"
#include "jobs/yaml_tree.h"

namespace tipple {
namespace {

const std::vector<std::string> kTopKeys = {"version", "job", "warehouse", "sources", "tables", "modes", "chunk_bytes"};

void read_version(const SettingsReader& settings) {
  const YamlNode* node = settings.require("version", "begin with 'version: 1'");
  if (node == nullptr || (node->kind == YamlNode::Kind::kText && node->text == "1")) return;
  settings.mistakes().add(*node, fmt::format("'version' must be 1, not {}", kind_name(*node)),
                          "another version of the job file needs another version of tipple");
}

void read_name(const SettingsReader& settings, JobSpec& job) {
  if (settings.require("job", "the job's name") == nullptr) return;
  const auto name = settings.text("job");
  if (!name) return;
  job.name = *name;
  if (!is_plain_name(job.name)) {
    settings.mistakes().add(*settings.find("job"), fmt::format("'{}' cannot be a job's name", job.name),
                            "1 to 64 letters, digits, '_' and '-'");
  }
}

void read_warehouse(const SettingsReader& settings, JobSpec& job) {
  if (settings.require("warehouse", "the folder that the tables are in") == nullptr) return;
  const auto path = settings.text("warehouse");
  if (!path) return;
  if (path->empty() || path->find("://") != std::string::npos) {
    settings.mistakes().add(*settings.find("warehouse"), "'warehouse' must be a folder's path");
    return;
  }
  job.warehouse = (job.folder / *path).lexically_normal();
}

void read_chunk_bytes(const SettingsReader& settings, JobSpec& job) {
  const auto text = settings.text("chunk_bytes");
  if (!text) return;
  const auto bytes = parse_bytes(*text);
  if (bytes.ok() && *bytes >= 1) {
    job.chunk_bytes = *bytes;
    return;
  }
  settings.mistakes().add(*settings.find("chunk_bytes"), fmt::format("'chunk_bytes' must be a size of at least 1, not '{}'", *text),
                          "as 64MiB or 500MB");
}

// A source that no table reads would be read for nothing.
void check_all_used(const YamlNode& node, const JobSpec& job, Mistakes& mistakes) {
  for (const YamlEntry& entry : node.entries) {
    const bool used = std::any_of(job.tables.begin(), job.tables.end(), [&](const TableSpec& table) {
      return std::any_of(table.from.begin(), table.from.end(),
                         [&](SourceId id) { return job.sources[id.value()].name == entry.key.text; });
    });
    if (!used) {
      mistakes.add(entry.key, fmt::format("no table reads the source '{}'", entry.key.text), "remove it, or name it in a table's 'from'");
    }
  }
}

std::string printed(const JobFileMistake& mistake, const std::filesystem::path& file) {
  std::string line = file.string();
  if (mistake.line > 0) line += fmt::format(":{}:{}", mistake.line, mistake.column);
  line += ": " + mistake.what;
  if (!mistake.hint.empty()) line += " (" + mistake.hint + ")";
  return line;
}

}  // namespace

std::vector<ModeSpec> read_modes(const YamlNode& node, Mistakes& mistakes) {
  std::vector<ModeSpec> modes;
  for (const YamlEntry* entry : named_entries(node, "modes", "mode", mistakes)) {
    ModeSpec mode;
    mode.name = entry->key.text;
    if (!is_plain_name(mode.name)) {
      mistakes.add(entry->key, fmt::format("'{}' cannot be a mode's name", mode.name), "1 to 64 letters, digits, '_' and '-'");
    }
    const SettingsReader settings(entry->value, "modes." + mode.name, {"write"}, mistakes);
    if (settings.require("write", "replace or append") != nullptr) {
      const auto chosen = settings.choice("write", {"replace", "append"});
      mode.write = chosen.value_or(0) == 0 ? WriteMode::kReplace : WriteMode::kAppend;
    }
    modes.push_back(std::move(mode));
  }
  return modes;
}

ParsedJob parse_job(std::string_view text, const std::filesystem::path& file, const std::filesystem::path& folder) {
  ParsedJob parsed;
  JobSpec& job = parsed.spec;
  job.file = file;
  job.folder = folder;
  YamlTree tree = parse_yaml(text);
  if (!tree.mistakes.empty()) {
    parsed.mistakes = std::move(tree.mistakes);
    return parsed;
  }
  Mistakes mistakes;
  const SettingsReader settings(tree.root, "", kTopKeys, mistakes);
  if (settings.is_map()) {
    read_version(settings);
    read_name(settings, job);
    read_warehouse(settings, job);
    read_chunk_bytes(settings, job);
    const YamlNode* sources = settings.require("sources", "a map from each source's name to its settings");
    if (sources != nullptr) job.sources = read_sources(*sources, mistakes);
    const YamlNode* tables = settings.require("tables", "a map from each table's name to its settings");
    if (tables != nullptr) job.tables = read_tables(*tables, job.sources, mistakes);
    // An unknown name in a `from` has been said already; it is likely the one that is missing here.
    if (sources != nullptr && tables != nullptr && mistakes.count() == 0) check_all_used(*sources, job, mistakes);
    if (const YamlNode* modes = settings.find("modes")) job.modes = read_modes(*modes, mistakes);
  }
  if (job.modes.empty()) job.modes.push_back({"full", WriteMode::kReplace});
  job.text = text;
  parsed.mistakes = std::move(mistakes).take();
  return parsed;
}

Result<JobSpec> read_job_file(const std::filesystem::path& file) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
    return usage_error("there is no such job file", file.string(), "name an existing file; docs/job-file.md shows how to write one");
  }
  TIPPLE_RETURN_IF_ERROR(stat_regular_file(file));
  TIPPLE_TRY(const std::string text, read_file(file, limits::kJobFileBytesMax));
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(file, failed);
  if (failed) return environment_error("cannot find the current folder: " + failed.message(), file.string());
  ParsedJob parsed = parse_job(text, file, absolute.lexically_normal().parent_path());
  if (parsed.mistakes.empty()) return std::move(parsed.spec);
  std::string lines;
  for (const JobFileMistake& mistake : parsed.mistakes) lines += (lines.empty() ? "" : "\n") + printed(mistake, file);
  return usage_error(std::move(lines));
}

}  // namespace tipple
