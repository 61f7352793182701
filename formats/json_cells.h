// The cells of wanted fields, column by column, in one stretch of text: the block itself, and behind it what had to be
// written anew (strings with escapes, arrays and objects with whitespace).
//
// Owner: one thread, which reuses it from block to block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_column.h"

namespace tipple {

// The text of null, which no value can have: it is not UTF-8.
inline constexpr std::size_t kJsonNullBytes = 40;
[[nodiscard]] inline std::string json_null_text() { return std::string(kJsonNullBytes, '\xFF'); }

class JsonCells {
 public:
  // Room for `rows` rows. `block` has 64 readable bytes past its end. False: more than positions of 32 bits can name.
  [[nodiscard]] bool begin(std::span<const char> block, std::size_t rows, std::uint32_t columns);

  // Row `row` may hold something that no column takes. Rows ascend.
  void note_leftover(std::size_t row) { leftovers_.push_back(static_cast<std::uint32_t>(row)); }
  [[nodiscard]] const std::vector<std::uint32_t>& leftovers() const { return leftovers_; }

  // `begin`: position in the block.
  void set(std::size_t row, std::uint32_t column, std::size_t begin, std::size_t size) {
    put(row, column, kLeadBytes + begin, size);
  }
  void set_null(std::size_t row, std::uint32_t column) { put(row, column, kNullBegin, kJsonNullBytes); }
  // Text from `begin`, a position of side_position(), to the side's present end. False: more than 32 bits can name.
  [[nodiscard]] bool set_side(std::size_t row, std::uint32_t column, std::size_t begin);
  [[nodiscard]] std::vector<char>& side() { return text_; }
  [[nodiscard]] std::size_t side_position() const { return text_.size(); }

  // After the last row: makes the bytes behind the cells readable. Views are good until the next begin().
  void finish() { text_.resize(text_.size() + kReadPastBytes); }
  [[nodiscard]] CsvCells column(std::uint32_t column, std::size_t rows) const {
    return {text_.data(), pairs_.get() + column * rows_max_ * 2, 2, rows};
  }
  [[nodiscard]] bool is_null(std::size_t row, std::uint32_t column) const {
    return pairs_[(column * rows_max_ + row) * 2] + 1 == kNullBegin;
  }

 private:
  static constexpr std::size_t kReadPastBytes = 64;
  static constexpr std::size_t kNullBegin = 8;
  static constexpr std::size_t kLeadBytes = 64;  // null's text, in front of the block

  // As CsvCells wants them: the position before the cell, its end.
  void put(std::size_t row, std::uint32_t column, std::size_t begin, std::size_t size) {
    std::uint32_t* const pair = pairs_.get() + (column * rows_max_ + row) * 2;
    pair[0] = static_cast<std::uint32_t>(begin - 1);
    pair[1] = static_cast<std::uint32_t>(begin + size);
  }

  std::vector<char> text_;
  std::unique_ptr<std::uint32_t[]> pairs_;
  std::size_t pairs_capacity_ = 0;
  std::size_t rows_max_ = 0;
  std::vector<std::uint32_t> leftovers_;
};

}  // namespace tipple
