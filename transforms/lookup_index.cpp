#include "transforms/lookup_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <arrow/array.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "formats/csv_rule.h"
#include "transforms/step_arrays.h"

namespace tipple {
namespace {

constexpr std::size_t kStretchRows = 1024;
constexpr std::uint64_t kSeed = 0x9E3779B97F4A7C15;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  const auto product = static_cast<unsigned __int128>(hash ^ value) * 0xD6E8FEB86659FD93U;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Loads of at most 16 bytes are made of two words that overlap: no call, no loop.
bool same_bytes(const char* a, std::size_t a_bytes, const char* b, std::size_t b_bytes) {
  if (a_bytes != b_bytes) return false;
  const auto word8 = [](const char* p) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    return word;
  };
  const auto word4 = [](const char* p) {
    std::uint32_t word;
    std::memcpy(&word, p, 4);
    return word;
  };
  if (a_bytes > 16) return std::memcmp(a, b, a_bytes) == 0;
  if (a_bytes >= 8) return ((word8(a) ^ word8(b)) | (word8(a + a_bytes - 8) ^ word8(b + a_bytes - 8))) == 0;
  if (a_bytes >= 4) return ((word4(a) ^ word4(b)) | (word4(a + a_bytes - 4) ^ word4(b + a_bytes - 4))) == 0;
  for (std::size_t i = 0; i < a_bytes; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

template <typename T>
void widen(const std::uint8_t* values, std::int64_t begin, std::size_t count, std::uint64_t* to) {
  const T* from = reinterpret_cast<const T*>(values) + begin;
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::uint64_t>(static_cast<std::int64_t>(from[i]));
}

}  // namespace

KeyColumn::KeyColumn(const arrow::Array& values, const DataType& type) : offset_(values.offset()) {
  if (values.null_count() > 0) validity_ = values.null_bitmap_data();
  if (type.kind == TypeKind::kString || type.kind == TypeKind::kFixedString) {
    const TextView texts(values);
    offsets_ = texts.offsets;
    bytes_ = texts.data;
    return;
  }
  if (type.kind == TypeKind::kBool) {
    bits_ = values.data()->buffers[1]->data();
    return;
  }
  const int width = values.type()->byte_width();
  values_ = values.data()->buffers[1]->data() + offset_ * width;
  if (type.kind == TypeKind::kEnum) {
    labels_ = &type.labels;
  } else if (type.kind != TypeKind::kDecimal) {
    number_bytes_ = width;
    is_signed_ = type.kind < TypeKind::kUint8 || type.kind > TypeKind::kUint64;
  }
}

bool KeyColumn::is_null(std::int64_t row) const {
  return validity_ != nullptr && !arrow::bit_util::GetBit(validity_, offset_ + row);
}

void KeyColumn::read_numbers(std::int64_t begin, std::size_t count, std::uint64_t* to) const {
  if (bits_ != nullptr) {
    for (std::size_t i = 0; i < count; ++i)
      to[i] = arrow::bit_util::GetBit(bits_, offset_ + begin + static_cast<std::int64_t>(i)) ? 1 : 0;
    return;
  }
  switch (number_bytes_) {
    case 1:
      return is_signed_ ? widen<std::int8_t>(values_, begin, count, to)
                        : widen<std::uint8_t>(values_, begin, count, to);
    case 2:
      return is_signed_ ? widen<std::int16_t>(values_, begin, count, to)
                        : widen<std::uint16_t>(values_, begin, count, to);
    case 4:
      return is_signed_ ? widen<std::int32_t>(values_, begin, count, to)
                        : widen<std::uint32_t>(values_, begin, count, to);
    default:
      std::memcpy(to, values_ + begin * 8, count * 8);
  }
}

std::string_view KeyColumn::text(std::int64_t row) const {
  if (offsets_ != nullptr) return {bytes_ + offsets_[row], static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  if (labels_ == nullptr) return {reinterpret_cast<const char*>(values_) + row * 16, 16};  // decimal
  std::uint16_t code;
  std::memcpy(&code, values_ + row * 2, 2);
  return code < labels_->size() ? std::string_view((*labels_)[code]) : std::string_view();
}

struct LookupIndex::Stretch {
  std::uint64_t hashes[kStretchRows];
  std::uint64_t numbers[kStretchRows];
  std::uint32_t undecided[kStretchRows + 1];

  // Hashes of rows [begin, begin + count).
  void hash(const std::vector<KeyColumn>& keys, std::int64_t begin, std::size_t count) {
    std::fill_n(hashes, count, kSeed);
    for (const KeyColumn& key : keys) {
      if (key.is_number()) {
        key.read_numbers(begin, count, numbers);
        for (std::size_t i = 0; i < count; ++i) hashes[i] = mixed(hashes[i], numbers[i]);
      } else if (key.plain_text()) {
        const std::int32_t* offsets = key.offsets() + begin;
        const char* bytes = key.bytes();
        for (std::size_t i = 0; i < count; ++i) {
          hashes[i] =
              mixed(hashes[i], XXH3_64bits(bytes + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])));
        }
      } else {
        for (std::size_t i = 0; i < count; ++i) {
          const std::string_view text = key.text(begin + static_cast<std::int64_t>(i));
          hashes[i] = mixed(hashes[i], XXH3_64bits(text.data(), text.size()));
        }
      }
    }
  }
};

bool LookupIndex::equal(const std::vector<KeyColumn>& keys, std::int64_t row, std::uint32_t own) const {
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (keys[k].is_number()) {
      std::uint64_t number = 0;
      keys[k].read_numbers(row, 1, &number);
      if (number != numbers_[k][own]) return false;
    } else {
      const std::string_view text = keys[k].text(row);
      if (text != texts_[k][own]) return false;
    }
  }
  return true;
}

std::uint32_t LookupIndex::find_slowly(const std::vector<KeyColumn>& keys, std::int64_t row, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash >> shift_;; ++at) {
    const Slot& slot = slots_[at & mask];
    if (slot.row == kNoRow) return kNoRow;
    if (slot.tag == static_cast<std::uint32_t>(hash) && equal(keys, row, slot.row)) return slot.row;
  }
}

// A tag that matched by chance: one row in 2^32, or somebody's craft.
void LookupIndex::verify(const std::vector<KeyColumn>& keys, std::int64_t begin, std::size_t count, Stretch& stretch,
                         std::uint32_t* found) const {
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const KeyColumn& key = keys[k];
    const auto differs = [&](std::size_t i, bool same) {
      if (!same) [[unlikely]]
        found[i] = find_slowly(keys, begin + static_cast<std::int64_t>(i), stretch.hashes[i]);
    };
    if (key.is_number()) {
      const std::uint64_t* own = numbers_[k].data();
      if (keys.size() > 1) key.read_numbers(begin, count, stretch.numbers);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t row = found[i] == kNoRow ? 0 : found[i];
        wrong += (found[i] != kNoRow) & (own[row] != stretch.numbers[i]) ? 1 : 0;
      }
      for (std::size_t i = 0; wrong > 0 && i < count; ++i) {
        if (found[i] != kNoRow) differs(i, own[found[i]] == stretch.numbers[i]);
      }
    } else {
      const std::string_view* own = texts_[k].data();
      for (std::size_t i = 0; i < count; ++i) {
        if (found[i] == kNoRow) continue;
        const std::string_view text = key.text(begin + static_cast<std::int64_t>(i));
        differs(i, same_bytes(text.data(), text.size(), own[found[i]].data(), own[found[i]].size()));
      }
    }
  }
}

void LookupIndex::find_stretch(const std::vector<KeyColumn>& keys, std::int64_t begin, std::size_t count,
                               Stretch& stretch, std::uint32_t* found) const {
  stretch.hash(keys, begin, count);
  const Slot* slots = slots_.data();
  const std::size_t mask = slots_.size() - 1;
  // Most rows are decided by their first slot, found or not: what it says is taken without a branch, and the others are
  // put aside.
  std::size_t undecided = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Slot slot = slots[stretch.hashes[i] >> shift_];
    found[i] = slot.row;
    stretch.undecided[undecided] = static_cast<std::uint32_t>(i);
    undecided += (slot.row != kNoRow) & (slot.tag != static_cast<std::uint32_t>(stretch.hashes[i])) ? 1 : 0;
  }
  for (std::size_t u = 0; u < undecided; ++u) {
    const std::size_t i = stretch.undecided[u];
    std::size_t at = stretch.hashes[i] >> shift_;
    Slot slot = slots[++at & mask];
    while (slot.row != kNoRow && slot.tag != static_cast<std::uint32_t>(stretch.hashes[i])) slot = slots[++at & mask];
    found[i] = slot.row;
  }
  for (const KeyColumn& key : keys) {
    if (!key.has_nulls()) continue;
    for (std::size_t i = 0; i < count; ++i) {
      if (key.is_null(begin + static_cast<std::int64_t>(i))) found[i] = kNoRow;
    }
  }
  verify(keys, begin, count, stretch, found);
}

void LookupIndex::find(const std::vector<KeyColumn>& keys, std::int64_t rows, std::uint32_t* found) const {
  if (rows_ == 0) {
    std::fill_n(found, rows, kNoRow);
    return;
  }
  Stretch stretch;
  for (std::int64_t begin = 0; begin < rows; begin += kStretchRows) {
    const auto count = static_cast<std::size_t>(std::min<std::int64_t>(kStretchRows, rows - begin));
    find_stretch(keys, begin, count, stretch, found + begin);
  }
}

Result<LookupIndex> LookupIndex::make(std::vector<std::shared_ptr<arrow::Array>> columns, std::vector<DataType> types,
                                      const std::vector<std::string>& names, bool unique, const std::string& what) {
  LookupIndex index;
  index.columns_ = std::move(columns);
  index.types_ = std::move(types);
  std::vector<KeyColumn> keys;
  for (std::size_t k = 0; k < index.columns_.size(); ++k) keys.emplace_back(*index.columns_[k], index.types_[k]);
  const std::int64_t rows = index.columns_.front()->length();
  TIPPLE_CHECK(rows < (std::int64_t{1} << 30), "a lookup table is small");
  index.rows_ = static_cast<std::uint32_t>(rows);
  const auto capacity = std::bit_ceil(std::max<std::uint64_t>(16, static_cast<std::uint64_t>(rows) * 2));
  index.slots_.assign(capacity, Slot{0, kNoRow});
  index.shift_ = 64 - std::countr_zero(capacity);
  for (const KeyColumn& key : keys) {
    auto& numbers = index.numbers_.emplace_back();
    auto& texts = index.texts_.emplace_back();
    if (key.is_number()) {
      numbers.resize(static_cast<std::size_t>(rows));
      key.read_numbers(0, numbers.size(), numbers.data());
    } else {
      texts.reserve(static_cast<std::size_t>(rows));
      for (std::int64_t row = 0; row < rows; ++row) texts.push_back(key.text(row));
    }
  }
  Stretch stretch;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (std::any_of(keys.begin(), keys.end(), [&](const KeyColumn& key) { return key.is_null(row); })) continue;
    stretch.hash(keys, row, 1);
    const std::uint64_t hash = stretch.hashes[0];
    const std::uint32_t earlier = index.find_slowly(keys, row, hash);
    if (earlier != kNoRow) {
      if (!unique) continue;
      return usage_error(fmt::format("{} has the key {} in its rows {} and {}", what, printable_key(keys, names, row),
                                     earlier + 1, row + 1),
                         {}, "a key may occur once; correct the file, or look up by more columns");
    }
    std::size_t at = hash >> index.shift_;
    while (index.slots_[at & (capacity - 1)].row != kNoRow) ++at;
    index.slots_[at & (capacity - 1)] = {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(row)};
  }
  return index;
}

std::string printable_key(const std::vector<KeyColumn>& keys, const std::vector<std::string>& names, std::int64_t row) {
  std::string text;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (k > 0) text += ", ";
    text += names[k] + " = ";
    if (keys[k].is_null(row)) {
      text += "null";
    } else if (keys[k].is_number()) {
      std::uint64_t number = 0;
      keys[k].read_numbers(row, 1, &number);
      text += fmt::format("{}", static_cast<std::int64_t>(number));
    } else {
      text += printable_text(keys[k].text(row));
    }
  }
  return text;
}

}  // namespace tipple
