#include "formats/csv_label.h"

#include <algorithm>
#include <bit>

namespace tipple {
namespace {

constexpr int kMultipliersTried = 64;

}  // namespace

CsvVerdict CsvBoolParser::parse(std::string_view text, std::uint8_t* out) const {
  struct Word {
    std::string_view text;
    std::uint8_t value;
  };
  constexpr Word kWords[] = {{"true", 1}, {"false", 0}, {"t", 1}, {"f", 0}, {"1", 1}, {"0", 0}, {"yes", 1}, {"no", 0}};
  for (const Word& word : kWords) {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
    if (std::equal(text.begin(), text.end(), word.text.begin(), word.text.end(), same)) {
      *out = word.value;
      return {};
    }
  }
  return {CsvRule::kType, nullptr};
}

CsvEnumParser::CsvEnumParser(const std::vector<std::string>& labels) : labels_(labels) {
  for (std::size_t i = 0; i < labels_.size(); ++i) positions_.emplace(labels_[i], static_cast<std::uint16_t>(i));

  // Four slots a label and a few multipliers: for the usual dozen labels one of them keeps all apart.
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(labels_.size() * 4, 16));
  shift_ = 64 - std::countr_zero(slots);
  std::size_t placed_most = 0;
  std::uint64_t multiplier = 0x9E3779B97F4A7C15;
  const int tries = labels_.size() > 4096 ? 1 : kMultipliersTried;
  for (int i = 0; i < tries && placed_most < labels_.size(); ++i, multiplier = multiplier * 0xD1342543DE82EF95 + 2) {
    std::vector<Slot> table(slots);
    std::size_t placed = 0;
    for (std::size_t label = 0; label < labels_.size(); ++label) {
      char padded[8] = {};
      std::memcpy(padded, labels_[label].data(), std::min<std::size_t>(labels_[label].size(), 8));
      const std::uint64_t word = load_8_bytes(padded);
      const auto length = static_cast<std::uint32_t>(labels_[label].size());
      Slot& slot = table[((word ^ length) * multiplier) >> shift_];
      if (slot.length != kNoLabel) continue;
      slot = {word, length, static_cast<std::uint16_t>(label)};
      ++placed;
    }
    if (slots_.empty() || placed > placed_most) {
      placed_most = placed;
      slots_ = std::move(table);
      multiplier_ = multiplier;
    }
  }
}

CsvVerdict CsvEnumParser::parse(std::string_view text, std::uint16_t* out) const {
  const auto found = positions_.find(text);
  if (found == positions_.end()) return {CsvRule::kEnum, nullptr};
  *out = found->second;
  return {};
}

}  // namespace tipple
