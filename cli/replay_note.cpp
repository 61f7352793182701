#include "cli/replay_note.h"

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/limits.h"
#include "cli/output.h"
#include "cli/replay_records.h"

namespace tipple {
namespace {

constexpr const char* kNoteName = "replay.json";
constexpr std::uint64_t kNoteBytesMax = limits::kGiB;

Error damaged(const fs::path& path) {
  return environment_error("the note of a replay is damaged", path.string(),
                           "remove its folder; the rejects that it was about are still there");
}

}  // namespace

std::uint64_t ReplayNote::rejects() const {
  std::uint64_t sum = 0;
  for (const auto& [load, rows] : taken) sum += rows;
  return sum;
}

Status write_replay_note(const ReplayNote& note) {
  Json document{{"table", note.table},
                {"taken", Json::array()},
                {"records", note.records},
                {"dropped", note.dropped},
                {"input", note.input}};
  for (const auto& [load, rows] : note.taken) document["taken"].push_back({{"load", load.to_hex()}, {"rows", rows}});
  document["files"] = Json::array();
  for (const ReplayFile& file : note.files)
    document["files"].push_back({{"name", file.name}, {"source", file.source}, {"records", file.records}});
  document["loads"] = Json::array();
  for (const LoadId load : note.loads) document["loads"].push_back(load.to_hex());
  return replace_file_synced(note.folder / kNoteName, json_text(document, 1));
}

Result<ReplayNote> read_replay_note(const fs::path& folder) {
  const fs::path path = folder / kNoteName;
  TIPPLE_TRY(const std::string text, read_file(path, kNoteBytesMax));
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  ReplayNote note;
  note.folder = folder;
  try {
    note.table = document.at("table").get<std::string>();
    for (const Json& taken : document.at("taken")) {
      TIPPLE_TRY(const LoadId load, Id128::from_hex(taken.at("load").get<std::string>()));
      note.taken.emplace_back(load, taken.at("rows").get<std::uint64_t>());
    }
    note.records = document.at("records").get<std::uint64_t>();
    note.dropped = document.at("dropped").get<std::uint64_t>();
    note.input = document.at("input").get<std::string>();
    for (const Json& file : document.at("files"))
      note.files.push_back({file.at("name").get<std::string>(), file.at("source").get<std::string>(),
                            file.at("records").get<std::uint64_t>()});
    for (const Json& load : document.at("loads")) {
      TIPPLE_TRY(const LoadId id, Id128::from_hex(load.get<std::string>()));
      note.loads.push_back(id);
    }
  } catch (const Json::exception&) {
    return damaged(path);
  }
  return note;
}

Result<std::vector<ReplayNote>> list_replay_notes(const Warehouse& warehouse) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(replay_folder(warehouse), ignored)) {
    if (Id128::from_hex(entry.path().filename().string()).ok()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<ReplayNote> notes;
  for (const fs::path& folder : folders) {
    // A kill while a folder is removed may take the note first; the rest of it is of no use.
    if (!fs::exists(folder / kNoteName, ignored)) {
      fs::remove_all(folder, ignored);
      continue;
    }
    TIPPLE_TRY(ReplayNote note, read_replay_note(folder));
    notes.push_back(std::move(note));
  }
  return notes;
}

std::string origin_line(const RecordOrigin& origin) {
  const Json line{{"file", origin.file},
                  {"offset", origin.offset},
                  {"path", origin.path},
                  {"path_offset", origin.path_offset},
                  {"line", origin.line}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status each_origin(const ReplayNote& note, const std::function<Status(const RecordOrigin&)>& visit) {
  const fs::path path = note.folder / kOriginsName;
  std::ifstream lines(path);
  for (std::string text; std::getline(lines, text);) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) return damaged(path);
    RecordOrigin origin;
    origin.file = line.value("file", 0u);
    origin.offset = line.value("offset", std::uint64_t{0});
    origin.path = line.value("path", std::string());
    origin.path_offset = line.value("path_offset", std::uint64_t{0});
    origin.line = line.value("line", std::uint64_t{0});
    TIPPLE_RETURN_IF_ERROR(visit(origin));
  }
  return lines.bad() || !lines.eof() ? Status(damaged(path)) : Status();
}

}  // namespace tipple
