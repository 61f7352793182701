// "days since 1900-01-01": what the `units` attribute of an HDF5 dataset says of times, in the way of the CF
// conventions (section 4.4), of netCDF's udunits and of our own parts.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tipple {

// A value v is the time base + v * step, in nanoseconds if `nanos`, else in microseconds, since 1970-01-01.
struct Hdf5TimeUnits {
  bool nanos = false;
  bool zoned = false;  // the text names a zone; base is in UTC then
  std::int64_t step = 1;
  std::int64_t base = 0;
  friend bool operator==(const Hdf5TimeUnits&, const Hdf5TimeUnits&) = default;
};

// Nothing if `units` are not those of a time on the Gregorian calendar. `calendar`: the attribute of that name, empty
// if there is none. Months and years are no units here: CF gives them a length that no calendar has.
[[nodiscard]] std::optional<Hdf5TimeUnits> parse_hdf5_time_units(std::string_view units, std::string_view calendar);

}  // namespace tipple
