// Any bytes as a Parquet file: opened, cut, read and converted to text without a crash or a read out of bounds. The
// seeds of its corpus are small files of many types; the first byte of the input chooses where row groups are cut.
#include "formats/parquet_source.h"
#include "tests/fuzz/batch_source_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tipple::fuzz_batch_source(data, size, [](const std::string& path) { return tipple::open_parquet_source(path); });
  return 0;
}
