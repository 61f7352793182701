// Statistics of one column of one part. Value.
#pragma once

#include <cstdint>
#include <string>

namespace tipple {

// min and max are JSON values as the log prints them (numbers, ISO dates, strings cut to 32 bytes with max rounded up);
// empty when the column has no values or its type has no order.
struct ColumnStats {
  std::uint64_t null_count = 0;
  std::string min_json;
  std::string max_json;
  friend bool operator==(const ColumnStats&, const ColumnStats&) = default;
};

}  // namespace tipple
