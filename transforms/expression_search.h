// Texts found and compared a machine word or sixteen bytes at a time. Private to transforms/expression_*.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "transforms/expression_rows.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tipple {

// A text's first 8 bytes as a number that sorts as they do; zeros stand behind a shorter one.
[[nodiscard]] inline std::uint64_t text_head(std::string_view text, const char* readable_end) {
  std::uint64_t word = 0;
  if (readable_end - text.data() >= 8) [[likely]]
    std::memcpy(&word, text.data(), 8);
  else if (!text.empty())
    std::memcpy(&word, text.data(), text.size() < 8 ? text.size() : 8);
  word = __builtin_bswap64(word);
  return text.size() >= 8 ? word : word & ~(~std::uint64_t{0} >> (8 * text.size()));
}

// A text that is compared by its head first; the order is that of the bytes.
struct HeadedText {
  std::uint64_t head = 0;
  std::string_view text;

  friend bool operator==(const HeadedText& a, const HeadedText& b) {
    if (a.head != b.head || a.text.size() != b.text.size()) return false;
    return a.text.size() <= 8 || std::memcmp(a.text.data() + 8, b.text.data() + 8, a.text.size() - 8) == 0;
  }
  friend bool operator<(const HeadedText& a, const HeadedText& b) {
    return a.head != b.head ? a.head < b.head : a.text < b.text;
  }
};

class HeadedTexts {
 public:
  explicit HeadedTexts(const ExprVector& vector) : texts_(vector) {}
  [[nodiscard]] HeadedText operator[](std::int64_t row) const {
    const std::string_view text = texts_[row];
    return {text_head(text, texts_.readable_end()), text};
  }

 private:
  ExprTexts texts_;
};

// A constant that rows' texts are compared with at one place.
class ConstantText {
 public:
  // `text` outlives this.
  explicit ConstantText(std::string_view text)
      : text_(text),
        head_(text_head(text, text.data() + text.size())),
        head_bits_(text.size() >= 8 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> (8 * text.size()))) {}
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  // Precondition: size() bytes are at `place`.
  [[nodiscard]] bool stands_at(const char* place, const char* readable_end) const {
    if (readable_end - place < 8) [[unlikely]]
      return std::string_view(place, text_.size()) == text_;
    std::uint64_t word;
    std::memcpy(&word, place, 8);
    if (((__builtin_bswap64(word) ^ head_) & head_bits_) != 0) return false;
    return text_.size() <= 8 || std::memcmp(place + 8, text_.data() + 8, text_.size() - 8) == 0;
  }

 private:
  std::string_view text_;
  std::uint64_t head_;
  std::uint64_t head_bits_;
};

// The first `needle` in [from, end), or `end`. Bytes up to `readable_end` may be looked at. Precondition: it is not
// empty.
// Technique: the first and the last byte of the needle at sixteen places at once (Mula, "SIMD-friendly algorithms for
// substring searching", 2016).
[[nodiscard]] inline const char* find_text(const char* from, const char* end, const char* readable_end,
                                           std::string_view needle) {
  const auto size = static_cast<std::ptrdiff_t>(needle.size());
  const char* at = from;
#if defined(__SSE2__)
  const __m128i first = _mm_set1_epi8(needle.front());
  const __m128i last = _mm_set1_epi8(needle.back());
  for (; end - at >= size && readable_end - at >= size + 15; at += 16) {
    const __m128i front = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i back = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + size - 1));
    auto hits = static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(front, first), _mm_cmpeq_epi8(back, last))));
    for (; hits != 0; hits &= hits - 1) {
      const char* hit = at + std::countr_zero(hits);
      if (end - hit < size) return end;
      if (size <= 2 || std::memcmp(hit + 1, needle.data() + 1, needle.size() - 2) == 0) return hit;
    }
  }
#endif
  for (; end - at >= size; ++at) {
    if (*at == needle.front() && std::memcmp(at, needle.data(), needle.size()) == 0) return at;
  }
  return end;
}

// One constant text looked for in the texts of a column, row after row. It is searched for in all of them at once: rows
// before the next place where it stands cost a comparison.
class TextFinder {
 public:
  // Precondition: `needle`, which outlives this, is not empty; `texts` is no scalar.
  TextFinder(const ExprVector& texts, std::string_view needle)
      : needle_(needle),
        size_(static_cast<std::ptrdiff_t>(needle.size())),
        end_(joined_texts(texts).data() + joined_texts(texts).size()),
        readable_end_(ExprTexts(texts).readable_end()),
        next_(nullptr) {}
  // The first one that lies in [from, end), a row's text or the rest of it; null: none. Precondition: `from` is not
  // before that of the last call.
  [[nodiscard]] const char* find(const char* from, const char* end) {
    if (next_ == nullptr || next_ < from) next_ = find_text(from, end_, readable_end_, needle_);
    return end - next_ >= size_ ? next_ : nullptr;
  }

 private:
  std::string_view needle_;
  std::ptrdiff_t size_;
  const char* end_;
  const char* readable_end_;
  const char* next_;  // the first one behind the last `from`; end_: there is none
};

}  // namespace tipple
