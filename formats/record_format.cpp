#include "formats/record_format.h"

#include <fmt/format.h>

#include "formats/csv_format.h"
#include "formats/fixed_format.h"
#include "formats/json_format.h"
#include "formats/log_format.h"

namespace tipple {

Result<std::unique_ptr<RecordFormat>> make_record_format(const SourceSpec& source) {
  switch (source.format) {
    case SourceFormat::kCsv:
      return make_csv_format(source);
    case SourceFormat::kJsonLines:
      return make_json_format(source);
    case SourceFormat::kFixedWidth:
      return make_fixed_format(source);
    case SourceFormat::kLog:
      return make_log_format(source);
    case SourceFormat::kParquet:
    case SourceFormat::kHdf5:
    case SourceFormat::kTable:
      break;
  }
  return usage_error(fmt::format("the format {} is no text", to_string(source.format)), source.name);
}

}  // namespace tipple
