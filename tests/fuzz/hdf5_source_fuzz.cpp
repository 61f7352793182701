// Any bytes as a HDF5 file: opened, cut, read and converted to text without a crash or a read out of bounds. The seeds
// of its corpus are small files of many types; the first byte of the input chooses where stretches are cut.
#include "formats/hdf5_source.h"
#include "tests/fuzz/batch_source_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tipple::fuzz_batch_source(data, size, [](const std::string& path) {
    return tipple::open_hdf5_source(path, "/", tipple::DecompressionLimits{tipple::kBytesReadMax, 1000});
  });
  return 0;
}
