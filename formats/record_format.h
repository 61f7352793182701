// RecordFormat: how a text source's bytes become batches, whatever the format: what stands in front of the records (the
// head), where records end (split), and what their fields say (convert). One for CSV, JSON lines, fixed width and log
// lines each.
//
//   bytes ──► RecordBinding::split ──► whole records + index ──► RecordBinding::convert ──► ConvertedBatch for each
//   table
//
// Owner: the worker's SegmentReader. Thread rule: formats and bindings are immutable and may be shared; an index and a
// scanner have one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/reject.h"
#include "jobs/job_spec.h"

namespace tipple {

// What a binding found in one block. Reused from block to block; its content is the binding's own affair.
class RecordIndex {
 public:
  virtual ~RecordIndex() = default;
  [[nodiscard]] virtual std::uint64_t record_count() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_used() const = 0;  // memory held
};

// The head of a file: what stands before its first data record.
struct FileHead {
  std::vector<std::string> fields;  // names by position; JSON lines: empty, fields are found by name
  std::uint64_t data_begin = 0;     // offset of the first data record: past BOM, skipped rows and header
  std::uint64_t lines = 0;          // line ends before data_begin
  friend bool operator==(const FileHead&, const FileHead&) = default;
};

// Where a block stood in its file, for rejects.
struct BlockPlace {
  std::string_view path;
  std::uint64_t offset = 0;        // of the block's first byte
  std::uint64_t lines_before = 0;  // line ends between the chunk's first owned byte and the block
};

// A field that no column of a table takes.
struct NewField {
  std::string name;          // as a column's `from` has it
  std::uint32_t origin = 0;  // of its record, as ConvertedBatch::origins
};

struct ConvertedBatch {
  std::shared_ptr<arrow::RecordBatch> batch;  // the good rows, in input order
  std::vector<Reject> rejects;                // one for each bad record, in input order
  std::uint64_t rows_in = 0;                  // rows_in == batch rows + rejects
  // For each good row, the block offset of its record's first byte; only if the binding was asked for origins.
  std::vector<std::uint32_t> origins;
  // The block's first; only if the binding was asked for it, and only in formats without a head that names the fields.
  std::optional<NewField> new_field;
};

// Record ends only, over a file of any size in pieces: the boundary scan, and the way to skip an over-long record.
class RecordScanner {
 public:
  virtual ~RecordScanner() = default;
  // Feeds the next bytes. Returns the offset in `bytes` just past the first line end, at offset `from` or later, that
  // ends a record; all bytes are consumed either way, except with `stop_at_end`: then the state is that just past the
  // returned offset.
  [[nodiscard]] virtual std::optional<std::size_t> scan(std::span<const char> bytes, std::size_t from = 0,
                                                        bool stop_at_end = false) = 0;
  [[nodiscard]] virtual std::uint64_t lines() const = 0;  // physical line ends consumed so far
  [[nodiscard]] virtual bool at_record_start() const = 0;
};

// One table's wishes of a source.
struct BoundTable {
  // To be read: none has an `expr`, none is a $field, except that one may be rescued_column() (jobs/rescued_column.h),
  // which the format fills.
  std::vector<ColumnSpec> columns;
  bool keep_raw = false;  // put the record's bytes into its reject
  bool origins = false;   // fill ConvertedBatch::origins
  // Columns may be absent from a file and are null then (fan-in by name); otherwise an absent field is an Error.
  bool absent_is_null = false;
  bool new_fields = false;  // fill ConvertedBatch::new_field
};

// A format bound to one head and to the tables that the source feeds.
class RecordBinding {
 public:
  struct Split {
    std::size_t whole = 0;    // bytes of whole records from the block's begin: block == whole + partial
    std::uint64_t lines = 0;  // physical line ends in [0, whole)
    bool open_quote = false;  // with final: the last record breaks off (it is part of `whole`, and the last record)
  };

  virtual ~RecordBinding() = default;
  [[nodiscard]] virtual std::unique_ptr<RecordIndex> make_index() const = 0;
  // Precondition: block begins where a record begins; block.size() < 2^32; 64 bytes past the block may be read (any
  // value). `final`: nothing follows, so a last record without a line end is whole. `index`: from make_index() of a
  // binding of the same source.
  [[nodiscard]] virtual Split split(std::span<const char> block, bool final, RecordIndex& index) const = 0;
  // Rows of `table` (position in bind()'s list). `block` holds whole records and has 64 readable bytes past its end.
  [[nodiscard]] virtual Result<ConvertedBatch> convert(std::size_t table, std::span<const char> block,
                                                       const RecordIndex& index, const BlockPlace& place,
                                                       bool open_quote, arrow::MemoryPool* pool) const = 0;
  // Where the first record at or after the beginning of `bytes` starts, for a worker that begins in the middle of a
  // file. `before`: the byte before bytes[0]. Nothing if no record starts in `bytes`. May be a guess: the chain of
  // boundaries checks it.
  [[nodiscard]] virtual std::optional<std::size_t> guess_record_start(std::span<const char> bytes, char before,
                                                                      bool final) const = 0;
};

class RecordFormat {
 public:
  virtual ~RecordFormat() = default;
  // Reads the head from the first bytes of a file. `complete`: `bytes` is the whole file. A head that does not fit in
  // `bytes` gives data_begin > bytes.size(). Errors: kUsage.
  [[nodiscard]] virtual Result<FileHead> read_head(std::span<const char> bytes, bool complete,
                                                   const std::string& path) const = 0;
  // Nothing to read in files with this head (an empty CSV file has no fields).
  [[nodiscard]] virtual bool has_records(const FileHead& head) const = 0;
  // Errors: kUsage naming the unknown field and its nearest name.
  [[nodiscard]] virtual Result<std::unique_ptr<RecordBinding>> bind(const FileHead& head,
                                                                    const std::vector<BoundTable>& tables,
                                                                    const std::string& path) const = 0;
  [[nodiscard]] virtual std::unique_ptr<RecordScanner> scanner() const = 0;
};

// The format of a text source (kCsv, kJsonLines, kFixedWidth, kLog). `source` must outlive it. Errors: kUsage (a
// pattern that is none).
[[nodiscard]] Result<std::unique_ptr<RecordFormat>> make_record_format(const SourceSpec& source);

}  // namespace tipple
