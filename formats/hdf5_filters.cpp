#include "formats/hdf5_filters.h"

#include <zstd.h>

#include <cstring>

#include "formats/codec_chunk.h"
#include "formats/hdf5_library.h"

namespace tipple {
namespace {

// A chunk claims its own size; more than this is not one of ours.
constexpr std::uint64_t kChunkBytesMax = std::uint64_t{4} << 30;

std::uint64_t claimed_bytes(Codec codec, std::span<const std::uint8_t> in) {
  if (codec == Codec::kZstd) {
    const unsigned long long size = ZSTD_getFrameContentSize(in.data(), in.size());
    return size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ? 0 : size;
  }
  std::uint64_t size = 0;
  for (std::size_t i = 0; in.size() >= 8 && i < 8; ++i) size = size << 8 | in[i];
  return size;
}

// H5Z_func_t: replaces the buffer and gives its new size, or 0 for failure.
template <Codec kCodec>
std::size_t filter(unsigned flags, std::size_t, const unsigned[], std::size_t used, std::size_t* allocated,
                   void** buffer) {
  const std::span<const std::uint8_t> in(static_cast<const std::uint8_t*>(*buffer), used);
  void* replaced = nullptr;
  std::size_t size = 0;
  if ((flags & H5Z_FLAG_REVERSE) != 0) {
    size = claimed_bytes(kCodec, in);
    if (size == 0 || size > kChunkBytesMax) return 0;
    replaced = H5allocate_memory(size, false);
    if (replaced == nullptr) return 0;
    if (!decompress_chunk(kCodec, in, {static_cast<std::uint8_t*>(replaced), size}).ok()) {
      H5free_memory(replaced);
      return 0;
    }
  } else {
    CodecScratch scratch;
    const auto compressed = compress_chunk(kCodec, in, scratch);
    if (!compressed) return 0;
    size = compressed->size();
    replaced = H5allocate_memory(size, false);
    if (replaced == nullptr) return 0;
    std::memcpy(replaced, compressed->data(), size);
  }
  H5free_memory(*buffer);
  *buffer = replaced;
  *allocated = size;
  return size;
}

}  // namespace

void register_hdf5_filters() {
  const H5Z_class2_t zstd{H5Z_CLASS_T_VERS, kFilterZstd, 1, 1, "zstd", nullptr, nullptr, filter<Codec::kZstd>};
  const H5Z_class2_t lz4{H5Z_CLASS_T_VERS, kFilterLz4, 1, 1, "lz4", nullptr, nullptr, filter<Codec::kLz4>};
  const bool registered = H5Zregister(&zstd) >= 0 && H5Zregister(&lz4) >= 0;
  TIPPLE_CHECK(registered, "HDF5 refused our filters");
}

}  // namespace tipple
