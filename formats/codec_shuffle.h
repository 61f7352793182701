// HDF5's byte shuffle (filter 2): byte j of every element stands together, which is what makes typed columns compress.
//
// Pure functions on any thread. Buffers need no alignment and must not overlap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tipple {

// Byte j of element i goes to planes[j * plane_bytes + i]. With plane_bytes > count a slice of a longer column is
// shuffled in place: element 0 of the slice is then element 0 of `planes`.
void shuffle(std::size_t element_bytes, const std::uint8_t* elements, std::size_t count, std::uint8_t* planes,
             std::size_t plane_bytes);

// The inverse, for whole columns: plane_bytes == count.
void unshuffle(std::size_t element_bytes, const std::uint8_t* planes, std::size_t count, std::uint8_t* elements);

}  // namespace tipple
