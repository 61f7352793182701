// What an unknown file is: compression, encoding, format and dialect, by its content. Looks at its first mebibyte, and
// at its middle and its end where it can be read anywhere.
//
// Effects: reads the file. Files are hostile: what is looked at is bounded, whatever they say of themselves.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "formats/byte_source.h"
#include "jobs/job_spec.h"

namespace tipple {

struct SniffedFile {
  Compression compression = Compression::kNone;
  SourceSpec source;                  // format, encoding, dialect, fields; no name and no paths
  std::vector<std::string> fields;    // CSV and fixed width: the names by position
  std::vector<std::string> evidence;  // a line for each decision
};

// Errors: kUsage for what no source can be: an empty file, a JSON document that is not lines, binary data.
[[nodiscard]] Result<SniffedFile> sniff_file(const ByteSourceFile& file);

// Would one source describe both, field by field?
[[nodiscard]] bool same_shape(const SniffedFile& a, const SniffedFile& b);

}  // namespace tipple
