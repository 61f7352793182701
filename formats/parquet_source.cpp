#include "formats/parquet_source.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/size_statistics.h>

#include "base/limits.h"
#include "formats/arrow_types.h"

namespace tipple {
namespace {

constexpr int kNestingMax = 64;
// A row group of up to this many times rows_max is read whole: cutting costs more than the memory.
constexpr std::uint64_t kWholeGroupFactor = 2;
constexpr std::size_t kCursorsMax = 8;  // open slices of row groups that are kept for the next read
constexpr std::uint64_t kTextBytesGuess = 16;

using Batch = std::shared_ptr<arrow::RecordBatch>;

// Arrow's Status as ours, and what parquet throws.
template <typename Work>
auto guarded(const std::string& path, const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return environment_error("out of memory while it was read", path, "give the load more memory (--memory)");
  } catch (const std::exception& error) {
    return environment_error(fmt::format("cannot be read as Parquet: {}", error.what()), path);
  }
}

struct RowGroupPlace {
  std::uint64_t first_row = 0;
  std::uint64_t rows = 0;
  std::uint64_t first_byte = 0;  // ascending, below the file's size
  std::uint64_t memory_bytes = 0;
};

void collect_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const parquet::arrow::SchemaField& child : field.children) collect_leaves(child, leaves);
}

std::uint64_t fixed_bytes(const parquet::ColumnDescriptor& column) {
  switch (column.physical_type()) {
    case parquet::Type::BOOLEAN:
      return 1;
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
    case parquet::Type::INT96:
      return 8;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return static_cast<std::uint64_t>(std::max(column.type_length(), 0));
    case parquet::Type::BYTE_ARRAY:
    case parquet::Type::UNDEFINED:
      return kTextBytesGuess;
  }
  return kTextBytesGuess;
}

constexpr std::uint64_t kEstimateMax = std::uint64_t{1} << 44;  // bytes of one column chunk

// Decoded size: what statistics say of texts, else the larger of the encoded size and a guess by type. Numbers from a
// file can be anything; they are taken for what they are, an estimate, and kept from wrapping around.
std::uint64_t clamped(std::int64_t value) {
  return value < 0 ? 0 : std::min(static_cast<std::uint64_t>(value), kEstimateMax);
}

std::uint64_t decoded_bytes(const parquet::ColumnDescriptor& column, const parquet::ColumnChunkMetaData& chunk,
                            std::uint64_t rows) {
  const std::uint64_t values = std::max(clamped(chunk.num_values()), std::min(rows, kEstimateMax));
  const double product = static_cast<double>(values) * static_cast<double>(fixed_bytes(column));
  std::uint64_t bytes = static_cast<std::uint64_t>(std::min(product, static_cast<double>(kEstimateMax)));
  if (column.physical_type() == parquet::Type::BYTE_ARRAY) {
    const auto statistics = chunk.size_statistics();
    if (statistics && statistics->unencoded_byte_array_data_bytes) {
      bytes = clamped(*statistics->unencoded_byte_array_data_bytes) + values * 5;
    } else {
      bytes = std::max(bytes, clamped(chunk.total_uncompressed_size()));
    }
  }
  return bytes + values / 8;
}

// A row group that is read in slices, between two of them.
struct Cursor {
  std::uint64_t group = 0;
  std::uint64_t next_row = 0;  // within the row group
  std::vector<int> columns;
  arrow::MemoryPool* pool = nullptr;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  Batch rest;  // rows from next_row on that were decoded already
};

class ParquetSource final : public BatchSource {
 public:
  explicit ParquetSource(std::string path) : path_(std::move(path)) {}

  Status open();

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  std::uint64_t rows() const override { return rows_; }
  std::vector<BatchStretch> stretches(std::uint64_t begin, std::uint64_t end, std::uint64_t rows_max) const override;
  Result<Batch> read(const BatchStretch& stretch, const std::vector<int>& columns,
                     arrow::MemoryPool* pool) const override;

 private:
  Status place_row_groups();
  Error damaged(std::uint64_t group, std::string_view why) const {
    return environment_error(fmt::format("is damaged: row group {}: {}", group, why), path_,
                             "write or fetch the file again");
  }
  Error failed(std::uint64_t group, const arrow::Status& status) const {
    if (status.IsOutOfMemory()) return from_arrow(status, path_);
    return damaged(group, status.message());
  }
  Result<std::unique_ptr<parquet::arrow::FileReader>> make_reader(arrow::MemoryPool* pool, bool buffered,
                                                                  std::uint64_t rows) const;
  std::vector<int> leaves_of(const std::vector<int>& columns) const;
  Result<Batch> in_order(const BatchStretch& stretch, const std::vector<int>& columns,
                         const std::shared_ptr<arrow::Table>& table, arrow::MemoryPool* pool) const;
  Result<Batch> read_whole(const BatchStretch& stretch, const std::vector<int>& columns, arrow::MemoryPool* pool) const;
  Result<Batch> read_slice(const BatchStretch& stretch, const std::vector<int>& columns, arrow::MemoryPool* pool) const;
  std::optional<Cursor> take_cursor(std::uint64_t group, std::uint64_t row, const std::vector<int>& columns,
                                    arrow::MemoryPool* pool) const;
  Result<std::vector<Batch>> advance(Cursor& cursor, std::uint64_t begin, std::uint64_t end) const;

  std::string path_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::uint64_t file_bytes_ = 0;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::vector<int>> leaves_;  // of each field
  std::vector<RowGroupPlace> groups_;
  std::uint64_t rows_ = 0;

  mutable std::mutex cursors_mutex_;  // guards cursors_
  mutable std::vector<Cursor> cursors_;
};

parquet::ReaderProperties file_properties(arrow::MemoryPool* pool, bool buffered) {
  parquet::ReaderProperties properties(pool);
  properties.set_page_checksum_verification(true);
  properties.set_schema_depth_limit(kNestingMax);
  if (buffered) properties.enable_buffered_stream();  // a page at a time: a slice does not hold whole column chunks
  return properties;
}

parquet::ArrowReaderProperties arrow_properties(std::uint64_t batch_rows) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  // Nanoseconds of INT96 reach from 1677 to 2262 only, and beyond that they wrap around silently.
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  properties.set_pre_buffer(false);  // one read for each column chunk, on the calling thread
  if (batch_rows > 0) properties.set_batch_size(static_cast<std::int64_t>(batch_rows));
  return properties;
}

Result<std::unique_ptr<parquet::arrow::FileReader>> ParquetSource::make_reader(arrow::MemoryPool* pool, bool buffered,
                                                                               std::uint64_t rows) const {
  auto file = parquet::ParquetFileReader::Open(file_, file_properties(pool, buffered), metadata_);
  auto reader = parquet::arrow::FileReader::Make(pool, std::move(file), arrow_properties(rows));
  if (!reader.ok()) return from_arrow(reader.status(), path_);
  return std::move(reader).ValueUnsafe();
}

Status ParquetSource::open() {
  return guarded(path_, [&]() -> Status {
    auto file = arrow::io::ReadableFile::Open(path_);
    if (!file.ok()) return from_arrow(file.status(), path_);
    file_ = std::move(file).ValueUnsafe();
    const auto size = file_->GetSize();
    if (!size.ok()) return from_arrow(size.status(), path_);
    file_bytes_ = static_cast<std::uint64_t>(*size);
    metadata_ =
        parquet::ParquetFileReader::Open(file_, file_properties(arrow::default_memory_pool(), false))->metadata();
    if (metadata_->num_columns() < 0 || static_cast<std::uint32_t>(metadata_->num_columns()) > limits::kColumnsMax) {
      return environment_error(
          fmt::format("has {} columns, at most {} are read", metadata_->num_columns(), limits::kColumnsMax), path_);
    }
    TIPPLE_TRY(const auto reader, make_reader(arrow::default_memory_pool(), false, 0));
    const arrow::Status status = reader->GetSchema(&schema_);
    if (!status.ok()) return from_arrow(status, path_);
    for (const parquet::arrow::SchemaField& field : reader->manifest().schema_fields) {
      leaves_.emplace_back();
      collect_leaves(field, leaves_.back());
    }
    if (leaves_.size() != static_cast<std::size_t>(schema_->num_fields())) {
      return environment_error("is damaged: its schema says two things", path_);
    }
    return place_row_groups();
  });
}

Status ParquetSource::place_row_groups() {
  std::uint64_t first_byte = 0;
  for (int i = 0; i < metadata_->num_row_groups(); ++i) {
    const auto group = metadata_->RowGroup(i);
    if (group->num_rows() < 0) return damaged(static_cast<std::uint64_t>(i), "its row count is negative");
    RowGroupPlace place;
    place.first_row = rows_;
    place.rows = static_cast<std::uint64_t>(group->num_rows());
    for (int c = 0; c < group->num_columns(); ++c) {
      const auto chunk = group->ColumnChunk(c);
      place.memory_bytes += decoded_bytes(*metadata_->schema()->Column(c), *chunk, place.rows);
      if (c > 0) continue;
      std::int64_t offset = chunk->data_page_offset();
      if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0)
        offset = std::min(offset, chunk->dictionary_page_offset());
      // Each row group must lie in just one range of the file, and in row order, whatever its metadata says.
      if (offset > 0)
        first_byte = std::max(first_byte, std::min<std::uint64_t>(static_cast<std::uint64_t>(offset), file_bytes_ - 1));
    }
    place.first_byte = first_byte;
    rows_ += place.rows;
    groups_.push_back(place);
  }
  if (metadata_->num_rows() < 0 || rows_ != static_cast<std::uint64_t>(metadata_->num_rows())) {
    return environment_error(
        fmt::format("is damaged: it says {} rows, its row groups have {}", metadata_->num_rows(), rows_), path_);
  }
  return {};
}

std::vector<BatchStretch> ParquetSource::stretches(std::uint64_t begin, std::uint64_t end,
                                                   std::uint64_t rows_max) const {
  std::vector<BatchStretch> found;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const RowGroupPlace& group = groups_[i];
    if (group.first_byte < begin || group.first_byte >= end || group.rows == 0) continue;
    const bool whole = rows_max == 0 || group.rows / kWholeGroupFactor <= rows_max;
    const std::uint64_t step = whole ? group.rows : rows_max;
    for (std::uint64_t row = 0; row < group.rows; row += step) {
      const std::uint64_t rows = std::min(step, group.rows - row);
      const double share = static_cast<double>(rows) / static_cast<double>(group.rows);
      found.push_back({group.first_row + row, rows,
                       static_cast<std::uint64_t>(static_cast<double>(group.memory_bytes) * share), i});
    }
  }
  return found;
}

std::vector<int> ParquetSource::leaves_of(const std::vector<int>& columns) const {
  std::vector<int> leaves;
  for (const int column : columns) {
    const auto& of_column = leaves_[static_cast<std::size_t>(column)];
    leaves.insert(leaves.end(), of_column.begin(), of_column.end());
  }
  std::sort(leaves.begin(), leaves.end());
  leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
  return leaves;
}

// Arrow answers in the file's order, each field once; texts of more than 2 GiB come in pieces.
Result<Batch> ParquetSource::in_order(const BatchStretch& stretch, const std::vector<int>& columns,
                                      const std::shared_ptr<arrow::Table>& table, arrow::MemoryPool* pool) const {
  if (static_cast<std::uint64_t>(table->num_rows()) != stretch.rows) {
    return damaged(stretch.handle,
                   fmt::format("{} rows were found where the file says {}", table->num_rows(), stretch.rows));
  }
  std::vector<int> ascending = columns;
  std::sort(ascending.begin(), ascending.end());
  ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
  if (static_cast<std::size_t>(table->num_columns()) != ascending.size())
    return damaged(stretch.handle, "columns are missing");
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  arrow::FieldVector fields;
  for (const int column : columns) {
    const auto at = std::lower_bound(ascending.begin(), ascending.end(), column) - ascending.begin();
    const auto& chunks = table->column(static_cast<int>(at))->chunks();
    if (chunks.size() == 1) {
      arrays.push_back(chunks[0]);
    } else {
      auto joined = arrow::Concatenate(chunks, pool);
      if (!joined.ok()) return failed(stretch.handle, joined.status());
      arrays.push_back(std::move(joined).ValueUnsafe());
    }
    if (static_cast<std::uint64_t>(arrays.back()->length()) != stretch.rows)
      return damaged(stretch.handle, "a column is too short");
    fields.push_back(schema_->field(column));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<std::int64_t>(stretch.rows),
                                  std::move(arrays));
}

Result<Batch> ParquetSource::read(const BatchStretch& stretch, const std::vector<int>& columns,
                                  arrow::MemoryPool* pool) const {
  TIPPLE_CHECK(stretch.handle < groups_.size(), "a stretch of this file");
  if (columns.empty()) {
    return arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector{}), static_cast<std::int64_t>(stretch.rows),
                                    std::vector<std::shared_ptr<arrow::Array>>{});
  }
  return guarded(path_, [&] {
    return stretch.rows == groups_[stretch.handle].rows ? read_whole(stretch, columns, pool)
                                                        : read_slice(stretch, columns, pool);
  });
}

Result<Batch> ParquetSource::read_whole(const BatchStretch& stretch, const std::vector<int>& columns,
                                        arrow::MemoryPool* pool) const {
  TIPPLE_TRY(const auto reader, make_reader(pool, false, 0));
  auto table = reader->ReadRowGroup(static_cast<int>(stretch.handle), leaves_of(columns));
  if (!table.ok()) return failed(stretch.handle, table.status());
  return in_order(stretch, columns, *table, pool);
}

// The cursor of this row group that stands nearest before `row`, taken out of the list.
std::optional<Cursor> ParquetSource::take_cursor(std::uint64_t group, std::uint64_t row,
                                                 const std::vector<int>& columns, arrow::MemoryPool* pool) const {
  const std::lock_guard lock(cursors_mutex_);
  auto best = cursors_.end();
  for (auto it = cursors_.begin(); it != cursors_.end(); ++it) {
    if (it->group != group || it->next_row > row || it->columns != columns || it->pool != pool) continue;
    if (best == cursors_.end() || it->next_row > best->next_row) best = it;
  }
  if (best == cursors_.end()) return std::nullopt;
  Cursor cursor = std::move(*best);
  cursors_.erase(best);
  return cursor;
}

// Decodes up to row `end` and returns the batches from `begin` on.
Result<std::vector<Batch>> ParquetSource::advance(Cursor& cursor, std::uint64_t begin, std::uint64_t end) const {
  std::vector<Batch> taken;
  while (cursor.next_row < end) {
    if (cursor.rest == nullptr || cursor.rest->num_rows() == 0) {
      const arrow::Status status = cursor.batches->ReadNext(&cursor.rest);
      if (!status.ok()) return failed(cursor.group, status);
      if (cursor.rest == nullptr) return damaged(cursor.group, "it has fewer rows than the file says");
      continue;
    }
    const auto available = static_cast<std::uint64_t>(cursor.rest->num_rows());
    const std::uint64_t wanted = (cursor.next_row < begin ? begin : end) - cursor.next_row;
    const auto step = static_cast<std::int64_t>(std::min(available, wanted));
    if (cursor.next_row >= begin) taken.push_back(cursor.rest->Slice(0, step));
    cursor.rest = cursor.rest->Slice(step);
    cursor.next_row += static_cast<std::uint64_t>(step);
  }
  return taken;
}

Result<Batch> ParquetSource::read_slice(const BatchStretch& stretch, const std::vector<int>& columns,
                                        arrow::MemoryPool* pool) const {
  const RowGroupPlace& group = groups_[stretch.handle];
  const std::uint64_t begin = stretch.first_row - group.first_row;
  std::optional<Cursor> cursor = take_cursor(stretch.handle, begin, columns, pool);
  if (!cursor) {
    cursor.emplace();
    cursor->group = stretch.handle;
    cursor->columns = columns;
    cursor->pool = pool;
    TIPPLE_TRY(cursor->reader, make_reader(pool, true, stretch.rows));
    auto batches = cursor->reader->GetRecordBatchReader({static_cast<int>(stretch.handle)}, leaves_of(columns));
    if (!batches.ok()) return failed(stretch.handle, batches.status());
    cursor->batches = std::move(batches).ValueUnsafe();
  }
  TIPPLE_TRY(const auto batches, advance(*cursor, begin, begin + stretch.rows));
  auto table = arrow::Table::FromRecordBatches(cursor->batches->schema(), batches);
  if (!table.ok()) return failed(stretch.handle, table.status());
  Result<Batch> batch = in_order(stretch, columns, *table, pool);
  if (batch.ok() && cursor->next_row < group.rows) {
    const std::lock_guard lock(cursors_mutex_);
    if (cursors_.size() == kCursorsMax) cursors_.erase(cursors_.begin());
    cursors_.push_back(std::move(*cursor));
  }
  return batch;
}

}  // namespace

Result<std::unique_ptr<BatchSource>> open_parquet_source(const std::string& path) {
  auto source = std::make_unique<ParquetSource>(path);
  TIPPLE_RETURN_IF_ERROR(source->open());
  return std::unique_ptr<BatchSource>(std::move(source));
}

}  // namespace tipple
