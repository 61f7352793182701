#include "warehouse/table_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "base/fault_point.h"
#include "base/file.h"
#include "base/limits.h"
#include "warehouse/log_entry.h"
#include "warehouse/schema_evolution.h"

namespace tipple {
namespace {

constexpr std::size_t kVersionDigits = 20;
constexpr std::uint64_t kEntryBytesMax = 2 * limits::kGiB;
constexpr int kCommitTriesMax = 100'000;  // each lost race is another writer's commit

fs::path entry_path(const fs::path& folder, std::uint64_t version) {
  const std::string digits = std::to_string(version);
  return folder / (std::string(kVersionDigits - digits.size(), '0') + digits + ".json");
}

// The highest version that the folder lists; nothing if it lists none.
std::optional<std::uint64_t> highest_listed(const fs::path& folder) {
  std::optional<std::uint64_t> highest;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() != kVersionDigits + 5 || !name.ends_with(".json")) continue;
    std::uint64_t version = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + kVersionDigits, version);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + kVersionDigits)
      highest = std::max(highest.value_or(0), version);
  }
  return highest;
}

// Follows a table's log entry by entry.
class LogCursor {
 public:
  LogCursor(const Warehouse& warehouse, const std::string& table, PartFormat format)
      : folder_(warehouse.log_folder(table, format)) {
    table_.format = format;
  }
  // Of the format that the table has; an empty log of HDF5 parts if it has none.
  static Result<LogCursor> open(const Warehouse& warehouse, const std::string& table) {
    TIPPLE_TRY(const std::optional<PartFormat> format, warehouse.table_format(table));
    return LogCursor(warehouse, table, format.value_or(PartFormat::kHdf5));
  }

  // Takes the next entry, if there is one.
  Result<bool> advance() {
    const fs::path path = entry_path(folder_, next_);
    if (::access(path.c_str(), F_OK) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) return system_error(errno, "cannot read the log", path.string());
      const auto highest = highest_listed(folder_);
      if (!highest || *highest < next_) return false;
      // Committed between the two looks, or lost.
      if (::access(path.c_str(), F_OK) != 0) {
        return environment_error("log entry is missing, though entry " + std::to_string(*highest) + " exists",
                                 path.string(), "restore the file from a backup");
      }
    }
    TIPPLE_TRY(const std::string bytes, read_file(path, kEntryBytesMax));
    TIPPLE_TRY(LogEntry entry, parse_log_entry(bytes, path.string(), table_.schema));
    if (Status applied = apply(std::move(entry), path.string()); !applied.ok()) return std::move(applied).error();
    return true;
  }

  // Versions taken so far: the next entry's number.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  // Meaningful when next() > 0.
  [[nodiscard]] const TableVersion& table() const { return table_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  // Has the log asked its readers for Delta's timestampNtz?
  [[nodiscard]] bool timestamp_ntz() const { return timestamp_ntz_; }
  [[nodiscard]] fs::path next_path() const { return entry_path(folder_, next_); }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  Status apply(LogEntry entry, const std::string& where) {
    if (entry.version != next_) {
      return environment_error("log entry is that of version " + std::to_string(entry.version), where,
                               "restore the file from a backup: it was copied over another one");
    }
    if (next_ == 0 && !entry.metadata) return environment_error("the first log entry has no metaData", where);
    timestamp_ntz_ = timestamp_ntz_ || entry.timestamp_ntz;
    if (entry.metadata) {
      if (entry.metadata->format != table_.format) {
        return environment_error("log entry is of another format than its folder", where,
                                 "restore the file from a backup");
      }
      id_ = entry.metadata->id;
      for (LoggedPart& part : table_.parts)
        part.columns = widen_stats(part.columns, table_.schema, entry.metadata->schema, part.rows);
      table_.schema = std::move(entry.metadata->schema);
      table_.codec = entry.metadata->codec;
    }
    if (!entry.removed.empty()) {
      std::unordered_set<std::string> removed(entry.removed.begin(), entry.removed.end());
      const auto kept = std::remove_if(table_.parts.begin(), table_.parts.end(),
                                       [&](const LoggedPart& part) { return removed.erase(part.path) != 0; });
      table_.parts.erase(kept, table_.parts.end());
      if (!removed.empty())
        return environment_error("log entry removes a part that is not there: " + *removed.begin(), where);
    }
    std::move(entry.added.begin(), entry.added.end(), std::back_inserter(table_.parts));
    table_.version = next_++;
    table_.commit = std::move(entry.commit);
    return {};
  }

  fs::path folder_;
  std::uint64_t next_ = 0;
  std::string id_;
  bool timestamp_ntz_ = false;
  TableVersion table_;
};

std::string new_table_id() {
  std::string id = random_id().to_hex();
  for (const std::size_t at : {20, 16, 12, 8}) id.insert(at, 1, '-');
  return id;
}

bool has_plain_timestamp(const Schema& schema) {
  return std::any_of(schema.begin(), schema.end(), [](const Column& column) {
    return column.type.kind == TypeKind::kTimestamp && !column.type.zoned;
  });
}

// The entry that makes `parts`, of columns `own`, the next version of what the cursor has seen; `schema`: the table's
// then.
LogEntry next_entry(const LogCursor& cursor, const Schema& own, const Schema& schema, Codec codec,
                    const std::vector<LoggedPart>& parts, const CommitInfo& info) {
  LogEntry entry;
  entry.version = cursor.next();
  const bool first = entry.version == 0;
  const TableVersion& before = cursor.table();
  entry.format = before.format;
  if (first || before.schema != schema || before.codec != codec) {
    entry.metadata = TableMetadata{first ? new_table_id() : cursor.id(), schema, codec, before.format};
  }
  entry.timestamp_ntz = before.format == PartFormat::kParquet && has_plain_timestamp(schema) && !cursor.timestamp_ntz();
  if (info.write == WriteMode::kReplace) {
    for (const LoggedPart& part : before.parts) entry.removed.push_back(part.path);
  }
  entry.added = parts;
  for (LoggedPart& part : entry.added) part.columns = widen_stats(part.columns, own, schema, part.rows);
  entry.commit = info;
  return entry;
}

// "column dep_delay is int32, was float32": the first difference.
std::string schema_difference(const Schema& before, const Schema& now) {
  for (std::size_t i = 0; i < std::max(before.size(), now.size()); ++i) {
    if (i >= before.size()) return "column " + now[i].name + " is new";
    if (i >= now.size()) return "column " + before[i].name + " is missing";
    const auto text = [](const Column& column) {
      return column.name + " " + column.type.to_string() + (column.nullable ? " nullable" : "");
    };
    if (before[i] != now[i])
      return "column " + std::to_string(i + 1) + " is '" + text(now[i]) + "', was '" + text(before[i]) + "'";
  }
  return "none";
}

// The table's columns once rows of `schema` are in it.
Result<Schema> schema_after(const LogCursor& cursor, const std::string& table, const Schema& schema, WriteMode write,
                            bool evolve) {
  const TableVersion& before = cursor.table();
  if (cursor.next() == 0 || write == WriteMode::kReplace || before.schema == schema) return schema;
  const auto refused = [&](const std::string& why, const std::string& hint) {
    return usage_error("cannot append to table " + table + ": " + why, cursor.folder().parent_path().string(), hint);
  };
  if (!evolve) {
    return refused(schema_difference(before.schema, schema),
                   "give the columns the table's types, or replace the table");
  }
  const Result<Schema> wide = widen_schema(before.schema, schema);
  if (!wide.ok()) return refused(wide.error().what, wide.error().hint);
  for (const Schema* part : {&before.schema, &schema}) {
    if (const Status shown = check_shown_as(*part, *wide, before.format); !shown.ok())
      return refused(shown.error().what, shown.error().hint);
  }
  return *wide;
}

Status check_format(const Warehouse& warehouse, const std::string& table, PartFormat format) {
  TIPPLE_TRY(const std::optional<PartFormat> has, warehouse.table_format(table));
  if (!has || *has == format) return {};
  return usage_error("table " + table + " has " + std::string(to_string(*has)) +
                         " parts, the job says format: " + std::string(to_string(format)),
                     warehouse.table_folder(table).string(),
                     "say format: " + std::string(to_string(*has)) + ", or load into a table of another name");
}

}  // namespace

std::uint64_t TableVersion::rows() const {
  std::uint64_t sum = 0;
  for (const LoggedPart& part : parts) sum += part.rows;
  return sum;
}

Result<std::optional<TableVersion>> read_table(const Warehouse& warehouse, const std::string& table,
                                               std::optional<std::uint64_t> version) {
  TIPPLE_TRY(LogCursor cursor, LogCursor::open(warehouse, table));
  while (!version || cursor.next() <= *version) {
    TIPPLE_TRY(const bool more, cursor.advance());
    if (!more) break;
  }
  if (cursor.next() == 0) return std::optional<TableVersion>();
  if (version && cursor.table().version != *version) {
    return usage_error("table " + table + " has no version " + std::to_string(*version), cursor.folder().string(),
                       "its newest version is " + std::to_string(cursor.table().version));
  }
  return std::optional<TableVersion>(cursor.table());
}

Result<std::vector<HistoryEntry>> read_history(const Warehouse& warehouse, const std::string& table) {
  std::vector<HistoryEntry> history;
  TIPPLE_TRY(LogCursor cursor, LogCursor::open(warehouse, table));
  for (;;) {
    TIPPLE_TRY(const bool more, cursor.advance());
    if (!more) return history;
    history.push_back({cursor.table().version, cursor.table().commit});
  }
}

Result<std::optional<std::uint64_t>> find_load(const Warehouse& warehouse, const std::string& table, LoadId load) {
  TIPPLE_TRY(LogCursor cursor, LogCursor::open(warehouse, table));
  for (;;) {
    TIPPLE_TRY(const bool more, cursor.advance());
    if (!more) return std::optional<std::uint64_t>();
    if (cursor.table().commit.load == load) return std::optional<std::uint64_t>(cursor.table().version);
  }
}

Status check_committable(const Warehouse& warehouse, const std::string& table, const Schema& schema, WriteMode write,
                         const CommitOptions& options) {
  TIPPLE_RETURN_IF_ERROR(check_format(warehouse, table, options.format));
  LogCursor cursor(warehouse, table, options.format);
  for (;;) {
    TIPPLE_TRY(const bool more, cursor.advance());
    if (!more) break;
  }
  TIPPLE_RETURN_IF_ERROR(schema_after(cursor, table, schema, write, options.evolve));
  return {};
}

Result<CommitOutcome> commit_version(const Warehouse& warehouse, const std::string& table, const Schema& schema,
                                     Codec codec, const std::vector<LoggedPart>& parts, const CommitInfo& info,
                                     const CommitOptions& options) {
  TIPPLE_RETURN_IF_ERROR(check_format(warehouse, table, options.format));
  LogCursor cursor(warehouse, table, options.format);
  TIPPLE_RETURN_IF_ERROR(create_folders(cursor.folder()));
  for (int tries = 0; tries < kCommitTriesMax; ++tries) {
    for (;;) {
      TIPPLE_TRY(const bool more, cursor.advance());
      if (!more) break;
      if (cursor.table().commit.load == info.load) return CommitOutcome{cursor.table().version, true, false};
    }
    if (options.only_as && cursor.next() != *options.only_as) return CommitOutcome{cursor.next(), false, true};
    TIPPLE_TRY(const Schema after, schema_after(cursor, table, schema, info.write, options.evolve));
    const std::string entry = print_log_entry(next_entry(cursor, schema, after, codec, parts, info), after);
    fault_point("log-written");
    TIPPLE_TRY(const bool committed, create_file_exclusive(cursor.next_path(), entry));
    if (committed) {
      fault_point("log-linked");
      return CommitOutcome{cursor.next(), false, false};
    }
  }
  return environment_error("gave up after " + std::to_string(kCommitTriesMax) + " lost races", cursor.folder().string(),
                           "run again");
}

}  // namespace tipple
