// JobSpec: a job file after parsing and checking. Read-only once made (jobs/job_file.h makes it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/check_spec.h"
#include "jobs/data_type.h"
#include "jobs/step_spec.h"

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
  bool header = true;                          // the first record (after skip_rows) names the columns
  std::uint32_t skip_rows = 0;                 // physical lines before the header
  std::vector<std::string> null_texts = {""};  // an unquoted field that equals one of these is null
  friend bool operator==(const CsvDialect&, const CsvDialect&) = default;
};

enum class SourceFormat : std::uint8_t {
  kCsv,
  kJsonLines,
  kFixedWidth,
  kLog,  // lines that a regular expression takes apart
  kParquet,
  kHdf5,
  kTable,  // the newest version of another table
};
[[nodiscard]] std::string_view to_string(SourceFormat format);
// Read as columns; the others are text, a record after the other.
[[nodiscard]] bool is_columnar(SourceFormat format);

// Fields of a fixed-width record, by the position of their characters in the line. Spaces around a value do not count.
struct FixedField {
  std::string name;
  std::uint32_t begin = 0;
  std::uint32_t width = 0;  // 0: to the line's end
  [[nodiscard]] bool is_open() const { return width == 0; }
  friend bool operator==(const FixedField&, const FixedField&) = default;
};

enum class Encoding : std::uint8_t { kUtf8, kUtf16, kUtf16Le, kUtf16Be, kLatin1, kWindows1252 };  // kUtf16: by its BOM
enum class OnInvalid : std::uint8_t { kReject, kReplace, kFail };  // bytes that the encoding does not allow

// A source whose bytes come once: standard input, a named pipe (its path), a socket.
struct StreamSpec {
  enum class Kind : std::uint8_t { kNone, kStdin, kPipe, kListen, kConnect } kind = Kind::kNone;
  std::string address;  // kPipe: path; kListen, kConnect: "unix:PATH" or "tcp:HOST:PORT"
};

// Decompressed size and its ratio to what was read: more is taken for a decompression bomb and fails the load.
struct DecompressionLimits {
  std::uint64_t bytes_max = std::uint64_t{1} << 42;
  std::uint32_t ratio_max = 1000;
};

struct SourceSpec {
  std::string name;
  std::vector<std::string> paths;       // files, folders or globs, relative to the job file's folder
  std::optional<std::string> manifest;  // a file that lists required files, one a line, relative to its own folder
  StreamSpec stream;
  SourceFormat format = SourceFormat::kCsv;
  Encoding encoding = Encoding::kUtf8;
  OnInvalid on_invalid = OnInvalid::kReject;
  DecompressionLimits decompression;
  CsvDialect csv;  // kFixedWidth, kLog, kJsonLines: header is false; skip_rows, comment and null_texts hold there, too
  std::vector<std::string> fields;  // names by position, for sources without a header
  std::vector<FixedField> fixed;    // kFixedWidth
  std::string pattern;              // kLog: RE2 syntax, its named groups are the fields
  std::string group = "/";          // kHdf5: the group whose datasets are the columns, or a compound dataset
  std::string table;                // kTable
};

// Fields that every source has besides its own: where a record came from.
//   $file: path as listed, relative to the job's folder where it lies below it; $line: from 1, in the file; $offset: of
//   the record's first byte; $path.KEY: VALUE of a folder or file name part KEY=VALUE of the path; $record: the
//   record's text
inline constexpr std::string_view kFileField = "$file";
inline constexpr std::string_view kLineField = "$line";
inline constexpr std::string_view kOffsetField = "$offset";
inline constexpr std::string_view kPathFieldPrefix = "$path.";
inline constexpr std::string_view kRecordField = "$record";

struct ColumnSpec {
  Column column;
  std::string from;    // the source's field; the column's own name unless given. JSON: a path as user.address[0].city
  std::string format;  // date, time and timestamp: how the text is written, in strptime's letters; empty: ISO 8601
  std::string expr;    // not empty: computed from other columns and fields instead of being read (jobs/expression.h)

  [[nodiscard]] const std::string& field() const { return from.empty() ? column.name : from; }
};

enum class Codec : std::uint8_t { kDeflate, kZstd, kLz4, kNone };
[[nodiscard]] std::string_view to_string(Codec codec);

// A load fails its quality check when rejected > max(max_rows, max_percent / 100 * rows_in).
struct RejectLimits {
  std::uint64_t max_rows = 0;
  double max_percent = 0.0;
  bool keep_raw = false;  // store the record's bytes with the reject
};

// What becomes of columns that the job file and the table do not expect.
enum class SchemaMode : std::uint8_t {
  kDeclared,  // fields that no column names are not looked at
  kFreeze,    // a new, missing or retyped field fails the load
  kEvolve,    // new fields become columns, types widen, the log records it
  kRescue,    // new fields and values that do not fit their column go into one JSON column
};
[[nodiscard]] std::string_view to_string(SchemaMode mode);

enum class PartFormat : std::uint8_t { kHdf5, kParquet };
[[nodiscard]] std::string_view to_string(PartFormat format);

// Field names that differ in one source of a fan-in: column -> field.
using FieldMap = std::map<std::string, std::string>;

struct TableSpec {
  std::string name;
  std::vector<SourceId> from;  // fan-in: in this order; by name, a nullable column that a source lacks is null there
  std::vector<FieldMap> field_maps;  // one for each of `from`
  bool inferred = false;             // the job file has no `columns`: they come from the whole input
  bool raw = false;                  // lands the records as text: $file, $offset and $record
  SchemaMode schema_mode = SchemaMode::kDeclared;
  std::vector<ColumnSpec> columns;  // read from the source or computed, in this order
  std::vector<StepSpec> steps;      // then, in this order
  std::vector<CheckSpec> checks;    // of the rows that came out
  TableExpectations expectations;   // of the whole table, before it is published
  RejectLimits rejects;
  PartFormat part_format = PartFormat::kHdf5;
  Codec codec = Codec::kDeflate;
  // Columns of the table: what `columns` and `steps` come to (jobs/table_schema.h fills it in).
  Schema output;
  [[nodiscard]] Schema schema() const;  // `output`; while it is empty, `columns`
  // Does a row need more than its columns' conversion?
  [[nodiscard]] bool needs_pipeline() const;
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
