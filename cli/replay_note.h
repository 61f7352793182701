// ReplayNote: what a replay is about, written down before its load begins, so that whoever comes after a kill can
// finish it.
//
//   <warehouse>/_replay/<id>/000000/<name>, 000001/<name>, ...   the records, as files of their sources
//   <warehouse>/_replay/<id>/origins.jsonl                       where each record came from, in their order
//   <warehouse>/_replay/<id>/replay.json                         the note
//
// A folder of that name is whole: it was renamed into place when all of it was on disk. It is removed when its rejects
// are marked. Thread rule: stateless.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "formats/reject.h"
#include "warehouse/warehouse.h"

namespace tipple {

struct ReplayFile {
  std::string name;    // relative to the replay's folder
  std::string source;  // by name: a job file may move its sources
  std::uint64_t records = 0;
};

struct ReplayNote {
  std::filesystem::path folder;
  std::string table;
  std::vector<std::pair<LoadId, std::uint64_t>> taken;  // loads whose rejects these are, and how many, oldest first
  std::uint64_t records =
      0;  // what the rejects come to under the job as it is now: mostly one each, none if it is a comment now
  std::uint64_t dropped = 0;  // given up by --drop
  std::string input;          // digest of the file given by --input; empty: none was
  std::vector<ReplayFile> files;
  std::vector<LoadId> loads;  // that began: at most one of them is published

  [[nodiscard]] std::uint64_t rejects() const;  // taken up, over all loads
};

[[nodiscard]] Status write_replay_note(const ReplayNote& note);
[[nodiscard]] Result<ReplayNote> read_replay_note(const std::filesystem::path& folder);
// All replays of a warehouse that are not finished, by folder.
[[nodiscard]] Result<std::vector<ReplayNote>> list_replay_notes(const Warehouse& warehouse);

// A record's first place.
struct RecordOrigin {
  std::uint32_t file = 0;    // position in ReplayNote::files
  std::uint64_t offset = 0;  // in that file's text
  std::string path;          // where it stood first
  std::uint64_t path_offset = 0;
  std::uint64_t line = 0;
};
[[nodiscard]] std::string origin_line(const RecordOrigin& origin);
// Calls `visit` with all of them, in order; one line in memory at a time.
[[nodiscard]] Status each_origin(const ReplayNote& note, const std::function<Status(const RecordOrigin&)>& visit);

inline constexpr const char* kOriginsName = "origins.jsonl";

}  // namespace tipple
