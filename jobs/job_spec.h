// JobSpec: a job file after parsing and checking. Read-only once made (jobs/job_file.h makes it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/data_type.h"

namespace tipple {

// How the text of a CSV source is laid out.
struct CsvDialect {
  char delimiter = ',';
  std::optional<char> quote = '"';
  // Absent: a quote inside a quoted field is doubled. Present: this character takes the next one literally,
  // inside and outside quotes (Python's csv module with escapechar and doublequote=False).
  std::optional<char> escape;
  std::optional<char> comment;  // a record that begins with it is skipped and is not counted as a row
  enum class Newline : std::uint8_t { kLf, kCr } newline = Newline::kLf;  // kLf: LF, and CR LF
  bool header = true;           // the first record (after skip_rows) names the columns
  std::uint32_t skip_rows = 0;  // physical lines before the header
  std::vector<std::string> null_texts = {""};  // an unquoted field that equals one of these is null
  friend bool operator==(const CsvDialect&, const CsvDialect&) = default;
};

enum class SourceFormat : std::uint8_t { kCsv };

struct SourceSpec {
  std::string name;
  std::vector<std::string> paths;  // files or globs, relative to the job file's folder
  SourceFormat format = SourceFormat::kCsv;
  CsvDialect csv;
  std::vector<std::string> fields;  // names by position, for sources without a header
};

struct ColumnSpec {
  Column column;
  std::string from;                   // the source's field; the column's own name unless given
};

enum class Codec : std::uint8_t { kDeflate, kZstd, kLz4, kNone };
[[nodiscard]] std::string_view to_string(Codec codec);

// A load fails its quality check when rejected > max(max_rows, max_percent / 100 * rows_in).
struct RejectLimits {
  std::uint64_t max_rows = 0;
  double max_percent = 0.0;
  bool keep_raw = false;  // store the record's bytes with the reject
};

struct TableSpec {
  std::string name;
  std::vector<SourceId> from;  // fan-in: in this order
  std::vector<ColumnSpec> columns;
  RejectLimits rejects;
  Codec codec = Codec::kDeflate;
  [[nodiscard]] Schema schema() const;
};

enum class WriteMode : std::uint8_t { kReplace, kAppend };
[[nodiscard]] std::string_view to_string(WriteMode mode);

struct ModeSpec {
  std::string name;
  WriteMode write = WriteMode::kReplace;
};

struct JobSpec {
  std::string name;
  std::filesystem::path file;       // as given; empty for text that came in a message
  std::filesystem::path folder;     // absolute; relative paths of the job are relative to it
  std::filesystem::path warehouse;  // absolute
  std::vector<SourceSpec> sources;
  std::vector<TableSpec> tables;
  std::vector<ModeSpec> modes;               // at least one; `full: {write: replace}` if the file has none
  std::optional<std::uint64_t> chunk_bytes;  // overrides the grid's own choice
  std::string text;                          // the file's bytes: hashed into the load id, sent to workers

  // Error kUsage with the known names when there is no such mode. An empty name: "full", else the only mode.
  [[nodiscard]] Result<ModeSpec> mode(std::string_view mode_name) const;
};

}  // namespace tipple
