// SegmentReader: opens input files, binds their heads to the tables' columns, and reads byte ranges of their text or
// stretches of their rows.
//
// An input file is opened once, checked against the size and time that were listed, and checked again when its segment
// is done: a file that changed in between fails the chunk. The head of the last file, the binding of the last head and
// the last columnar file are kept, so that the chunks of one file and the small files of one pack pay for them once.
//
// Owner: one per source and ChunkRunner. Thread rule: SegmentReader belongs to the reading thread; of an open
// InputSegment, text is read by the reading thread alone unless the file has random access.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordinator/task.h"
#include "formats/batch_source.h"
#include "formats/byte_source.h"
#include "formats/record_format.h"
#include "jobs/job_spec.h"
#include "worker/block_cost.h"
#include "worker/table_stage.h"

namespace tipple {

// The tables that one source feeds, in the job's order.
struct SourceTables {
  const JobSpec* job = nullptr;
  SourceId id;
  std::vector<TableId> ids;
  std::vector<const TableSpec*> specs;
  std::vector<TableStage> stages;

  [[nodiscard]] const SourceSpec& source() const { return job->sources.at(id.value()); }
};

// What may be used to decompress one file.
struct DecodeLimits {
  std::uint32_t threads = 1;
  std::uint64_t memory_bytes = 0;
};

// An open segment: shared by the blocks that were read from it.
struct InputSegment {
  TaskSegment spec;
  std::string name;  // for people: the path, with the archive's member
  // A text file; null: a columnar one.
  std::unique_ptr<ByteSource> text;
  const RecordFormat* format = nullptr;
  std::shared_ptr<const RecordBinding> binding;  // absent in a file without records: nothing to load
  char line_end = '\n';
  bool start_known = false;
  std::uint64_t start = 0;       // if known: of the first record; else of the segment
  std::uint64_t head_lines = 0;  // line ends before the first record, counted by the segment that begins at 0
  // A columnar file.
  std::shared_ptr<const BatchSource> batches;
  std::vector<std::shared_ptr<const BatchConverter>> converters;  // one for each table
  std::vector<BatchStretch> stretches;

  std::vector<FileValues> values;  // one for each table

  // Where the text ends, where that is known before it was read: in a file whose bytes are its text.
  [[nodiscard]] std::optional<std::uint64_t> text_size() const;
  // Fewer bytes than asked for only at the text's end.
  [[nodiscard]] Result<std::size_t> read(std::span<char> out, std::uint64_t offset);
  // Still the file that was listed?
  [[nodiscard]] Status check_unchanged() const;
  // The text's first bytes, at most `bytes` of them; read() gives them again.
  [[nodiscard]] Result<std::span<const char>> peek(std::uint64_t bytes);

 private:
  std::vector<char> prefix_;  // read ahead of a text that comes once
};

// Not worth another try elsewhere: the user's mistake, or an input that changed since it was listed.
[[nodiscard]] bool is_retryable(const Error& error);

class SegmentReader {
 public:
  // Errors: kUsage: the source's format (a pattern that is none).
  [[nodiscard]] static Result<SegmentReader> make(SourceTables tables, DecodeLimits limits);

  [[nodiscard]] bool is_columnar() const { return format_ == nullptr; }
  // A text file, not bound yet.
  [[nodiscard]] Result<std::shared_ptr<InputSegment>> open(const TaskSegment& spec) const;
  // Reads the head and binds it; fills everything of `segment` that depends on it. `first_bytes`: the file's first
  // bytes, if they have been read already.
  [[nodiscard]] Status bind(InputSegment& segment, std::optional<std::uint64_t> known_start,
                            std::span<const char> first_bytes);
  // A columnar file, bound, with the stretches of the segment.
  [[nodiscard]] Result<std::shared_ptr<InputSegment>> open_columnar(const TaskSegment& spec);

  [[nodiscard]] const SourceTables& tables() const { return *tables_; }
  [[nodiscard]] const RecordFormat& format() const { return *format_; }
  [[nodiscard]] const BlockCost& cost() const { return cost_; }

 private:
  SegmentReader(SourceTables tables, DecodeLimits limits);
  [[nodiscard]] Result<FileHead> read_head(InputSegment& segment, std::span<const char> first_bytes) const;
  [[nodiscard]] Status bind_head(InputSegment& segment, std::optional<std::uint64_t> known_start,
                                 std::span<const char> first_bytes);
  [[nodiscard]] Status bind_values(InputSegment& segment);
  [[nodiscard]] std::vector<BoundTable> bound_tables() const;

  std::unique_ptr<const SourceTables> tables_;  // its address is kept by the stages' users
  DecodeLimits limits_;
  BlockCost cost_;
  std::unique_ptr<const RecordFormat> format_;  // null: a columnar source

  std::string values_of_;  // the path that values_ belong to
  std::vector<FileValues> values_;
  TaskSegment head_of_;  // the file that head_ belongs to
  std::optional<FileHead> head_;
  std::optional<FileHead> bound_head_;
  std::shared_ptr<const RecordBinding> binding_;
  TaskSegment batches_of_;  // the file that batches_ belongs to
  std::shared_ptr<const BatchSource> batches_;
  std::vector<std::shared_ptr<const BatchConverter>> converters_;
};

}  // namespace tipple
