// A part's statistics as Delta's `stats` text: {"numRecords":..,"minValues":{..},"maxValues":{..},"nullCount":{..}}.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/column_stats.h"
#include "jobs/data_type.h"

namespace tipple {

// Precondition: `columns` is empty or has one entry for each column of `schema`.
[[nodiscard]] std::string print_part_stats(std::uint64_t rows, const std::vector<ColumnStats>& columns,
                                           const Schema& schema);

// Numbers keep their digits: a decimal of 38 digits comes back as it was printed. No column named: no statistics.
[[nodiscard]] Result<std::vector<ColumnStats>> parse_part_stats(std::string_view text, const Schema& schema);

}  // namespace tipple
