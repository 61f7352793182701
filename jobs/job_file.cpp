#include "jobs/job_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/file.h"
#include "base/limits.h"
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

// As every path of a job, those of pipes and Unix sockets are relative to its folder.
void place_stream(const std::filesystem::path& folder, StreamSpec& stream) {
  constexpr std::string_view kUnix = "unix:";
  std::string prefix;
  if (stream.kind == StreamSpec::Kind::kListen || stream.kind == StreamSpec::Kind::kConnect) {
    if (!stream.address.starts_with(kUnix)) return;
    prefix = kUnix;
  } else if (stream.kind != StreamSpec::Kind::kPipe) {
    return;
  }
  stream.address = prefix + (folder / stream.address.substr(prefix.size())).lexically_normal().string();
}

void read_chunk_bytes(const SettingsReader& settings, JobSpec& job) { job.chunk_bytes = settings.bytes("chunk_bytes"); }

void read_sources_and_tables(const SettingsReader& settings, JobSpec& job) {
  Mistakes& mistakes = settings.mistakes();
  const YamlNode* sources = settings.require("sources", "a map from each source's name to its settings");
  const YamlNode* tables = settings.require("tables", "a map from each table's name to its settings");
  const std::size_t before = mistakes.count();
  if (sources != nullptr) job.sources = read_sources(*sources, mistakes);
  for (SourceSpec& source : job.sources) place_stream(job.folder, source.stream);
  const bool sources_right = sources != nullptr && mistakes.count() == before;
  if (tables == nullptr) return;
  std::vector<TableSection> sections = read_tables(*tables, job.sources, mistakes);
  for (TableSection& section : sections) job.tables.push_back(std::move(section.table));
  // Wrong sources would be told once more as wrong fields.
  if (sources_right) check_whole_job(*sources, sections, job, mistakes);
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
      mistakes.add(entry->key, fmt::format("'{}' cannot be a mode's name", mode.name),
                   "1 to 64 letters, digits, '_' and '-'");
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
    read_sources_and_tables(settings, job);
    if (const YamlNode* modes = settings.find("modes")) job.modes = read_modes(*modes, mistakes);
  }
  if (job.modes.empty()) job.modes.push_back({"full", WriteMode::kReplace});
  job.text = text;
  parsed.mistakes = std::move(mistakes).take();
  return parsed;
}

Result<JobSpec> read_job_file(const std::filesystem::path& file) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
    return usage_error("there is no such job file", file.string(),
                       "name an existing file; docs/job-file.md shows how to write one");
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
