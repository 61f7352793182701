// The ways to write dates and times that inference knows besides ISO 8601: a fixed list of formats
// (formats/time_format.h), and sets of them.
//
// Pure; any thread. Epoch numbers and bare digits (20240131) are never taken for dates: nothing in them says that they
// are.
#pragma once

#include <cstdint>
#include <string_view>

#include "jobs/data_type.h"

namespace tipple {

// A set of formats; bit k is the k-th of the list.
using TimeFormatSet = unsigned __int128;
inline constexpr TimeFormatSet kAllTimeFormats = ~TimeFormatSet{0};

// Those of `among` of which `text` is a value.
[[nodiscard]] TimeFormatSet matching_time_formats(std::string_view text, TimeFormatSet among);

// Those that every ISO date, and every ISO timestamp to the second with this separator, is a value of.
[[nodiscard]] TimeFormatSet iso_date_formats();
[[nodiscard]] TimeFormatSet iso_timestamp_formats(char separator);

// Which format a column has whose values are all values of each of `possible`.
struct TimeFormatChoice {
  std::string_view format;  // static
  DataType type;
  // The same texts could be read with day and month swapped. Then dates with slashes are taken month first (the order
  // of the one country that writes them so most), those with dots and dashes day first; whoever knows better edits the
  // job file.
  std::string_view other;  // static; empty: nothing ambiguous
};
// Precondition: possible != 0.
[[nodiscard]] TimeFormatChoice choose_time_format(TimeFormatSet possible);

}  // namespace tipple
