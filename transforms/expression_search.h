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

// By a text's length, up to 8: which bits of its head are its own.
inline constexpr std::uint64_t kHeadBits[9] = {
    0,
    0xFF00000000000000,
    0xFFFF000000000000,
    0xFFFFFF0000000000,
    0xFFFFFFFF00000000,
    0xFFFFFFFFFF000000,
    0xFFFFFFFFFFFF0000,
    0xFFFFFFFFFFFFFF00,
    0xFFFFFFFFFFFFFFFF,
};
[[nodiscard]] inline std::uint64_t head_bits(std::size_t bytes) { return kHeadBits[bytes < 8 ? bytes : 8]; }

// A text's first 8 bytes as a number that sorts as they do; zeros stand behind a shorter one.
[[nodiscard]] inline std::uint64_t text_head(std::string_view text, const char* readable_end) {
  std::uint64_t word = 0;
  if (readable_end - text.data() >= 8) [[likely]]
    std::memcpy(&word, text.data(), 8);
  else if (!text.empty())
    std::memcpy(&word, text.data(), text.size() < 8 ? text.size() : 8);
  return __builtin_bswap64(word) & head_bits(text.size());
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
      : text_(text), head_(text_head(text, text.data() + text.size())), head_bits_(head_bits(text.size())) {}
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  // Precondition: size() bytes are at `place`.
  [[nodiscard]] bool stands_at(const char* place, const char* readable_end) const {
    if (readable_end - place < 8) [[unlikely]]
      return std::string_view(place, text_.size()) == text_;
    if (text_.size() <= 8) return head_stands_at(place);
    return head_stands_at(place) && rest_stands_at(place);
  }
  [[nodiscard]] bool is(std::string_view text, const char* readable_end) const {
    if (text.size() != text_.size()) return false;
    if (readable_end - text.data() < 8) [[unlikely]]
      return text == text_;
    return head_stands_at(text.data()) && (text_.size() <= 8 || rest_stands_at(text.data()));
  }

 private:
  // Precondition: 8 bytes can be read.
  [[nodiscard]] bool head_stands_at(const char* place) const {
    std::uint64_t word;
    std::memcpy(&word, place, 8);
    return ((__builtin_bswap64(word) ^ head_) & head_bits_) == 0;
  }
  [[nodiscard]] bool rest_stands_at(const char* place) const {
    return std::memcmp(place + 8, text_.data() + 8, text_.size() - 8) == 0;
  }

  std::string_view text_;
  std::uint64_t head_;
  std::uint64_t head_bits_;
};

// One constant text looked for in the texts of a column, row after row. It is searched for in all of them at once: rows
// before the next place where it stands cost a comparison.
// Technique: its first and its last byte at sixteen places at once (Mula, "SIMD-friendly algorithms for substring
// searching", 2016).
class TextFinder {
 public:
  // Precondition: `needle`, which outlives this, is not empty; `texts` is no scalar.
  TextFinder(const ExprVector& texts, std::string_view needle)
      : needle_(needle),
        front_(needle.front()),
        back_(needle.back()),
        size_(static_cast<std::ptrdiff_t>(needle.size())),
        end_(joined_texts(texts).data() + joined_texts(texts).size()),
        readable_end_(ExprTexts(texts).readable_end()) {}
  // The first one that lies in [from, end), a row's text or the rest of it; null: none. Precondition: `from` is not
  // before that of the last call.
  [[nodiscard]] const char* find(const char* from, const char* end) {
    if (next_ == nullptr || next_ < from) next_ = seek(from);
    return end - next_ >= size_ ? next_ : nullptr;
  }

 private:
  static constexpr std::ptrdiff_t kPlaces = 16;

  // The first one from `from` on, or end_.
  const char* seek(const char* from) {
    if (block_ != nullptr && from - block_ < kPlaces) {
      places_ &= ~std::uint32_t{0} << (from - block_);
    } else {
      block_ = from;
      places_ = look();
    }
    for (;;) {
      for (; places_ != 0; places_ &= places_ - 1) {
        const char* place = block_ + std::countr_zero(places_);
        if (end_ - place < size_) return end_;
        if (size_ <= 2 || needle_.stands_at(place, readable_end_)) return place;
      }
      if (end_ - block_ < size_ + kPlaces) return end_;
      block_ += kPlaces;
      places_ = look();
    }
  }

  // Bit i: both bytes stand where they would if it stood at block_ + i.
  [[nodiscard]] std::uint32_t look() const {
#if defined(__SSE2__)
    if (readable_end_ - block_ >= size_ + kPlaces - 1) [[likely]] {
      const __m128i front = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block_));
      const __m128i back = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block_ + size_ - 1));
      return static_cast<std::uint32_t>(_mm_movemask_epi8(
          _mm_and_si128(_mm_cmpeq_epi8(front, _mm_set1_epi8(front_)), _mm_cmpeq_epi8(back, _mm_set1_epi8(back_)))));
    }
#endif
    std::uint32_t places = 0;
    for (std::ptrdiff_t i = 0; i < kPlaces && end_ - block_ - i >= size_; ++i) {
      const bool both = block_[i] == front_ && block_[i + size_ - 1] == back_;
      places |= std::uint32_t{both} << i;
    }
    return places;
  }

  ConstantText needle_;
  char front_;
  char back_;
  std::ptrdiff_t size_;
  const char* end_;
  const char* readable_end_;
  const char* next_ = nullptr;   // the first one behind the last `from`; end_: there is none
  const char* block_ = nullptr;  // of kPlaces places that were looked at together
  std::uint32_t places_ = 0;     // those not yet passed
};

}  // namespace tipple
