// Where the lines of a block end: the inner loop of formats/line_index.h, once per instruction set, chosen at run time
// by Highway.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tipple {

// Writes the offset of each LF in bytes[begin, end) to `out`, ascending, and returns how many there are. `out` has room
// for end - begin of them. end < 2^32.
std::size_t find_line_ends(const char* bytes, std::size_t begin, std::size_t end, std::uint32_t* out);

}  // namespace tipple
