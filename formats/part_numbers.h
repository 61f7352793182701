// Numbers that a part gets after it was written: a column stored as plain 64-bit values (PartCoding::numbered), zeros
// until its rows have their numbers, which are then written over them in place.
//
// Nothing else in a part depends on these values: HDF5 keeps no sums of plain chunks, Parquet none of these pages, and
// there are no statistics of them. Writing is idempotent, so whoever was killed in the middle just begins again.
// Thread rule: free functions; different files may be written on different threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace tipple {

// `rows` values of 8 bytes, little-endian, one after the other from byte `offset` of the part.
struct NumberRun {
  std::uint64_t offset = 0;
  std::uint64_t first_row = 0;  // in the part
  std::uint64_t rows = 0;
  friend bool operator==(const NumberRun&, const NumberRun&) = default;
};

struct NumberedFile {
  std::uint64_t bytes = 0;
  Sha256 sha256{};
  Sha256 zeros_sha256{};  // of the same bytes with zeros for the numbers: the part as it was staged
};

// Row i of the part gets the number first + i; synced and hashed in one pass over the file. `to` equal to `from`: in
// place; else a new file, created exclusively. Preconditions: the runs do not overlap; first + rows fits into 63 bits.
// Errors: kEnvironment; `to` is worthless then, and is written again as a whole by the next call.
[[nodiscard]] Result<NumberedFile> write_numbers(const std::filesystem::path& from, const std::filesystem::path& to,
                                                 std::vector<NumberRun> runs, std::int64_t first);

}  // namespace tipple
