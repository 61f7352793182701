// Any bytes as a log entry, as they are and behind a right checksum: an entry or an Error, and an entry prints to one
// that reads back.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "warehouse/log_entry.h"
#include "warehouse/log_stats.h"

namespace {

void check_entry(const std::string& bytes) {
  const auto entry = tipple::parse_log_entry(bytes, "fuzz", {});
  if (!entry.ok() || !entry->metadata) return;
  const tipple::Schema& schema = entry->metadata->schema;
  const std::string printed = tipple::print_log_entry(*entry, schema);
  const auto again = tipple::parse_log_entry(printed, "printed", {});
  TIPPLE_CHECK(again.ok(), "an entry that was read and printed cannot be read again");
  TIPPLE_CHECK(again->added.size() == entry->added.size(), "parts were lost");
  TIPPLE_CHECK(tipple::print_log_entry(*again, schema) == printed, "printing is not stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check_entry(bytes);
  check_entry(tipple::with_right_checksum(bytes));
  // Without an end of its own the input stands before a good one.
  const std::string end =
      R"({"commitInfo":{"timestamp":1,"operationParameters":{"mode":"m","write":"replace","job":"j"},"engineInfo":"e",)"
      R"("tipple":{"version":0,"load":"00000000000000000000000000000001","attempt":"00000000000000000000000000000002",)"
      R"("rows_in":0,"rows_out":0,"rejected":0,"filtered":0,"deduplicated":0},"tipple.checksum":")" +
      std::string(64, '0') + "\"}}\n";
  check_entry(tipple::with_right_checksum(bytes + "\n" + end));
  static_cast<void>(tipple::parse_part_stats(bytes, {{"a", {}, false}}));
  return 0;
}
