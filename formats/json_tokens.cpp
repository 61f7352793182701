#include "formats/json_tokens.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "formats/json_tokens.cpp"
#ifndef HWY_WANT_AVX3_DL
#define HWY_WANT_AVX3_DL
#endif
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#endif
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway wants it.
#include <hwy/highway.h>

#include <bit>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace tipple {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kWordBytes = 64;

// What the bytes of one word are; bit k for byte k.
struct WordMasks {
  std::uint64_t backslashes = 0;
  std::uint64_t quotes = 0;
  std::uint64_t marks = 0;   // { } [ ] : ,
  std::uint64_t spaces = 0;  // space, tab, CR, LF
  std::uint64_t controls = 0;
  std::uint64_t non_ascii = 0;
};

#if HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR
using Bytes = hn::CappedTag<std::uint8_t, kWordBytes>;
constexpr std::size_t kLanes = HWY_MAX_BYTES < kWordBytes ? HWY_MAX_BYTES : kWordBytes;

template <typename Mask>
HWY_INLINE std::uint64_t bits_of(Mask mask) {
  std::uint8_t bits[8] = {};
  hn::StoreMaskBits(Bytes(), mask, bits);
  std::uint64_t out = 0;
  std::memcpy(&out, bits, kLanes / 8);
  return out;
}

HWY_INLINE WordMasks masks_of(const char* word) {
  const Bytes tag;
  const auto set = [&tag](char c) { return hn::Set(tag, static_cast<std::uint8_t>(c)); };
  WordMasks out;
  for (std::size_t i = 0; i < kWordBytes; i += kLanes) {
    const auto bytes = hn::LoadU(tag, reinterpret_cast<const std::uint8_t*>(word) + i);
    // [ and { are 0x20 apart, and so are ] and }; the low half has no other pair that could be taken for them.
    const auto folded = hn::Or(bytes, set(0x20));
    const auto braces = hn::Or(hn::Eq(folded, set('{')), hn::Eq(folded, set('}')));
    const auto marks = hn::Or(braces, hn::Or(hn::Eq(bytes, set(':')), hn::Eq(bytes, set(','))));
    const auto lines = hn::Or(hn::Eq(bytes, set('\n')), hn::Eq(bytes, set('\r')));
    const auto spaces = hn::Or(lines, hn::Or(hn::Eq(bytes, set(' ')), hn::Eq(bytes, set('\t'))));
    out.backslashes |= bits_of(hn::Eq(bytes, set('\\'))) << i;
    out.quotes |= bits_of(hn::Eq(bytes, set('"'))) << i;
    out.marks |= bits_of(marks) << i;
    out.spaces |= bits_of(spaces) << i;
    out.controls |= bits_of(hn::Eq(bytes, hn::Min(bytes, set(0x1F)))) << i;
    out.non_ascii |= bits_of(hn::Eq(bytes, hn::Max(bytes, set('\x80')))) << i;
  }
  return out;
}
#else
HWY_INLINE WordMasks masks_of(const char* word) {
  WordMasks out;
  for (std::size_t i = 0; i < kWordBytes; ++i) {
    const auto c = static_cast<unsigned char>(word[i]);
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (c == '\\') out.backslashes |= bit;
    if (c == '"') out.quotes |= bit;
    if (c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',') out.marks |= bit;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') out.spaces |= bit;
    if (c < 0x20) out.controls |= bit;
    if (c >= 0x80) out.non_ascii |= bit;
  }
  return out;
}
#endif

// Bit k: the parity of bits [0, k].
HWY_INLINE std::uint64_t prefix_xor(std::uint64_t bits) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_SSE2
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
#else
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
#endif
}

// What one word hands to the next.
class Finder {
 public:
  // The masks of 64 bytes: positions of tokens from `at` on go to `out`, which moves on.
  HWY_INLINE void add(const WordMasks& word, std::size_t at, std::uint32_t*& out) {
    const std::uint64_t quotes = word.quotes & ~escaped(word.backslashes);
    const std::uint64_t inside = prefix_xor(quotes) ^ inside_;  // from an opening quote to before the closing one
    inside_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(inside) >> 63);
    faults_ |= inside & word.controls;
    seen_backslashes_ |= word.backslashes;
    seen_non_ascii_ |= word.non_ascii;
    // A value that is no string begins where something stands that is neither mark nor space, and nothing such before
    // it. A quote right behind such a byte opens no token of its own: the value is bad, and the walk over the tokens
    // sees it.
    const std::uint64_t values = ~(word.marks | word.spaces);
    const std::uint64_t words = values & ~quotes;
    const std::uint64_t starts = values & ~(words << 1 | words_);
    words_ = words >> 63;
    std::uint64_t tokens = (word.marks | starts) & ~(inside ^ quotes);
    // Four at a time: most words have more than one, and what is written too much is overwritten.
    const auto count = std::popcount(tokens);
    for (std::uint32_t* put = out; tokens != 0; put += 4) {
      for (int i = 0; i < 4; ++i) {
        put[i] = static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(std::countr_zero(tokens));
        tokens &= tokens - 1;
      }
    }
    out += count;
  }

  [[nodiscard]] JsonTokens result() const {
    JsonTokens out;
    if (faults_ != 0) {
      out.fault = JsonTextFault::kControlInString;
    } else if (inside_ != 0) {
      out.fault = JsonTextFault::kOpenString;
    }
    out.escapes = seen_backslashes_ != 0;
    out.non_ascii = seen_non_ascii_ != 0;
    return out;
  }

 private:
  // The bytes behind an odd number of backslashes.
  HWY_INLINE std::uint64_t escaped(std::uint64_t backslashes) {
    if (backslashes == 0) {
      const std::uint64_t first = escaping_;
      escaping_ = 0;
      return first;
    }
    constexpr std::uint64_t kEven = 0x5555555555555555;
    backslashes &= ~escaping_;
    const std::uint64_t follows = backslashes << 1 | escaping_;
    const std::uint64_t odd_starts = backslashes & ~kEven & ~follows;
    std::uint64_t even_runs = 0;
    escaping_ = __builtin_add_overflow(odd_starts, backslashes, &even_runs) ? 1 : 0;
    return (kEven ^ (even_runs << 1)) & follows;
  }

  std::uint64_t escaping_ = 0;  // bit 0: the word's first byte is escaped
  std::uint64_t inside_ = 0;    // all ones between quotes
  std::uint64_t words_ = 0;     // bit 0: the last byte belongs to a value that is no string
  std::uint64_t faults_ = 0;
  std::uint64_t seen_backslashes_ = 0;
  std::uint64_t seen_non_ascii_ = 0;
};

JsonTokens find_tokens(const char* text, std::size_t size, std::uint32_t* out) {
  std::uint32_t* next = out;
  Finder finder;
  std::size_t at = 0;
  for (; at + kWordBytes <= size; at += kWordBytes) finder.add(masks_of(text + at), at, next);
  if (at < size) {
    char padded[kWordBytes];
    std::memset(padded, ' ', sizeof(padded));
    std::memcpy(padded, text + at, size - at);
    finder.add(masks_of(padded), at, next);
  }
  *next = static_cast<std::uint32_t>(size);
  JsonTokens result = finder.result();
  result.count = static_cast<std::size_t>(next - out);
  return result;
}

}  // namespace HWY_NAMESPACE
}  // namespace tipple
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tipple {

HWY_EXPORT(find_tokens);

JsonTokens find_json_tokens(std::string_view text, std::uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(find_tokens)(text.data(), text.size(), out);
}

}  // namespace tipple
#endif
