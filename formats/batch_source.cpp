#include "formats/batch_source.h"

#include <utility>

#include "formats/batch_source_part.h"
#include "formats/hdf5_source.h"
#include "formats/parquet_source.h"
#include "formats/probe_child.h"

namespace tipple {

Result<std::unique_ptr<BatchSource>> open_batch_source(const std::string& path, const SourceSpec& source) {
  switch (source.format) {
    case SourceFormat::kParquet:
      TIPPLE_RETURN_IF_ERROR(probe_file({source.format, path, {}, {}}));
      return open_parquet_source(path);
    case SourceFormat::kHdf5:
      TIPPLE_RETURN_IF_ERROR(probe_file({source.format, path, source.group, source.decompression}));
      return open_hdf5_source(path, source.group, source.decompression);
    case SourceFormat::kTable:
      return open_part_source(path);
    case SourceFormat::kCsv:
    case SourceFormat::kJsonLines:
    case SourceFormat::kFixedWidth:
    case SourceFormat::kLog:
      break;
  }
  TIPPLE_CHECK(false, "a text format is no batch source");
}

}  // namespace tipple
