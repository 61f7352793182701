// LabelSet: the distinct texts of a column, as long as they are few and short: what an enum could be made of.
//
// A join semilattice: add() and merge() commute, associate and change nothing the second time; "too many" absorbs
// everything. Owner: ColumnInference.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_field.h"

namespace tipple {

class LabelSet {
 public:
  static constexpr std::size_t kLabelsMax = 64;
  static constexpr std::uint32_t kLabelBytesMax = 64;

  [[nodiscard]] bool overflowed() const { return overflowed_; }
  // 8 bytes from `p` on can be read.
  void add(const char* p, std::uint32_t length) {
    if (overflowed_) return;
    const std::uint64_t word = keep_first_bytes(load_8_bytes(p), length);
    const std::uint64_t tail = length > 8 ? load_8_bytes(p + length - 8) : 0;
    if (!slots_.empty()) {
      const Slot& slot = slots_[slot_of(word, tail, length)];
      if (slot.word == word && slot.tail == tail && slot.length == length && (length <= 16 || same_text(slot, p)))
          [[likely]]
        return;
    }
    add_slowly(word, tail, p, length);
  }
  void merge(const LabelSet& other);
  // Ascending by bytes; empty once overflowed.
  [[nodiscard]] std::vector<std::string> sorted() const;
  friend bool operator==(const LabelSet& a, const LabelSet& b) {
    return a.overflowed_ == b.overflowed_ && a.sorted() == b.sorted();
  }

 private:
  static constexpr std::uint32_t kNoLabel = 0xFFFFFFFF;
  static constexpr std::size_t kSlots = 256;
  struct Slot {
    std::uint64_t word = 0;  // the label's first 8 bytes
    std::uint64_t tail = 0;  // its last 8, if there are more than 8: labels that differ in their ends alone are many
    std::uint32_t length = kNoLabel;
    std::uint32_t label = 0;
  };
  [[nodiscard]] static std::size_t slot_of(std::uint64_t word, std::uint64_t tail, std::uint32_t length) {
    return ((word ^ length ^ (tail << 7 | tail >> 57)) * 0x9E3779B97F4A7C15) >> 56;
  }
  [[nodiscard]] bool same_text(const Slot& slot, const char* p) const {
    return std::memcmp(labels_[slot.label].data(), p, slot.length) == 0;
  }
  void add_slowly(std::uint64_t word, std::uint64_t tail, const char* p, std::uint32_t length);

  bool overflowed_ = false;
  std::vector<std::string> labels_;
  std::vector<Slot> slots_;  // of each slot's first label; the others are searched for
};

}  // namespace tipple
