// Parquet's DELTA_BINARY_PACKED (parquet-format, Encodings.md): integers as bit-packed differences to those before
// them, which is next to nothing for keys and times that rise evenly.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tipple {

// Room that put_deltas() wants for `count` values.
[[nodiscard]] std::size_t deltas_bytes_max(std::size_t count, std::size_t value_bytes);

// Writes the values and gives the end. Differences wrap around, so every sequence of values comes back.
[[nodiscard]] std::uint8_t* put_deltas(std::span<const std::int32_t> values, std::uint8_t* out);
[[nodiscard]] std::uint8_t* put_deltas(std::span<const std::int64_t> values, std::uint8_t* out);

}  // namespace tipple
