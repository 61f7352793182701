// Any bytes as fixed-width records: see tests/fuzz/line_format_fuzz.h.
#include "tests/fuzz/line_format_fuzz.h"

#include "formats/fixed_format.h"

namespace tipple {
namespace {

void run(std::span<const std::uint8_t> data) {
  SourceSpec source;
  source.format = SourceFormat::kFixedWidth;
  source.csv.comment = '#';
  source.csv.null_texts = {"", "NA"};
  source.fixed = {{"a", 0, 3}, {"b", 2, 20}, {"c", 5, 40}, {"d", 7, 10}};
  const auto format = make_fixed_format(source).value();
  run_line_format(*format,
                  {fuzzed_column("a", "string", {}), fuzzed_column("b", "int32", {}), fuzzed_column("c", "string", {}),
                   fuzzed_column("d", "date", {})},
                  data);
}

}  // namespace
}  // namespace tipple

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tipple::run({data, size});
  return 0;
}
