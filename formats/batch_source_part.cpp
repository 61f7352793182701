#include "formats/batch_source_part.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/file.h"
#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/hdf5_part_reader.h"
#include "formats/parquet_part_reader.h"
#include "formats/parquet_source.h"

namespace tipple {
namespace {

constexpr std::uint64_t kTextBytesGuess = 32;

Result<std::shared_ptr<arrow::Array>> label_array(const DataType& type) {
  arrow::StringBuilder builder;
  arrow::Status status = builder.AppendValues(type.labels);
  std::shared_ptr<arrow::Array> labels;
  if (status.ok()) status = builder.Finish(&labels);
  if (!status.ok()) return from_arrow(status);
  return labels;
}

// Reader: Hdf5PartReader or ParquetPartReader, which give a part's values back in our own types.
template <typename Reader>
class PartSource final : public BatchSource {
 public:
  // `layout`: where the row groups lie, if the file itself says so.
  PartSource(std::string path, std::unique_ptr<BatchSource> layout)
      : path_(std::move(path)), layout_(std::move(layout)) {}

  Status open();

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  std::uint64_t rows() const override { return rows_; }
  std::vector<BatchStretch> stretches(std::uint64_t begin, std::uint64_t end, std::uint64_t rows_max) const override;
  Result<std::shared_ptr<arrow::RecordBatch>> read(const BatchStretch& stretch, const std::vector<int>& columns,
                                                   arrow::MemoryPool* pool) const override;

 private:
  Result<Reader> borrow() const;
  void give_back(Reader reader) const {
    const std::lock_guard lock(idle_mutex_);
    idle_.push_back(std::move(reader));
  }

  std::string path_;
  std::unique_ptr<BatchSource> layout_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t row_bytes_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<arrow::Array>> labels_;  // of enum columns

  mutable std::mutex idle_mutex_;  // guards idle_
  mutable std::vector<Reader> idle_;
};

template <typename Reader>
Status PartSource<Reader>::open() {
  TIPPLE_TRY(const FileStat stat, stat_regular_file(path_));
  file_bytes_ = stat.size;
  TIPPLE_TRY(Reader reader, Reader::open(path_));
  rows_ = reader.rows();
  groups_ = reader.row_groups();
  arrow::FieldVector fields = arrow_schema(reader.schema())->fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Column& column = reader.schema()[i];
    labels_.emplace_back();
    if (column.type.kind == TypeKind::kEnum) {
      TIPPLE_TRY(labels_.back(), label_array(column.type));
      fields[i] = fields[i]->WithType(arrow::dictionary(arrow::uint16(), arrow::utf8()));
    }
    const bool text = fields[i]->type()->id() == arrow::Type::STRING;
    row_bytes_ +=
        text ? kTextBytesGuess : static_cast<std::uint64_t>(std::max(arrow_type(column.type)->byte_width(), 1));
  }
  schema_ = arrow::schema(std::move(fields));
  give_back(std::move(reader));
  return {};
}

template <typename Reader>
Result<Reader> PartSource<Reader>::borrow() const {
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      Reader reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return Reader::open(path_);
}

// Row groups are few rows and are never cut.
template <typename Reader>
std::vector<BatchStretch> PartSource<Reader>::stretches(std::uint64_t begin, std::uint64_t end, std::uint64_t) const {
  if (layout_ != nullptr) return layout_->stretches(begin, end, 0);
  std::vector<BatchStretch> found;
  for (std::uint64_t group = 0; group < groups_; ++group) {
    const auto byte = static_cast<std::uint64_t>(static_cast<unsigned __int128>(file_bytes_) * group / groups_);
    if (byte < begin || byte >= end) continue;
    const std::uint64_t first_row = group * limits::kRowGroupRows;
    const std::uint64_t rows = std::min<std::uint64_t>(limits::kRowGroupRows, rows_ - first_row);
    found.push_back({first_row, rows, rows * row_bytes_, group});
  }
  return found;
}

template <typename Reader>
Result<std::shared_ptr<arrow::RecordBatch>> PartSource<Reader>::read(const BatchStretch& stretch,
                                                                     const std::vector<int>& columns,
                                                                     arrow::MemoryPool*) const {
  std::vector<std::uint32_t> ascending(columns.begin(), columns.end());
  std::sort(ascending.begin(), ascending.end());
  ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
  TIPPLE_TRY(Reader reader, borrow());
  TIPPLE_TRY(const auto batch, reader.read_row_group(stretch.handle, ascending));
  give_back(std::move(reader));
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const int column : columns) {
    const auto at =
        std::lower_bound(ascending.begin(), ascending.end(), static_cast<std::uint32_t>(column)) - ascending.begin();
    std::shared_ptr<arrow::Array> array = batch->column(static_cast<int>(at));
    const auto& labels = labels_[static_cast<std::size_t>(column)];
    fields.push_back(schema_->field(column));
    if (labels != nullptr) array = std::make_shared<arrow::DictionaryArray>(fields.back()->type(), array, labels);
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<std::int64_t>(stretch.rows),
                                  std::move(arrays));
}

}  // namespace

Result<std::unique_ptr<BatchSource>> open_part_source(const std::string& path) {
  if (path.ends_with(".parquet")) {
    TIPPLE_TRY(auto layout, open_parquet_source(path));
    auto source = std::make_unique<PartSource<ParquetPartReader>>(path, std::move(layout));
    TIPPLE_RETURN_IF_ERROR(source->open());
    return std::unique_ptr<BatchSource>(std::move(source));
  }
  auto source = std::make_unique<PartSource<Hdf5PartReader>>(path, nullptr);
  TIPPLE_RETURN_IF_ERROR(source->open());
  return std::unique_ptr<BatchSource>(std::move(source));
}

}  // namespace tipple
