// Any bytes as a job file: a job or mistakes, no exception, no deep recursion; a right job can be parsed again from its
// text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "jobs/job_file.h"
#include "jobs/table_order.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tipple::ParsedJob parsed = tipple::parse_job(text, "fuzz.yaml", "/fuzz");
  if (!parsed.mistakes.empty()) return 0;
  TIPPLE_CHECK(!parsed.spec.tables.empty() && !parsed.spec.modes.empty(), "a right job has tables and modes");
  TIPPLE_CHECK(tipple::parse_job(parsed.spec.text, "fuzz.yaml", "/fuzz").mistakes.empty(), "its text is a right job");
  std::size_t layered = 0;
  for (const auto& layer : tipple::load_layers(parsed.spec)) layered += layer.size();
  TIPPLE_CHECK(layered == parsed.spec.tables.size(), "each table stands in one layer");
  for (const tipple::TableSpec& table : parsed.spec.tables) {
    TIPPLE_CHECK(!table.from.empty() && table.from.size() == table.field_maps.size(), "a field map for each source");
    TIPPLE_CHECK(table.inferred == table.output.empty(), "what is declared has a schema");
    const auto schema = tipple::schema_from_json(tipple::schema_to_json(table.schema()));
    TIPPLE_CHECK(schema.ok() && *schema == table.schema(), "the schema comes back from its JSON");
  }
  return 0;
}
