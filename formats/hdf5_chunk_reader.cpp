#include "formats/hdf5_chunk_reader.h"

#include "formats/codec_chunk.h"
#include "formats/codec_shuffle.h"

namespace tipple {

Error Hdf5ChunkReader::damaged(const std::string& why) const {
  return environment_error("is damaged: '" + shape_.name + "': " + why, path_.string(),
                           "tipple verify names every damaged part; load it again");
}

Result<Hdf5ChunkReader> Hdf5ChunkReader::open(hid_t file, const Column& column, const PartDataset& shape,
                                              const std::filesystem::path& path) {
  Hdf5ChunkReader reader;
  reader.path_ = path;
  reader.shape_ = shape;
  const std::string what = "cannot open the dataset '" + shape.name + "'";
  TIPPLE_TRY(reader.dataset_, hdf5_handle(H5Dopen2(file, shape.name.c_str(), H5P_DEFAULT), H5Dclose, what, path));
  TIPPLE_TRY(const Hdf5Handle stored, hdf5_handle(H5Dget_type(reader.dataset_.id()), H5Tclose, what, path));
  TIPPLE_TRY(const Hdf5Handle expected, hdf5_dataset_type(column, shape, path));
  if (H5Tequal(stored.id(), expected.id()) <= 0) return reader.damaged("not of the type that the schema says");
  TIPPLE_TRY(reader.extent_, hdf5_extent(reader.dataset_.id(), shape.name, path));
  TIPPLE_RETURN_IF_ERROR(reader.open_layout());
  return reader;
}

Status Hdf5ChunkReader::open_layout() {
  TIPPLE_TRY(const Hdf5Handle creation,
             hdf5_handle(H5Dget_create_plist(dataset_.id()), H5Pclose, "cannot read a layout", path_));
  hsize_t chunk = 0;
  if (H5Pget_layout(creation.id()) != H5D_CHUNKED || H5Pget_chunk(creation.id(), 1, &chunk) != 1 || chunk == 0) {
    return damaged("not chunked");
  }
  chunk_elements_ = chunk;
  return open_filters(creation.id());
}

Status Hdf5ChunkReader::open_filters(hid_t creation) {
  const int count = H5Pget_nfilters(creation);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    const bool last = i + 1 == count;
    if (filter == H5Z_FILTER_SHUFFLE && i == 0 && !last) {
      shuffled_ = true;
    } else if (filter == H5Z_FILTER_DEFLATE && last) {
      codec_ = Codec::kDeflate;
    } else if (filter == kFilterZstd && last) {
      codec_ = Codec::kZstd;
    } else if (filter == kFilterLz4 && last) {
      codec_ = Codec::kLz4;
    } else {
      return damaged("filters that parts do not have");
    }
  }
  if (count < 0 || shuffled_ != (codec_ != Codec::kNone && shape_.element_bytes > 1)) {
    return damaged("filters that parts do not have");
  }
  return {};
}

Result<std::vector<std::uint8_t>> Hdf5ChunkReader::decode(std::vector<std::uint8_t> stored,
                                                          std::uint32_t filter_mask) const {
  const std::size_t raw = chunk_elements_ * shape_.element_bytes;
  const std::uint32_t compression_bit = shuffled_ ? 2U : 1U;
  const bool compressed = codec_ != Codec::kNone && (filter_mask & compression_bit) == 0;
  const bool shuffled = shuffled_ && (filter_mask & 1U) == 0;
  if (compressed) {
    std::vector<std::uint8_t> bytes(raw);
    if (const Status status = decompress_chunk(codec_, stored, bytes); !status.ok())
      return damaged(status.error().what);
    stored = std::move(bytes);
  }
  if (stored.size() != raw) return damaged("a chunk of the wrong size");
  if (!shuffled) return stored;
  std::vector<std::uint8_t> elements(raw);
  unshuffle(shape_.element_bytes, stored.data(), chunk_elements_, elements.data());
  return elements;
}

Result<std::uint64_t> Hdf5ChunkReader::plain_offset(std::uint64_t index) const {
  const hsize_t element = index * chunk_elements_;
  unsigned mask = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t size = 0;
  if (H5Dget_chunk_info_by_coord(dataset_.id(), &element, &mask, &address, &size) < 0)
    return hdf5_error("cannot find '" + shape_.name + "' at element " + std::to_string(element), path_);
  if (codec_ != Codec::kNone || address == HADDR_UNDEF || size != chunk_elements_ * shape_.element_bytes)
    return damaged("not stored as plain values");
  return std::uint64_t{address};
}

Result<std::optional<std::vector<std::uint8_t>>> Hdf5ChunkReader::read(std::uint64_t index) const {
  const hsize_t offset = index * chunk_elements_;
  std::vector<std::uint8_t> stored;
  std::uint32_t filter_mask = 0;
  {
    const Hdf5Lock lock;
    const std::string what = "cannot read '" + shape_.name + "' at element " + std::to_string(offset);
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    if (H5Dget_chunk_info_by_coord(dataset_.id(), &offset, &mask, &address, &size) < 0) return hdf5_error(what, path_);
    if (address == HADDR_UNDEF || size == 0) return std::optional<std::vector<std::uint8_t>>();
    // A chunk that compression did not make smaller is stored as it was: none is larger.
    if (size > chunk_elements_ * shape_.element_bytes) return damaged("a chunk of the wrong size");
    stored.resize(size);
    if (H5Dread_chunk(dataset_.id(), H5P_DEFAULT, &offset, &filter_mask, stored.data()) < 0)
      return hdf5_error(what, path_);
  }
  TIPPLE_TRY(auto elements, decode(std::move(stored), filter_mask));
  return std::optional(std::move(elements));
}

}  // namespace tipple
