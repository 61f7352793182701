// One row of the sample data. Pure: a row's bytes depend on nothing but the seed, the rates and its number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tipple {

// Rates as thresholds for 32 random bits: 0 never, 2^32 always.
struct TripsRates {
  std::uint64_t quoted = 0;
  std::uint64_t newline = 0;
  std::uint64_t null = 0;
};

inline constexpr std::size_t kTripsRowBytesMax = 320;
inline constexpr std::string_view kTripsHeader =
    "trip_id,vendor,pickup_at,dropoff_at,passenger_count,distance_km,pickup_lon,pickup_lat,dropoff_lon,dropoff_lat,"
    "rate_code,"
    "payment,fare,tip,tolls,total,note\n";

// Writes row `row` with its line end at `out`, which has room for kTripsRowBytesMax bytes. Returns the end.
[[nodiscard]] char* write_trips_row(char* out, std::uint64_t seed, std::uint64_t row, const TripsRates& rates);

}  // namespace tipple
