#include "formats/infer_labels.h"

#include <algorithm>

namespace tipple {

void LabelSet::add_slowly(std::uint64_t word, std::uint64_t tail, const char* p, std::uint32_t length) {
  const std::string_view text(p, length);
  if (std::find(labels_.begin(), labels_.end(), text) != labels_.end()) return;
  if (length > kLabelBytesMax || labels_.size() == kLabelsMax) {
    *this = LabelSet();
    overflowed_ = true;
    return;
  }
  if (slots_.empty()) slots_.resize(kSlots);
  Slot& slot = slots_[slot_of(word, tail, length)];
  if (slot.length == kNoLabel) slot = {word, tail, length, static_cast<std::uint32_t>(labels_.size())};
  labels_.emplace_back(text);
}

void LabelSet::merge(const LabelSet& other) {
  if (other.overflowed_) {
    *this = LabelSet();
    overflowed_ = true;
  }
  for (const std::string& label : other.labels_) {
    char padded[kLabelBytesMax + 8] = {};
    std::memcpy(padded, label.data(), label.size());
    add(padded, static_cast<std::uint32_t>(label.size()));
  }
}

std::vector<std::string> LabelSet::sorted() const {
  std::vector<std::string> labels = labels_;
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace tipple
