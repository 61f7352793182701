#include "formats/parquet_row_extract.h"

#include <fcntl.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>
#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "base/file.h"
#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/parquet_source.h"

namespace tipple {
namespace {

// A row group is written when either is reached.
constexpr std::int64_t kGroupRowsMax = limits::kRowGroupRows;
constexpr std::int64_t kGroupBytesMax = 8 * limits::kMiB;

using Batch = std::shared_ptr<arrow::RecordBatch>;

// What a file may say wrongly although Arrow decodes it: entries that a dictionary lacks, digits that a decimal's type
// has no room for. The one would be read past its end, the other cut, when they are written.
arrow::Status check_values(const arrow::ArrayData& data) {
  switch (data.type->id()) {
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return arrow::MakeArray(data.Copy())->ValidateFull();
    case arrow::Type::DICTIONARY: {
      const arrow::DictionaryArray array(data.Copy());
      for (std::int64_t row = 0; row < array.length(); ++row) {
        if (array.IsNull(row)) continue;
        const std::int64_t entry = array.GetValueIndex(row);
        if (entry < 0 || entry >= data.dictionary->length) {
          return arrow::Status::Invalid(
              fmt::format("a value is entry {} of a dictionary of {}", entry, data.dictionary->length));
        }
      }
      return check_values(*data.dictionary);
    }
    case arrow::Type::EXTENSION: {
      const auto storage = data.Copy();
      storage->type = static_cast<const arrow::ExtensionType&>(*data.type).storage_type();
      return check_values(*storage);
    }
    default:
      for (const auto& child : data.child_data) ARROW_RETURN_NOT_OK(check_values(*child));
      return arrow::Status::OK();
  }
}

// Take has no way with views of texts: rows of those are joined one by one.
arrow::Result<std::shared_ptr<arrow::Array>> take_rows(const arrow::Array& column, const arrow::Int64Array& positions) {
  auto taken = arrow::compute::Take(column, positions);
  if (!taken.status().IsNotImplemented()) return taken;
  arrow::ArrayVector rows;
  for (std::int64_t i = 0; i < positions.length(); ++i) rows.push_back(column.Slice(positions.Value(i), 1));
  return arrow::Concatenate(rows);
}

// The array with a dictionary of its own values alone: a copy of few rows is small, however large the dictionary was.
arrow::Result<std::shared_ptr<arrow::Array>> with_small_dictionary(const std::shared_ptr<arrow::Array>& array) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  ARROW_ASSIGN_OR_RAISE(const auto values, arrow::compute::Take(*encoded.dictionary(), *encoded.indices()));
  ARROW_ASSIGN_OR_RAISE(const auto datum, arrow::compute::DictionaryEncode(values));
  const arrow::DictionaryArray again(datum.array());
  return arrow::DictionaryArray::FromArrays(array->type(), again.indices(), again.dictionary());
}

class ParquetRowExtract final : public RowExtract {
 public:
  ParquetRowExtract(std::unique_ptr<BatchSource> rows, std::string from, std::string to)
      : rows_(std::move(rows)), from_(std::move(from)), to_(std::move(to)) {}

  Status open();
  Status append(std::span<const std::uint64_t> rows) override;
  Status close() override;

 private:
  template <typename Work>
  Status guarded(const std::string& path, const Work& work) const;
  Status read_stretch(const BatchStretch& stretch);
  arrow::Status take(std::span<const std::uint64_t> rows);
  arrow::Status write_group();

  std::unique_ptr<BatchSource> rows_;
  std::string from_;
  std::string to_;
  std::vector<BatchStretch> stretches_;  // ascending
  std::vector<int> columns_;             // all of them
  std::shared_ptr<arrow::io::FileOutputStream> sink_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  const BatchStretch* read_ = nullptr;  // which of stretches_ is in batch_
  Batch batch_;
  std::vector<Batch> group_;  // not written yet
  std::int64_t group_rows_ = 0;
  std::int64_t group_bytes_ = 0;
  std::uint64_t written_ = 0;  // rows, group_ among them
};

// Arrow's Status as ours, and what parquet throws. What it has no way to write is no fault of the machine.
template <typename Work>
Status ParquetRowExtract::guarded(const std::string& path, const Work& work) const {
  try {
    const arrow::Status status = work();
    if (status.ok()) return {};
    if (status.IsOutOfMemory() || status.IsIOError()) return from_arrow(status, path);
    return row_extract_error(status.message(), from_);
  } catch (const std::exception& fault) {
    return environment_error(fmt::format("Parquet: {}", fault.what()), path);
  }
}

Status ParquetRowExtract::open() {
  stretches_ = rows_->stretches(0, ~std::uint64_t{0}, limits::kRowGroupRows);
  for (int i = 0; i < rows_->schema()->num_fields(); ++i) columns_.push_back(i);
  // Made here with our mode; Arrow's stream only truncates it.
  TIPPLE_TRY(File reserved, File::open(to_, O_CREAT | O_EXCL | O_WRONLY));
  TIPPLE_RETURN_IF_ERROR(reserved.close());
  return guarded(to_, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(sink_, arrow::io::FileOutputStream::Open(to_));
    const auto properties =
        parquet::WriterProperties::Builder().compression(arrow::Compression::ZSTD)->enable_page_checksum()->build();
    // Arrow's own types, as a reader of the first file finds them.
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(writer_, parquet::arrow::FileWriter::Open(*rows_->schema(), arrow::default_memory_pool(),
                                                                    sink_, properties, arrow_properties));
    return arrow::Status::OK();
  });
}

Status ParquetRowExtract::read_stretch(const BatchStretch& stretch) {
  if (read_ == &stretch) return {};
  read_ = nullptr;
  batch_.reset();
  TIPPLE_TRY(batch_, rows_->read(stretch, columns_, arrow::default_memory_pool()));
  read_ = &stretch;
  return {};
}

Status ParquetRowExtract::append(std::span<const std::uint64_t> rows) {
  while (!rows.empty()) {
    const auto after = std::upper_bound(stretches_.begin(), stretches_.end(), rows[0],
                                        [](std::uint64_t row, const BatchStretch& one) { return row < one.first_row; });
    if (rows[0] >= rows_->rows() || after == stretches_.begin())
      return environment_error(fmt::format("has {} rows, and no row {}", rows_->rows(), rows[0]), from_);
    const BatchStretch& stretch = *std::prev(after);
    const auto here = std::find_if(rows.begin(), rows.end(), [&](std::uint64_t row) {
      return row < stretch.first_row || row >= stretch.first_row + stretch.rows;
    });
    const auto count = static_cast<std::size_t>(here - rows.begin());
    TIPPLE_RETURN_IF_ERROR(read_stretch(stretch));
    TIPPLE_RETURN_IF_ERROR(guarded(from_, [&] { return take(rows.first(count)); }));
    if (group_rows_ >= kGroupRowsMax || group_bytes_ >= kGroupBytesMax)
      TIPPLE_RETURN_IF_ERROR(guarded(to_, [&] { return write_group(); }));
    rows = rows.subspan(count);
  }
  return {};
}

// Rows of batch_, which is the stretch that read_ says.
arrow::Status ParquetRowExtract::take(std::span<const std::uint64_t> rows) {
  arrow::Int64Builder positions;
  for (const std::uint64_t row : rows)
    ARROW_RETURN_NOT_OK(positions.Append(static_cast<std::int64_t>(row - read_->first_row)));
  std::shared_ptr<arrow::Int64Array> indices;
  ARROW_RETURN_NOT_OK(positions.Finish(&indices));
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const auto& column : batch_->columns()) {
    ARROW_ASSIGN_OR_RAISE(auto taken, take_rows(*column, *indices));
    const arrow::Status valid = check_values(*taken->data());
    if (!valid.ok()) {
      const auto position = static_cast<int>(arrays.size());
      return valid.WithMessage("field \"", batch_->column_name(position), "\": ", valid.message());
    }
    if (taken->type_id() == arrow::Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(taken, with_small_dictionary(taken));
    }
    arrays.push_back(std::move(taken));
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  group_.push_back(arrow::RecordBatch::Make(batch_->schema(), count, std::move(arrays)));
  group_rows_ += count;
  group_bytes_ += arrow::util::TotalBufferSize(*group_.back());
  written_ += rows.size();
  return arrow::Status::OK();
}

arrow::Status ParquetRowExtract::write_group() {
  if (group_.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(rows_->schema(), group_));
  group_.clear();
  group_bytes_ = 0;
  return writer_->WriteTable(*table, std::exchange(group_rows_, 0));
}

Status ParquetRowExtract::close() {
  TIPPLE_RETURN_IF_ERROR(guarded(to_, [&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(write_group());
    ARROW_RETURN_NOT_OK(writer_->Close());
    return sink_->Close();
  }));
  TIPPLE_TRY(const auto written, open_parquet_source(to_));
  return check_row_extract(*written, written_, *rows_->schema(), from_);
}

}  // namespace

Result<std::unique_ptr<RowExtract>> make_parquet_row_extract(std::unique_ptr<BatchSource> rows, const std::string& from,
                                                             const std::string& to) {
  auto extract = std::make_unique<ParquetRowExtract>(std::move(rows), from, to);
  TIPPLE_RETURN_IF_ERROR(extract->open());
  return std::unique_ptr<RowExtract>(std::move(extract));
}

}  // namespace tipple
