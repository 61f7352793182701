// The conservation law of one table: rows_in + added = rows_out + rejected + filtered + deduplicated. Value.
#pragma once

#include <cstdint>

namespace tipple {

struct RowAccount {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t rejected = 0;
  std::uint64_t filtered = 0;
  std::uint64_t deduplicated = 0;
  std::uint64_t added = 0;  // rows that a step made of others (explode): the elements of a list less one

  friend bool operator==(const RowAccount&, const RowAccount&) = default;
  RowAccount& operator+=(const RowAccount& other) {
    rows_in += other.rows_in;
    rows_out += other.rows_out;
    rejected += other.rejected;
    filtered += other.filtered;
    deduplicated += other.deduplicated;
    added += other.added;
    return *this;
  }
  [[nodiscard]] bool balanced() const { return rows_in + added == rows_out + rejected + filtered + deduplicated; }
};

}  // namespace tipple
