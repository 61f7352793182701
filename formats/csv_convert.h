// CSV, second half: fields to Arrow columns. Converters are chosen once per column and write straight into Arrow
// buffers; fields of columns that no table wants are never looked at.
//
// Thread rule: a CsvConverter is immutable after construction; convert() may run on many threads at once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "formats/csv_index.h"
#include "formats/record_format.h"
#include "formats/reject.h"
#include "jobs/job_spec.h"

namespace tipple {

// Reads the head from the first bytes of a file. `complete`: `bytes` is the whole file. Errors: kUsage for duplicate or
// missing names and a header larger than limits::kRecordBytesMax; a head that does not fit in `bytes` gives data_begin
// > bytes.size(). An empty file has no fields from a header and data_begin 0.
[[nodiscard]] Result<FileHead> read_csv_head(std::span<const char> bytes, bool complete, const CsvDialect& dialect,
                                             const std::vector<std::string>& fields, const std::string& path);

// A column that the file does not have: its rows are null.
inline constexpr std::uint32_t kAbsentField = 0xFFFFFFFF;

// Positions in the file of the table's columns; kAbsentField for a rescued_column(), and with `absent_is_null` for
// nullable ones.
// Error kUsage naming the unknown field and its nearest name.
[[nodiscard]] Result<std::vector<std::uint32_t>> bind_csv_columns(const FileHead& head,
                                                                  const std::vector<ColumnSpec>& columns,
                                                                  const std::string& path, bool absent_is_null = false);

class CsvConverter {
 public:
  // `positions`: bind_csv_columns' answer for `columns`. `origins`: fill ConvertedBatch::origins. `fields`: the file's;
  // only a table that rescues needs them. Errors: kUsage: a column's format.
  [[nodiscard]] static Result<CsvConverter> make(const CsvDialect& dialect, std::vector<ColumnSpec> columns,
                                                 std::vector<std::uint32_t> positions, bool keep_raw,
                                                 bool origins = false, const std::vector<std::string>& fields = {});
  ~CsvConverter();
  CsvConverter(CsvConverter&&) noexcept;

  // `block` must have 64 readable bytes past its end. `open_quote`: the last record ended inside quotes and is a
  // reject.
  [[nodiscard]] Result<ConvertedBatch> convert(std::span<const char> block, const CsvIndex& index,
                                               const BlockPlace& place, bool open_quote, arrow::MemoryPool* pool) const;

 private:
  struct Impl;
  explicit CsvConverter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Where the first record at or after the beginning of `bytes` starts, for a worker that begins in the middle of a file.
// `before`: the byte before bytes[0]. Assumes "outside quotes" first; if the schema rejects what follows, tries "inside
// quotes" and takes the better one. Returns an offset in `bytes`, or nothing if no record starts in it. A guess: the
// chain checks it.
[[nodiscard]] std::optional<std::size_t> guess_csv_record_start(std::span<const char> bytes, char before, bool final,
                                                                const CsvDialect& dialect,
                                                                const CsvConverter& converter,
                                                                std::uint32_t fields_per_record);

}  // namespace tipple
