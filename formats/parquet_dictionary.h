// Dictionaries of Parquet column chunks: values get the numbers of their first appearance.
//
// A dictionary gives up, rather than go on slowly, when it has too many entries or when hostile values collide too
// often; both depend on the values and their order alone. Not thread-safe: one owner, which reuses it from chunk to
// chunk.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

namespace tipple {

// Open addressing with linear probing; knows entries by their codes alone.
class CodeTable {
 public:
  static constexpr int kProbesMax = 64;

  void clear();
  // Where the code of the entry that `equals` accepts stands as code + 1, or belongs (the slot is 0 then); nullptr
  // after kProbesMax others.
  template <typename Equals>
  [[nodiscard]] std::uint32_t* find(std::uint64_t hash, Equals equals) {
    std::size_t at = hash >> (64 - bits_);
    const std::size_t mask = (std::size_t{1} << bits_) - 1;
    for (int probe = 0; probe < kProbesMax; ++probe) {
      std::uint32_t* const slot = slots_.data() + at;
      if (*slot == 0 || equals(*slot - 1)) return slot;
      at = (at + 1) & mask;
    }
    return nullptr;
  }
  // Room for one more than `entries` entries. False: they collide too often.
  template <typename HashOf>
  [[nodiscard]] bool make_room(std::size_t entries, HashOf hash_of) {
    if (2 * entries < std::size_t{1} << bits_) return true;
    resize(bits_ + 1);
    for (std::size_t code = 0; code < entries; ++code) {
      std::uint32_t* const slot = find(hash_of(code), [](std::uint32_t) { return false; });
      if (slot == nullptr) return false;
      *slot = static_cast<std::uint32_t>(code) + 1;
    }
    return true;
  }

 private:
  void resize(unsigned bits);

  unsigned bits_ = 0;
  std::vector<std::uint32_t> slots_;  // 2^bits_ of them count
};

// Of words of 32, 64 or 128 bits, which differ where their bits do.
template <typename Word>
class WordDictionary {
 public:
  void clear(std::size_t entries_max) {
    entries_.clear();
    table_.clear();
    entries_max_ = entries_max;
  }
  [[nodiscard]] std::span<const Word> entries() const { return entries_; }

  // codes[i]: the code of values[i], by its bits. False: given up.
  template <typename Value>
  [[nodiscard]] bool add(std::span<const Value> values, std::uint32_t* codes) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Word word = std::bit_cast<Word>(values[i]);
      const Word* const entries = entries_.data();
      std::uint32_t* const slot = table_.find(hash(word), [&](std::uint32_t code) { return entries[code] == word; });
      if (slot == nullptr) return false;
      if (*slot == 0) {
        if (entries_.size() == entries_max_) return false;
        entries_.push_back(word);
        *slot = static_cast<std::uint32_t>(entries_.size());
        codes[i] = *slot - 1;
        if (!table_.make_room(entries_.size(), [&](std::size_t code) { return hash(entries_[code]); })) return false;
        continue;
      }
      codes[i] = *slot - 1;
    }
    return true;
  }

 private:
  // One multiplication and no mixing before it: what follows in steps, as times and amounts do, then hardly collides.
  [[nodiscard]] static std::uint64_t hash(Word word) {
    auto folded = static_cast<std::uint64_t>(word);
    if constexpr (sizeof(Word) > 8) folded ^= static_cast<std::uint64_t>(word >> 64) * 0xC2B2AE3D27D4EB4FU;
    return folded * 0x9E3779B97F4A7C15U;
  }

  std::vector<Word> entries_;
  CodeTable table_;
  std::size_t entries_max_ = 0;
};

// Of texts, which it does not copy: what add() was given outlives the last look at entries().
class TextDictionary {
 public:
  void clear(std::size_t bytes_max);
  [[nodiscard]] std::span<const std::string_view> entries() const { return entries_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  // as PLAIN stores the entries: size and text

  // Appends the codes of those of `data`'s rows [first, first + count) that are not null at `codes`, and moves it
  // behind them. False: given up.
  [[nodiscard]] bool add(const arrow::ArrayData& data, std::size_t first, std::size_t count, std::uint32_t*& codes);

 private:
  struct Key {  // text_words.h; of longer texts a hash in `low`, and `high` like no short one's
    std::uint64_t low;
    std::uint64_t high;
  };
  [[nodiscard]] static std::uint64_t hash(const Key& key);

  std::vector<std::string_view> entries_;
  std::vector<Key> keys_;
  CodeTable table_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_ = 0;
};

}  // namespace tipple
