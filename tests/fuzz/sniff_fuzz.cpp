// Any bytes as an unknown text: what is found can be loaded, its names are usable, and its pattern compiles.
#include <set>

#include "base/check.h"
#include "formats/record_format.h"
#include "formats/sniff_dialect.h"
#include "formats/sniff_fixed.h"
#include "formats/sniff_log.h"

namespace {

using tipple::SourceFormat;
using tipple::SourceSpec;

void check_source(const SourceSpec& source) {
  TIPPLE_CHECK(tipple::make_record_format(source).ok(), "a format takes what was found");
}

void check_names(const std::vector<std::string>& names) {
  TIPPLE_CHECK(!names.empty() && std::set<std::string>(names.begin(), names.end()).size() == names.size(),
               "each field has a name of its own");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Up to the byte's share the bytes are the beginning of a file, the others are from elsewhere in it.
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t split = text.size() * data[0] / 255;
  const std::string_view sample = text.substr(0, split);
  const std::string_view more = text.substr(split);
  SourceSpec csv;
  const tipple::SniffedDialect dialect = tipple::sniff_dialect(sample, more);
  csv.csv = dialect.dialect;
  if (!csv.csv.header) csv.fields = dialect.fields;
  check_names(dialect.fields);
  check_source(csv);
  if (const auto found = tipple::sniff_fixed(sample, more)) {
    SourceSpec fixed;
    fixed.format = SourceFormat::kFixedWidth;
    fixed.csv.header = false;
    fixed.fixed = found->fields;
    for (const tipple::FixedField& field : found->fields) fixed.fields.push_back(field.name);
    check_names(fixed.fields);
    check_source(fixed);
  }
  if (const auto found = tipple::sniff_log(sample)) {
    SourceSpec log;
    log.format = SourceFormat::kLog;
    log.csv.header = false;
    log.pattern = found->pattern;
    check_source(log);
  }
  return 0;
}
