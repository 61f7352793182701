// One entry of a table's log as bytes: JSON lines in the action vocabulary of the Delta Lake transaction protocol.
//
//   [protocol] [metaData] txn remove* add* commitInfo
//
// A table of Parquet parts has a log that is a Delta Lake log; with HDF5 parts the vocabulary is the same, the format
// provider "hdf5". commitInfo stands last and ends in "tipple.checksum": the SHA-256 of every byte of the entry before
// the digest itself. What follows the digest is fixed, so no bit can change and no byte can go missing unnoticed.
// docs/warehouse.md is the contract. Thread rule: pure functions; hostile bytes give an Error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/data_type.h"
#include "jobs/job_spec.h"
#include "warehouse/table_log.h"

namespace tipple {

// What versions of the log this program understands.
inline constexpr int kReaderVersion = 1;
inline constexpr int kWriterVersion = 2;
// Delta's versions with a list of features; the only one that readers must know is this.
inline constexpr int kFeatureReaderVersion = 3;
inline constexpr int kFeatureWriterVersion = 7;
inline constexpr const char* kTimestampNtzFeature = "timestampNtz";

// A table's description; stands in the first entry, and again where schema or codec change.
struct TableMetadata {
  std::string id;  // a UUID, the table's own for all its life
  Schema schema;
  Codec codec = Codec::kDeflate;
  PartFormat format = PartFormat::kHdf5;
};

struct LogEntry {
  std::uint64_t version = 0;
  PartFormat format = PartFormat::kHdf5;  // of the table; entries tell it by their metaData alone
  bool timestamp_ntz = false;             // the entry's protocol asks for this feature of Delta's
  std::optional<TableMetadata> metadata;
  std::vector<std::string> removed;  // paths
  std::vector<LoggedPart> added;     // in row order; their columns are those of `schema`
  CommitInfo commit;
};

// `schema`: the table's after this entry. Precondition: each added part has either no column statistics or one for each
// of its columns.
[[nodiscard]] std::string print_log_entry(const LogEntry& entry, const Schema& schema);

// `where` is for messages. `schema_before`: the table's schema before this entry, which names the columns of the
// statistics. Errors: kEnvironment, also for a newer protocol.
[[nodiscard]] Result<LogEntry> parse_log_entry(std::string_view bytes, const std::string& where,
                                               const Schema& schema_before);

// `bytes` with the checksum that they should have; for tests and fuzzers that look behind it. Bytes without a checksum
// are unchanged.
[[nodiscard]] std::string with_right_checksum(std::string bytes);

}  // namespace tipple
