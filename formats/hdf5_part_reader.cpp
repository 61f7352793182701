#include "formats/hdf5_part_reader.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "formats/arrow_types.h"
#include "formats/codec_shuffle.h"
#include "formats/hdf5_chunk_reader.h"
#include "formats/hdf5_library.h"
#include "formats/part_decoder.h"

namespace tipple {
namespace {

// What one `string` column needs between row groups.
struct StringCursor {
  std::vector<std::uint64_t> begins{0};  // first byte of each row group, as far as known
  std::uint64_t cached_index = ~std::uint64_t{0};
  std::vector<std::uint8_t> cached;  // the last chunk of bytes that was read: two row groups share one
};

}  // namespace

struct Hdf5PartReader::Impl {
  std::filesystem::path path;
  Schema schema;
  std::shared_ptr<arrow::Schema> arrow_schema;
  Hdf5Handle file;
  std::vector<Hdf5ChunkReader> datasets;            // part_datasets(schema)
  std::vector<std::vector<std::size_t>> of_column;  // positions in `datasets`
  std::vector<StringCursor> strings;                // by column
  std::uint64_t rows = 0;
  std::uint64_t group_rows = 1;

  ~Impl() {
    const Hdf5Lock lock;
    datasets.clear();
    static_cast<void>(file.close());
  }

  [[nodiscard]] Status open();
  [[nodiscard]] Status check_sizes(const Hdf5ChunkReader& dataset);
  [[nodiscard]] std::uint64_t group_count() const { return (rows + group_rows - 1) / group_rows; }
  [[nodiscard]] std::int64_t rows_of_group(std::uint64_t index) const {
    return static_cast<std::int64_t>(std::min(group_rows, rows - index * group_rows));
  }
  [[nodiscard]] Error damaged(const std::string& dataset, std::uint64_t group, const std::string& why) const {
    return environment_error("is damaged: '" + dataset + "', row group " + std::to_string(group) + ": " + why,
                             path.string(), "tipple verify names every damaged part; load it again");
  }
  [[nodiscard]] const Hdf5ChunkReader* find(std::uint32_t column, PartDataset::Role role) const {
    for (const std::size_t d : of_column[column]) {
      if (datasets[d].shape().role == role) return &datasets[d];
    }
    return nullptr;
  }
  [[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> read_column(std::uint32_t column, std::uint64_t group);
  [[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> read_validity(std::uint32_t column, std::uint64_t group,
                                                                     std::int64_t& nulls);
  [[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> read_lengths(std::uint32_t column, std::uint64_t group,
                                                                    std::int64_t& bytes);
  [[nodiscard]] Result<std::shared_ptr<arrow::Buffer>> read_bytes(std::uint32_t column, std::uint64_t begin,
                                                                  std::int64_t size);
};

Status Hdf5PartReader::Impl::open() {
  const Hdf5Lock lock;
  TIPPLE_TRY(file, hdf5_open_file(path));
  TIPPLE_TRY(schema, hdf5_get_schema(file.id(), path));
  TIPPLE_RETURN_IF_ERROR(check_part_schema(schema));
  arrow_schema = tipple::arrow_schema(schema);
  {
    TIPPLE_TRY(const Hdf5Handle root,
               hdf5_handle(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "cannot open the root", path));
    TIPPLE_TRY(rows, hdf5_get_number(root.id(), "tipple_rows", path));
  }
  group_rows = rows == 0 ? 1 : std::min<std::uint64_t>(rows, limits::kRowGroupRows);
  of_column.resize(schema.size());
  strings.resize(schema.size());
  for (const PartDataset& shape : part_datasets(schema)) {
    TIPPLE_TRY(Hdf5ChunkReader dataset, Hdf5ChunkReader::open(file.id(), schema[shape.column], shape, path));
    TIPPLE_RETURN_IF_ERROR(check_sizes(dataset));
    of_column[shape.column].push_back(datasets.size());
    datasets.push_back(std::move(dataset));
  }
  return {};
}

Status Hdf5PartReader::Impl::check_sizes(const Hdf5ChunkReader& dataset) {
  const bool bytes = dataset.shape().role == PartDataset::Role::kStringBytes;
  const std::uint64_t extent = bytes ? dataset.extent() : rows;
  const std::uint64_t chunk = bytes ? std::clamp<std::uint64_t>(extent, 1, limits::kStringChunkBytes) : group_rows;
  if (dataset.extent() == extent && dataset.chunk_elements() == chunk) return {};
  return environment_error("is damaged: '" + dataset.shape().name + "' has " + std::to_string(dataset.extent()) +
                               " elements in chunks of " + std::to_string(dataset.chunk_elements()) +
                               ", the part has " + std::to_string(rows) + " rows",
                           path.string());
}

Result<std::shared_ptr<arrow::Buffer>> Hdf5PartReader::Impl::read_validity(std::uint32_t column, std::uint64_t group,
                                                                           std::int64_t& nulls) {
  nulls = 0;
  const Hdf5ChunkReader* dataset = find(column, PartDataset::Role::kValid);
  if (dataset == nullptr) return std::shared_ptr<arrow::Buffer>();
  TIPPLE_TRY(const auto bytes, dataset->read(group));
  if (!bytes) return std::shared_ptr<arrow::Buffer>();  // not written: every row is valid
  auto validity = decode_validity(std::span(*bytes).first(static_cast<std::size_t>(rows_of_group(group))), nulls);
  if (!validity.ok()) return damaged(dataset->shape().name, group, validity.error().what);
  return validity;
}

Result<std::shared_ptr<arrow::Buffer>> Hdf5PartReader::Impl::read_lengths(std::uint32_t column, std::uint64_t group,
                                                                          std::int64_t& bytes) {
  const Hdf5ChunkReader* dataset = find(column, PartDataset::Role::kStringLengths);
  TIPPLE_TRY(const auto lengths, dataset->read(group));
  if (!lengths) return damaged(dataset->shape().name, group, "its chunk is missing");
  auto offsets = decode_lengths(std::span(*lengths).first(static_cast<std::size_t>(rows_of_group(group)) * 4), bytes);
  if (!offsets.ok()) return damaged(dataset->shape().name, group, offsets.error().what);
  return offsets;
}

Result<std::shared_ptr<arrow::Buffer>> Hdf5PartReader::Impl::read_bytes(std::uint32_t column, std::uint64_t begin,
                                                                        std::int64_t size) {
  const Hdf5ChunkReader* dataset = find(column, PartDataset::Role::kStringBytes);
  StringCursor& cursor = strings[column];
  auto allocated = arrow::AllocateBuffer(size);
  if (!allocated.ok()) return from_arrow(allocated.status(), path.string());
  std::shared_ptr<arrow::Buffer> buffer = std::move(allocated).ValueUnsafe();
  const auto end = begin + static_cast<std::uint64_t>(size);
  for (std::uint64_t at = begin; at < end;) {
    const std::uint64_t chunk = at / dataset->chunk_elements();
    const std::uint64_t chunk_begin = chunk * dataset->chunk_elements();
    if (cursor.cached_index != chunk) {
      TIPPLE_TRY(auto bytes, dataset->read(chunk));
      if (!bytes)
        return environment_error("is damaged: a chunk of '" + dataset->shape().name + "' is missing", path.string());
      cursor.cached = std::move(*bytes);
      cursor.cached_index = chunk;
    }
    const std::uint64_t taken = std::min(end, chunk_begin + dataset->chunk_elements()) - at;
    std::memcpy(buffer->mutable_data() + (at - begin), cursor.cached.data() + (at - chunk_begin), taken);
    at += taken;
  }
  return buffer;
}

Result<std::shared_ptr<arrow::ArrayData>> Hdf5PartReader::Impl::read_column(std::uint32_t column, std::uint64_t group) {
  std::int64_t nulls = 0;
  TIPPLE_TRY(auto validity, read_validity(column, group, nulls));
  const std::int64_t count = rows_of_group(group);
  if (const Hdf5ChunkReader* dataset = find(column, PartDataset::Role::kValues); dataset != nullptr) {
    TIPPLE_TRY(const auto bytes, dataset->read(group));
    if (!bytes) return damaged(dataset->shape().name, group, "its chunk is missing");
    const std::size_t size = static_cast<std::size_t>(count) * dataset->shape().element_bytes;
    auto values = decode_values(schema[column], count, std::span(*bytes).first(size), std::move(validity), nulls);
    if (!values.ok()) return damaged(dataset->shape().name, group, values.error().what);
    return values;
  }
  std::vector<std::uint64_t>& begins = strings[column].begins;
  std::int64_t size = 0;
  while (begins.size() <= group) {
    TIPPLE_RETURN_IF_ERROR(read_lengths(column, begins.size() - 1, size));
    begins.push_back(begins.back() + static_cast<std::uint64_t>(size));
  }
  TIPPLE_TRY(auto offsets, read_lengths(column, group, size));
  const std::uint64_t end = begins[group] + static_cast<std::uint64_t>(size);
  if (begins.size() == group + 1) begins.push_back(end);
  const Hdf5ChunkReader* dataset = find(column, PartDataset::Role::kStringBytes);
  if (end > dataset->extent() || (group + 1 == group_count() && end != dataset->extent())) {
    return damaged(dataset->shape().name, group, "the lengths do not add up to its bytes");
  }
  TIPPLE_TRY(auto bytes, read_bytes(column, begins[group], size));
  return arrow::ArrayData::Make(arrow::utf8(), count, {std::move(validity), std::move(offsets), std::move(bytes)},
                                nulls);
}

Hdf5PartReader::Hdf5PartReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5PartReader::Hdf5PartReader(Hdf5PartReader&&) noexcept = default;
Hdf5PartReader::~Hdf5PartReader() = default;

Result<Hdf5PartReader> Hdf5PartReader::open(const std::filesystem::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  TIPPLE_RETURN_IF_ERROR(impl->open());
  return Hdf5PartReader(std::move(impl));
}

const Schema& Hdf5PartReader::schema() const { return impl_->schema; }
std::uint64_t Hdf5PartReader::rows() const { return impl_->rows; }
std::uint64_t Hdf5PartReader::row_groups() const { return impl_->group_count(); }

Result<std::string> Hdf5PartReader::attribute(const std::string& name) const {
  const Hdf5Lock lock;
  TIPPLE_TRY(const Hdf5Handle root,
             hdf5_handle(H5Gopen2(impl_->file.id(), "/", H5P_DEFAULT), H5Gclose, "cannot open the root", impl_->path));
  return hdf5_get_text(root.id(), name.c_str(), impl_->path);
}

Result<std::vector<NumberRun>> Hdf5PartReader::number_runs(std::uint32_t column) const {
  TIPPLE_CHECK(column < impl_->schema.size(), "a column that the part does not have");
  const Column& of = impl_->schema[column];
  const Hdf5ChunkReader* const values = impl_->find(column, PartDataset::Role::kValues);
  if (of.type.kind != TypeKind::kInt64 || of.nullable || values == nullptr)
    return environment_error("has no numbers in '" + of.name + "'", impl_->path.string());
  const Hdf5Lock lock;
  std::vector<NumberRun> runs;
  for (std::uint64_t group = 0; group < impl_->group_count(); ++group) {
    TIPPLE_TRY(const std::uint64_t offset, values->plain_offset(group));
    runs.push_back({offset, group * impl_->group_rows, static_cast<std::uint64_t>(impl_->rows_of_group(group))});
  }
  return runs;
}

Result<std::shared_ptr<arrow::RecordBatch>> Hdf5PartReader::read_row_group(
    std::uint64_t index, const std::optional<std::vector<std::uint32_t>>& columns) {
  TIPPLE_CHECK(index < impl_->group_count(), "a row group that the part does not have");
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::ArrayData>> data;
  const auto add = [&](std::uint32_t column) -> Status {
    TIPPLE_CHECK(column < impl_->schema.size(), "a column that the part does not have");
    TIPPLE_TRY(auto array, impl_->read_column(column, index));
    fields.push_back(impl_->arrow_schema->field(static_cast<int>(column)));
    data.push_back(std::move(array));
    return {};
  };
  if (columns) {
    for (const std::uint32_t column : *columns) TIPPLE_RETURN_IF_ERROR(add(column));
  } else {
    for (std::uint32_t column = 0; column < impl_->schema.size(); ++column) TIPPLE_RETURN_IF_ERROR(add(column));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), impl_->rows_of_group(index), std::move(data));
}

}  // namespace tipple
