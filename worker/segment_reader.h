// SegmentReader: opens input files, binds their heads to the tables' columns, and reads byte ranges of them.
//
// An input file is opened once, checked against the size and time that were listed, and checked again when its segment is done: a
// file that changed in between fails the chunk. The head of the last file and the binding of the last head are kept, so that the
// chunks of one file and the small files of one pack pay for them once.
//
// Owner: one per ChunkRunner. Thread rule: SegmentReader belongs to the reading thread; an open InputSegment may be read by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "coordinator/task.h"
#include "formats/csv_convert.h"
#include "formats/csv_index.h"
#include "jobs/job_spec.h"
#include "worker/block_cost.h"

namespace tipple {

// The tables that one source feeds, in the job's order.
struct SourceTables {
  const SourceSpec* source = nullptr;
  std::vector<TableId> ids;
  std::vector<const TableSpec*> specs;
};

// What a file's head decides: how many fields a record has and which of them each table takes. Immutable, shared by blocks.
struct CsvBinding {
  std::vector<std::string> fields;
  CsvIndexer indexer;
  std::vector<CsvConverter> converters;  // one for each table of the source
};

// An open segment: shared by the blocks that were read from it.
struct InputSegment {
  TaskSegment spec;
  std::shared_ptr<const CsvBinding> binding;  // absent in a file without a single field: nothing to load
  const CsvDialect* dialect = nullptr;
  bool start_known = false;
  std::uint64_t start = 0;       // if known: of the first record; else of the segment
  std::uint64_t head_lines = 0;  // line ends before the first record, counted by the segment that begins at 0

  [[nodiscard]] static Result<std::shared_ptr<InputSegment>> open(const TaskSegment& spec);
  // Exactly `out.size()` bytes; a file that has fewer has changed.
  [[nodiscard]] Status read(std::span<char> out, std::uint64_t offset) const;
  // Still the file that was listed?
  [[nodiscard]] Status check_unchanged() const;
  // Tells the system what will be read next; advice only.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  File file_;
};

// Not worth another try elsewhere: the user's mistake, or an input that changed since it was listed.
[[nodiscard]] bool is_retryable(const Error& error);

class SegmentReader {
 public:
  explicit SegmentReader(SourceTables tables) : tables_(std::move(tables)), cost_(*tables_.source, tables_.specs) {}

  // Reads the head and binds it; fills everything of `segment` that depends on it. `first_bytes`: the file's first bytes, if they
  // have been read already.
  [[nodiscard]] Status bind(InputSegment& segment, std::optional<std::uint64_t> known_start, std::span<const char> first_bytes);
  [[nodiscard]] const SourceTables& tables() const { return tables_; }
  [[nodiscard]] const BlockCost& cost() const { return cost_; }

 private:
  [[nodiscard]] Result<CsvHead> read_head(const InputSegment& segment, std::span<const char> first_bytes);
  [[nodiscard]] Status bind_fields(const CsvHead& head, const std::string& path);

  SourceTables tables_;
  BlockCost cost_;
  TaskSegment head_of_;  // the file that head_ belongs to
  std::optional<CsvHead> head_;
  std::shared_ptr<const CsvBinding> binding_;
};

}  // namespace tipple
