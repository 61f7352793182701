#include "formats/json_cells.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace tipple {
namespace {

constexpr std::size_t kPositionsMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kKeptBytesMax = 64 << 20;  // a thread gives back what one uncommon block made it take

}  // namespace

bool JsonCells::begin(std::span<const char> block, std::size_t rows, std::uint32_t columns) {
  if (block.size() > kPositionsMax - kLeadBytes - kReadPastBytes) return false;
  if (text_.capacity() > kKeptBytesMax) text_ = {};
  text_.resize(kLeadBytes + block.size() + kReadPastBytes);
  std::fill_n(text_.begin() + kNullBegin, kJsonNullBytes, '\xFF');
  std::memcpy(text_.data() + kLeadBytes, block.data(), block.size());

  const std::size_t pairs = rows * columns * 2;
  if (pairs > pairs_capacity_ || pairs_capacity_ * sizeof(std::uint32_t) > kKeptBytesMax) {
    pairs_.reset();
    pairs_ = std::make_unique_for_overwrite<std::uint32_t[]>(pairs);
    pairs_capacity_ = pairs;
  }
  rows_max_ = rows;
  leftovers_.clear();
  return true;
}

bool JsonCells::set_side(std::size_t row, std::uint32_t column, std::size_t begin) {
  if (text_.size() > kPositionsMax) return false;
  put(row, column, begin, text_.size() - begin);
  return true;
}

}  // namespace tipple
