// Parquet's RLE / bit-packing hybrid (parquet-format, Encodings.md), which holds dictionary codes and definition
// levels: runs of one repeated value, and stretches of values packed bit by bit in groups of eight.
//
// Pure; any thread. All writers return the end of what they wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tipple {

// The number in groups of 7 bits, lowest first; at most 10 bytes.
[[nodiscard]] std::uint8_t* put_varint(std::uint64_t value, std::uint8_t* out);

// Bits of the codes of `entries` entries; at least 1.
[[nodiscard]] unsigned code_bits(std::size_t entries);

// Room that put_runs() wants for `count` codes, what it may overwrite behind its end included.
[[nodiscard]] std::size_t runs_bytes_max(std::size_t count, unsigned bits);

// Precondition: codes < 2^bits, bits <= 32.
[[nodiscard]] std::uint8_t* put_runs(std::span<const std::uint32_t> codes, unsigned bits, std::uint8_t* out);

// `count` times the level `value`, 0 or 1.
[[nodiscard]] std::uint8_t* put_level_run(std::size_t count, std::uint8_t value, std::uint8_t* out);

// Levels that are the bits of `bitmap`, zeros behind the last one up to a whole byte.
[[nodiscard]] std::uint8_t* put_level_bits(const std::uint8_t* bitmap, std::size_t count, std::uint8_t* out);

}  // namespace tipple
