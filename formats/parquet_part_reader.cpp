#include "formats/parquet_part_reader.h"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/parquet_part_types.h"

namespace tipple {
namespace {

namespace fs = std::filesystem;

// Parquet's layer throws although its Arrow half answers with Status.
template <typename Function>
Status guarded(const fs::path& path, Function&& function) {
  try {
    return function();
  } catch (const std::exception& fault) {
    return environment_error(std::string("is damaged: ") + fault.what(), path.string());
  }
}

Error damaged(const std::string& what, const fs::path& path) {
  return environment_error("is damaged: " + what, path.string());
}

}  // namespace

struct ParquetPartReader::Impl {
  fs::path path;
  Schema schema;
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::uint64_t rows = 0;

  Status open() {
    auto file = arrow::io::ReadableFile::Open(path.string());
    if (!file.ok()) return from_arrow(file.status(), path.string());
    std::unique_ptr<parquet::ParquetFileReader> parts = parquet::ParquetFileReader::Open(*file);
    const std::shared_ptr<parquet::FileMetaData> footer = parts->metadata();
    metadata = footer->key_value_metadata();
    TIPPLE_TRY(const std::string json, attribute(kParquetSchemaKey));
    TIPPLE_TRY(schema, schema_from_json(json));
    const auto expected = parquet_schema(schema);
    if (!footer->schema()->group_node()->Equals(expected.get()))
      return damaged("its columns are not those of its schema", path);
    rows = static_cast<std::uint64_t>(footer->num_rows());
    parquet::ArrowReaderProperties properties;
    for (std::size_t i = 0; i < schema.size(); ++i) {
      if (schema[i].type.kind == TypeKind::kEnum) properties.set_read_dictionary(static_cast<int>(i), true);
    }
    auto made = parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(parts), properties);
    if (!made.ok()) return from_arrow(made.status(), path.string());
    reader = std::move(*made);
    return {};
  }

  [[nodiscard]] Result<std::string> attribute(const std::string& name) const {
    if (metadata != nullptr) {
      if (auto value = metadata->Get(name); value.ok()) return *value;
    }
    return environment_error("is no part that Tipple wrote: it has no metadata '" + name + "'", path.string());
  }

  Result<std::shared_ptr<arrow::Array>> column(const arrow::ChunkedArray& chunks, const Column& of) const {
    if (chunks.num_chunks() > 1) return damaged("column '" + of.name + "' of a row group is larger than 2 GiB", path);
    if (chunks.num_chunks() == 0) {
      auto none = arrow::MakeEmptyArray(arrow_type(of.type));
      if (!none.ok()) return from_arrow(none.status(), path.string());
      return *none;
    }
    if (!of.nullable && chunks.null_count() > 0) return damaged("column '" + of.name + "' has nulls", path);
    auto converted = from_parquet(chunks.chunk(0), of.type);
    if (!converted.ok()) return environment_error("column '" + of.name + "' " + converted.error().what, path.string());
    return converted;
  }

  // The plain values of a page of a column without levels are its last bytes.
  Status add_runs(int group, std::uint32_t index, std::vector<NumberRun>& runs) const {
    const Column& of = schema[index];
    parquet::ParquetFileReader* const file = reader->parquet_reader();
    const auto metadata_of_group = file->metadata()->RowGroup(group);
    const auto chunk = metadata_of_group->ColumnChunk(static_cast<int>(index));
    const auto indexes = file->GetPageIndexReader() ? file->GetPageIndexReader()->RowGroup(group) : nullptr;
    const auto pages = indexes ? indexes->GetOffsetIndex(static_cast<int>(index)) : nullptr;
    if (of.type.kind != TypeKind::kInt64 || of.nullable || pages == nullptr || chunk->has_dictionary_page() ||
        chunk->compression() != parquet::Compression::UNCOMPRESSED)
      return damaged("'" + of.name + "' is not stored as plain values", path);
    constexpr std::int64_t kWidth = sizeof(std::int64_t);
    const std::uint64_t rows_before = runs.empty() ? 0 : runs.back().first_row + runs.back().rows;
    const std::int64_t rows_of_group = metadata_of_group->num_rows();
    std::int64_t next_offset = chunk->data_page_offset();
    std::int64_t next_row = 0;
    const auto& locations = pages->page_locations();
    for (std::size_t i = 0; i < locations.size(); ++i) {
      const parquet::PageLocation& page = locations[i];
      const std::int64_t end_row = i + 1 < locations.size() ? locations[i + 1].first_row_index : rows_of_group;
      if (page.first_row_index != next_row || page.offset != next_offset || end_row <= next_row ||
          end_row > rows_of_group || end_row - next_row > (page.compressed_page_size - 1) / kWidth)
        return damaged("the pages of '" + of.name + "' do not follow one another", path);
      const std::int64_t page_rows = end_row - next_row;
      next_offset = page.offset + page.compressed_page_size;
      runs.push_back({static_cast<std::uint64_t>(next_offset - page_rows * kWidth),
                      rows_before + static_cast<std::uint64_t>(next_row), static_cast<std::uint64_t>(page_rows)});
      next_row = end_row;
    }
    if (next_row != rows_of_group || next_offset != chunk->data_page_offset() + chunk->total_compressed_size())
      return damaged("the pages of '" + of.name + "' are not all there", path);
    return {};
  }

  Status read(std::uint64_t index, const std::vector<std::uint32_t>& columns,
              std::shared_ptr<arrow::RecordBatch>& batch) {
    const std::vector<int> wanted(columns.begin(), columns.end());
    const auto table = reader->ReadRowGroup(static_cast<int>(index), wanted);
    if (!table.ok()) return from_arrow(table.status(), path.string());
    if (const auto valid = (*table)->ValidateFull(); !valid.ok()) return from_arrow(valid, path.string());
    arrow::ArrayVector arrays;
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Column& of = schema[columns[i]];
      TIPPLE_TRY(std::shared_ptr<arrow::Array> array, column(*(*table)->column(static_cast<int>(i)), of));
      arrays.push_back(std::move(array));
      fields.push_back(arrow::field(of.name, arrow_type(of.type), of.nullable));
    }
    batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), (*table)->num_rows(), std::move(arrays));
    return {};
  }
};

ParquetPartReader::ParquetPartReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetPartReader::ParquetPartReader(ParquetPartReader&&) noexcept = default;
ParquetPartReader::~ParquetPartReader() = default;

Result<ParquetPartReader> ParquetPartReader::open(const fs::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  TIPPLE_RETURN_IF_ERROR(guarded(path, [&] { return impl->open(); }));
  return ParquetPartReader(std::move(impl));
}

const Schema& ParquetPartReader::schema() const { return impl_->schema; }
std::uint64_t ParquetPartReader::rows() const { return impl_->rows; }
std::uint64_t ParquetPartReader::row_groups() const {
  return static_cast<std::uint64_t>(impl_->reader->num_row_groups());
}
Result<std::string> ParquetPartReader::attribute(const std::string& name) const { return impl_->attribute(name); }

Result<std::vector<NumberRun>> ParquetPartReader::number_runs(std::uint32_t column) const {
  TIPPLE_CHECK(column < impl_->schema.size(), "a column that the part does not have");
  std::vector<NumberRun> runs;
  for (int group = 0; group < impl_->reader->num_row_groups(); ++group)
    TIPPLE_RETURN_IF_ERROR(guarded(impl_->path, [&] { return impl_->add_runs(group, column, runs); }));
  return runs;
}

Result<std::shared_ptr<arrow::RecordBatch>> ParquetPartReader::read_row_group(
    std::uint64_t index, const std::optional<std::vector<std::uint32_t>>& columns) {
  TIPPLE_CHECK(index < row_groups(), "a row group that the part does not have");
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i = 0; !columns && i < impl_->schema.size(); ++i) wanted.push_back(i);
  std::shared_ptr<arrow::RecordBatch> batch;
  TIPPLE_RETURN_IF_ERROR(guarded(impl_->path, [&] { return impl_->read(index, columns ? *columns : wanted, batch); }));
  return batch;
}

}  // namespace tipple
