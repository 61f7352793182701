#include "formats/hdf5_part_writer.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "formats/hdf5_library.h"

namespace tipple {
namespace {

struct OpenDataset {
  PartDataset shape;
  Hdf5Handle handle;
  std::uint64_t extent = 0;
};

Status set_filters(hid_t creation, std::uint32_t element_bytes, Codec codec, const std::filesystem::path& path) {
  herr_t status = 0;
  if (codec != Codec::kNone && element_bytes > 1) status = H5Pset_shuffle(creation);
  switch (codec) {
    case Codec::kDeflate:
      status = std::min(status, H5Pset_deflate(creation, 1));
      break;
    case Codec::kZstd: {
      const unsigned level = 1;
      status = std::min(status, H5Pset_filter(creation, kFilterZstd, H5Z_FLAG_OPTIONAL, 1, &level));
      break;
    }
    case Codec::kLz4:
      status = std::min(status, H5Pset_filter(creation, kFilterLz4, H5Z_FLAG_OPTIONAL, 0, nullptr));
      break;
    case Codec::kNone:
      break;
  }
  if (status < 0) return hdf5_error("cannot set the filters of a dataset", path);
  return {};
}

// An empty, growing dataset of chunks of `chunk_elements`.
Result<Hdf5Handle> create_dataset(hid_t file, const Column& column, const PartDataset& shape,
                                  std::uint64_t chunk_elements, Codec codec, const std::filesystem::path& path) {
  const std::string what = "cannot create the dataset '" + shape.name + "'";
  TIPPLE_TRY(const Hdf5Handle type, hdf5_dataset_type(column, shape, path));
  const hsize_t none = 0;
  const hsize_t unlimited = H5S_UNLIMITED;
  const hsize_t chunk = std::max<std::uint64_t>(chunk_elements, 1);
  TIPPLE_TRY(const Hdf5Handle space, hdf5_handle(H5Screate_simple(1, &none, &unlimited), H5Sclose, what, path));
  TIPPLE_TRY(const Hdf5Handle creation, hdf5_handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what, path));
  if (H5Pset_chunk(creation.id(), 1, &chunk) < 0 || H5Pset_obj_track_times(creation.id(), false) < 0)
    return hdf5_error(what, path);
  TIPPLE_RETURN_IF_ERROR(set_filters(creation.id(), shape.element_bytes, codec, path));
  if (shape.role == PartDataset::Role::kValid) {
    const std::uint8_t valid = 1;
    if (H5Pset_fill_value(creation.id(), H5T_NATIVE_UINT8, &valid) < 0) return hdf5_error(what, path);
  }
  TIPPLE_TRY(const Hdf5Handle access, hdf5_handle(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, what, path));
  // Whole chunks go straight to the file: a chunk cache would only take memory.
  if (H5Pset_chunk_cache(access.id(), 0, 0, H5D_CHUNK_CACHE_W0_DEFAULT) < 0) return hdf5_error(what, path);
  TIPPLE_TRY(Hdf5Handle dataset, hdf5_handle(H5Dcreate2(file, shape.name.c_str(), type.id(), space.id(), H5P_DEFAULT,
                                                        creation.id(), access.id()),
                                             H5Dclose, what, path));
  TIPPLE_RETURN_IF_ERROR(hdf5_describe_dataset(dataset.id(), column, shape, path));
  return dataset;
}

}  // namespace

struct Hdf5PartWriter::Impl {
  explicit Impl(const PartCoding& how) : coding(how) {}

  std::filesystem::path path;
  Schema schema;
  PartCoding coding;
  Hdf5Handle file;
  std::vector<OpenDataset> datasets;  // part_datasets(schema)
  std::uint64_t rows = 0;
  std::uint64_t groups = 0;
  bool complete = false;  // the last group was appended
  bool failed = false;

  // String bytes wait for their first chunk or the last group: only then is their chunk size known.
  [[nodiscard]] Status open_datasets(std::uint64_t chunk_elements, const EncodedRowGroup* group) {
    for (OpenDataset& dataset : datasets) {
      if (dataset.handle.is_open()) continue;
      std::uint64_t elements = chunk_elements;
      if (dataset.shape.role == PartDataset::Role::kStringBytes && group != nullptr) {
        const std::uint64_t bytes = group->string_bytes_after[dataset.shape.column];
        if (!group->last && bytes < limits::kStringChunkBytes) continue;
        elements = std::min(bytes, limits::kStringChunkBytes);
      }
      TIPPLE_TRY(dataset.handle, create_dataset(file.id(), schema[dataset.shape.column], dataset.shape, elements,
                                                coding.of(dataset.shape.column), path));
    }
    return {};
  }

  [[nodiscard]] Status grow(const EncodedRowGroup& group) {
    for (OpenDataset& dataset : datasets) {
      const bool bytes = dataset.shape.role == PartDataset::Role::kStringBytes;
      const hsize_t extent = bytes ? group.string_bytes_after[dataset.shape.column] : rows + group.rows;
      if (!dataset.handle.is_open() || extent == dataset.extent) continue;
      TIPPLE_CHECK(extent > dataset.extent, "a dataset that shrinks");
      if (H5Dset_extent(dataset.handle.id(), &extent) < 0)
        return hdf5_error("cannot extend '" + dataset.shape.name + "'", path);
      dataset.extent = extent;
    }
    return {};
  }

  [[nodiscard]] Status append(const EncodedRowGroup& group) {
    const Hdf5Lock lock;
    TIPPLE_RETURN_IF_ERROR(open_datasets(group.chunk_elements, &group));
    TIPPLE_RETURN_IF_ERROR(grow(group));
    for (const EncodedChunk& chunk : group.chunks) {
      OpenDataset& dataset = datasets[chunk.dataset];
      const hsize_t offset = chunk.first_element;
      if (H5Dwrite_chunk(dataset.handle.id(), H5P_DEFAULT, chunk.filter_mask, &offset, chunk.bytes.size(),
                         chunk.bytes.data()) < 0) {
        return hdf5_error("cannot write '" + dataset.shape.name + "' at element " + std::to_string(offset), path);
      }
    }
    rows += group.rows;
    ++groups;
    complete = group.last;
    return {};
  }

  [[nodiscard]] Status close() {
    const Hdf5Lock lock;
    if (groups == 0) TIPPLE_RETURN_IF_ERROR(open_datasets(1, nullptr));
    {
      TIPPLE_TRY(const Hdf5Handle root,
                 hdf5_handle(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "cannot open the root", path));
      TIPPLE_RETURN_IF_ERROR(hdf5_put_attribute(root.id(), "tipple_rows", rows, path));
    }
    for (OpenDataset& dataset : datasets) {
      if (!dataset.handle.close()) return hdf5_error("cannot close '" + dataset.shape.name + "'", path);
    }
    if (H5Fflush(file.id(), H5F_SCOPE_LOCAL) < 0) return hdf5_error("cannot flush", path);
    if (!file.close()) return hdf5_error("cannot close", path);
    return {};
  }

  void discard() {
    if (!file.is_open() && !failed) return;
    {
      const Hdf5Lock lock;
      for (OpenDataset& dataset : datasets) static_cast<void>(dataset.handle.close());
      static_cast<void>(file.close());
      H5Eclear2(H5E_DEFAULT);
    }
    failed = false;
    ::unlink(path.c_str());
  }
};

Hdf5PartWriter::Hdf5PartWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5PartWriter::Hdf5PartWriter(Hdf5PartWriter&&) noexcept = default;

Hdf5PartWriter& Hdf5PartWriter::operator=(Hdf5PartWriter&& other) noexcept {
  if (this != &other) {
    discard();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Hdf5PartWriter::~Hdf5PartWriter() { discard(); }

Result<Hdf5PartWriter> Hdf5PartWriter::create(const std::filesystem::path& path, const Schema& schema,
                                              const PartCoding& coding,
                                              const std::map<std::string, std::string>& attributes) {
  TIPPLE_RETURN_IF_ERROR(check_part_schema(schema));
  auto impl = std::make_unique<Impl>(coding);
  impl->path = path;
  impl->schema = schema;
  for (PartDataset& dataset : part_datasets(schema)) impl->datasets.push_back({std::move(dataset), {}, 0});
  {
    const Hdf5Lock lock;
    TIPPLE_TRY(impl->file, hdf5_create_file(path, false));
  }
  Hdf5PartWriter writer(std::move(impl));  // from here on a failure discards the file
  const auto put_attributes = [&] {
    const Hdf5Lock lock;
    return hdf5_put_root_attributes(writer.impl_->file.id(), schema, attributes, path);
  };
  TIPPLE_RETURN_IF_ERROR(put_attributes());
  return writer;
}

Status Hdf5PartWriter::append(const EncodedRowGroup& group) {
  TIPPLE_CHECK(impl_->file.is_open() && !impl_->failed, "append to a part that failed or was closed");
  TIPPLE_CHECK(group.sequence == impl_->groups && !impl_->complete, "row groups out of sequence");
  Status status = impl_->append(group);
  impl_->failed = !status.ok();
  return status;
}

Status Hdf5PartWriter::close() {
  TIPPLE_CHECK(impl_->file.is_open() && !impl_->failed, "close of a part that failed or was closed");
  TIPPLE_CHECK(impl_->complete || impl_->groups == 0, "close before the last row group");
  Status status = impl_->close();
  impl_->failed = !status.ok();
  return status;
}

void Hdf5PartWriter::discard() {
  if (impl_) impl_->discard();
}

}  // namespace tipple
