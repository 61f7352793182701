// docs/warehouse.md shows a log entry: this is that entry.
#include <gtest/gtest.h>

#include "tests/warehouse/sample_table.h"
#include "warehouse/log_entry.h"

namespace tipple {
namespace {

LogEntry documented_entry() {
  const Schema schema = {{"carrier", type("string(2)"), false}, {"dep_delay", type("float32"), true}};
  LoggedPart part;
  part.path = "data/part-0123456789abcdef0123456789abcdef-00000.h5";
  part.bytes = 40'960;
  part.rows = 1000;
  part.sha256.fill(0x5A);
  part.content_digest = {0x0011223344556677, 0x8899AABBCCDDEEFF};
  part.columns = {{0, "\"9E\"", "\"YV\""}, {17, "-43.0", "1301.0"}};
  LogEntry entry;
  entry.metadata = TableMetadata{"6f1c2d3e-4b5a-6978-8796-a5b4c3d2e1f0", schema, Codec::kDeflate};
  entry.added = {part};
  entry.commit = {{0x0123456789ABCDEF, 0x0123456789ABCDEF},
                  {0xFEDCBA9876543210, 0xFEDCBA9876543210},
                  "flights",
                  "full",
                  WriteMode::kReplace,
                  {1002, 1000, 2, 0, 0},
                  1'767'225'600'000,
                  "tipple 0.1.0"};
  return entry;
}

TEST(DocumentedEntry, IsWhatTheProgramWrites) {
  const LogEntry entry = documented_entry();
  const std::string page = *read_file(fs::path(TIPPLE_SOURCE_FOLDER) / "docs" / "warehouse.md", 1 << 20);
  const std::string opening = "<!-- example -->\n```json\n";
  const std::size_t begin = page.find(opening);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t text = begin + opening.size();
  const std::string shown = page.substr(text, page.find("```\n", text) - text);
  EXPECT_EQ(shown, print_log_entry(entry, entry.metadata->schema));
  EXPECT_TRUE(parse_log_entry(shown, "docs/warehouse.md", {}).ok());
}

}  // namespace
}  // namespace tipple
