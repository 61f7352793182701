// Any bytes as JSON lines: see tests/fuzz/line_format_fuzz.h. A line that loads is one that nlohmann's parser takes,
// too.
#include <nlohmann/json.hpp>

#include "tests/fuzz/line_format_fuzz.h"

#include "formats/json_format.h"
#include "jobs/rescued_column.h"

namespace tipple {
namespace {

void compare_with_nlohmann(std::string_view line, bool loaded) {
  const bool object = nlohmann::json::accept(line) && line.find_first_not_of(" \t\r") == line.find('{');
  // The other parser allows any depth, and no number that a double does not hold; everything else is the same language.
  const bool may_overflow = line.find_first_of("eE") != std::string_view::npos || line.size() > 300;
  if (loaded && !may_overflow) TIPPLE_CHECK(object, "a record is a JSON object");
  if (object && !loaded)
    TIPPLE_CHECK(std::count_if(line.begin(), line.end(), [](char c) { return c == '{' || c == '['; }) > 64,
                 "an object is a record");
}

void check_objects(const arrow::RecordBatch& batch) {
  const auto& objects = static_cast<const arrow::StringArray&>(*batch.column(0));
  for (std::int64_t row = 0; row < objects.length(); ++row)
    TIPPLE_CHECK(objects.IsNull(row) || nlohmann::json::accept(objects.GetView(row)), "what is rescued is JSON");
}

void run(std::span<const std::uint8_t> data) {
  SourceSpec source;
  source.format = SourceFormat::kJsonLines;
  const auto format = make_json_format(source).value();
  const std::vector<ColumnSpec> columns = {fuzzed_column("a", "string", {}), fuzzed_column("b", "int32", "a.b"),
                                           fuzzed_column("c", "float64", "c[1]"),
                                           fuzzed_column("d", "decimal(9,2)", "\"\"")};
  run_line_format(*format, columns, data);
  std::vector<ColumnSpec> rescuing = columns;
  rescuing.push_back(rescued_column());
  run_line_format(*format, rescuing, data);
  // Without columns only the grammar can reject.
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (text.find_first_of("\n\xEF") != std::string_view::npos ||
      text.find_first_not_of(" \t\r") == std::string_view::npos)
    return;
  const FuzzedBatch batch = convert_lines(*format, {}, text, 0, true);
  check_objects(*convert_lines(*format, {rescued_column()}, text, 0, true).converted.batch);
  compare_with_nlohmann(text.ends_with('\r') ? text.substr(0, text.size() - 1) : text, batch.converted.rejects.empty());
}

}  // namespace
}  // namespace tipple

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tipple::run({data, size});
  return 0;
}
