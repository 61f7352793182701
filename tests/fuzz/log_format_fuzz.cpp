// Any bytes as log lines, and as the pattern that takes them apart: see tests/fuzz/line_format_fuzz.h.
#include "tests/fuzz/line_format_fuzz.h"

#include "formats/log_format.h"

namespace tipple {
namespace {

void run(std::span<const std::uint8_t> data) {
  SourceSpec source;
  source.format = SourceFormat::kLog;
  source.pattern = R"((?P<a>\S*) ?(?P<b>-?\d+)?(?:\[(?P<c>[^\]]*)\])?.*)";
  const auto format = make_log_format(source).value();
  run_line_format(*format,
                  {fuzzed_column("a", "string", {}), fuzzed_column("b", "int32", {}), fuzzed_column("c", "time", {})},
                  data);

  SourceSpec any;
  any.format = SourceFormat::kLog;
  any.pattern.assign(data.begin(), data.end());
  const auto made = make_log_format(any);
  if (made.ok()) (void)convert_lines(**made, {}, "a 1 [x]\n\xC3\n", 0, true);
}

}  // namespace
}  // namespace tipple

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tipple::run({data, size});
  return 0;
}
