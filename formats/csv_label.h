// Booleans and enum labels out of CSV text. The two ways in, fast() and parse(), are those of csv_number.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/csv_field.h"

namespace tipple {

// true, false, t, f, 1, 0, yes, no in any case; as a byte 1 or 0.
struct CsvBoolParser {
  using Value = std::uint8_t;
  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, std::uint8_t* out) const {
    if (length == 1 && (*p | 1) == '1') {
      *out = static_cast<std::uint8_t>(*p & 1);
      return true;
    }
    constexpr std::uint64_t kLowerCase = 0x2020202020202020;
    const std::uint64_t word = keep_first_bytes(load_8_bytes(p) | kLowerCase, length);
    constexpr std::uint64_t kTrue = 0x65757274;
    constexpr std::uint64_t kFalse = 0x65736C6166;
    *out = word == kTrue ? 1 : 0;
    return (word == kTrue && length == 4) || (word == kFalse && length == 5);
  }
  [[nodiscard]] CsvVerdict parse(std::string_view text, std::uint8_t* out) const;
};

// A label's position. Labels are found by a multiplicative hash without collisions among the first ones in the table's
// slots: one load, one compare; a label that found its slot taken is looked up by parse().
class CsvEnumParser {
 public:
  using Value = std::uint16_t;
  explicit CsvEnumParser(const std::vector<std::string>& labels);
  CsvEnumParser(CsvEnumParser&&) = default;  // moving keeps the labels where positions_ points; copying would not

  [[nodiscard, gnu::always_inline]] bool fast(const char* p, std::uint32_t length, std::uint16_t* out) const {
    const std::uint64_t word = keep_first_bytes(load_8_bytes(p), length);
    const Slot& slot = slots_[((word ^ length) * multiplier_) >> shift_];
    *out = slot.label;
    return slot.word == word && slot.length == length &&
           (length <= 8 || std::memcmp(p, labels_[slot.label].data(), length) == 0);
  }
  [[nodiscard]] CsvVerdict parse(std::string_view text, std::uint16_t* out) const;

 private:
  struct Slot {
    std::uint64_t word = 0;  // the label's first 8 bytes
    std::uint32_t length = kNoLabel;
    std::uint16_t label = 0;
  };
  static constexpr std::uint32_t kNoLabel = 0xFFFFFFFF;

  std::vector<std::string> labels_;
  std::unordered_map<std::string_view, std::uint16_t> positions_;  // of labels_' own bytes
  std::vector<Slot> slots_;
  std::uint64_t multiplier_ = 0;
  int shift_ = 0;
};

}  // namespace tipple
