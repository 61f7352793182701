// One dataset of a part, read chunk by chunk: raw bytes under the HDF5 mutex, decompression outside it.
//
// Thread rule: one owner; open() and destruction with an Hdf5Lock held, read() without.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.h"
#include "formats/hdf5_library.h"

namespace tipple {

class Hdf5ChunkReader {
 public:
  // Checks type, rank, layout and filters against what parts have.
  [[nodiscard]] static Result<Hdf5ChunkReader> open(hid_t file, const Column& column, const PartDataset& shape,
                                                    const std::filesystem::path& path);

  [[nodiscard]] const PartDataset& shape() const { return shape_; }
  [[nodiscard]] std::uint64_t extent() const { return extent_; }
  [[nodiscard]] std::uint64_t chunk_elements() const { return chunk_elements_; }

  // Chunk `index` as elements, padding included; nothing if it was never written.
  [[nodiscard]] Result<std::optional<std::vector<std::uint8_t>>> read(std::uint64_t index) const;
  // Where in the file chunk `index` stands; an Error unless it does so as plain elements. With an Hdf5Lock held.
  [[nodiscard]] Result<std::uint64_t> plain_offset(std::uint64_t index) const;

 private:
  Hdf5ChunkReader() = default;
  [[nodiscard]] Status open_layout();
  [[nodiscard]] Status open_filters(hid_t creation);
  [[nodiscard]] Error damaged(const std::string& why) const;
  [[nodiscard]] Result<std::vector<std::uint8_t>> decode(std::vector<std::uint8_t> stored,
                                                         std::uint32_t filter_mask) const;

  std::filesystem::path path_;
  PartDataset shape_;
  Hdf5Handle dataset_;
  std::uint64_t extent_ = 0;
  std::uint64_t chunk_elements_ = 1;
  bool shuffled_ = false;
  Codec codec_ = Codec::kNone;
};

}  // namespace tipple
