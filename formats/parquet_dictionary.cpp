#include "formats/parquet_dictionary.h"

#include <arrow/util/bit_util.h>
#include <xxhash.h>

#include <algorithm>

#include "formats/parquet_column_rows.h"
#include "formats/text_words.h"

namespace tipple {
namespace {

constexpr unsigned kBitsMin = 10;
constexpr std::uint64_t kLongText = ~std::uint64_t{0};

}  // namespace

void CodeTable::resize(unsigned bits) {
  bits_ = bits;
  const std::size_t slots = std::size_t{1} << bits;
  if (slots_.size() < slots) slots_.resize(slots);
  std::fill_n(slots_.begin(), slots, 0);
}

void CodeTable::clear() { resize(kBitsMin); }

void TextDictionary::clear(std::size_t bytes_max) {
  entries_.clear();
  keys_.clear();
  table_.clear();
  bytes_ = 0;
  bytes_max_ = bytes_max;
}

std::uint64_t TextDictionary::hash(const Key& key) {
  const std::uint64_t mixed = (key.low ^ key.high * 0xC2B2AE3D27D4EB4FU) * 0x9E3779B97F4A7C15U;
  return (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93U;
}

bool TextDictionary::add(const arrow::ArrayData& data, std::size_t first, std::size_t count, std::uint32_t*& codes) {
  const std::uint8_t* const valid = validity_bits(data);
  TextWords words;
  for (std::size_t begin = 0; begin < count; begin += kTextBlockRows) {
    const std::size_t rows = std::min(kTextBlockRows, count - begin);
    const TextRows text(data, first + begin);
    (void)read_text_words(text, rows, words);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto row = data.offset + static_cast<std::int64_t>(first + begin + i);
      if (valid != nullptr && !arrow::bit_util::GetBit(valid, row)) continue;
      const std::string_view value(text.bytes + text.offsets[i], words.sizes[i]);
      const bool is_long = value.size() > kShortTextBytes;
      const Key key =
          is_long ? Key{XXH3_64bits(value.data(), value.size()), kLongText} : Key{words.low[i], words.high[i]};
      std::uint32_t* const slot = table_.find(hash(key), [&](std::uint32_t code) {
        return keys_[code].low == key.low && keys_[code].high == key.high && (!is_long || entries_[code] == value);
      });
      if (slot == nullptr) return false;
      if (*slot != 0) {
        *codes++ = *slot - 1;
        continue;
      }
      bytes_ += sizeof(std::uint32_t) + value.size();
      if (bytes_ > bytes_max_) return false;
      entries_.push_back(value);
      keys_.push_back(key);
      *slot = static_cast<std::uint32_t>(entries_.size());
      *codes++ = *slot - 1;
      if (!table_.make_room(entries_.size(), [&](std::size_t code) { return hash(keys_[code]); })) return false;
    }
  }
  return true;
}

}  // namespace tipple
