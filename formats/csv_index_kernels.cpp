#include "formats/csv_index_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "formats/csv_index_kernels.cpp"
#ifndef HWY_WANT_AVX3_DL
#define HWY_WANT_AVX3_DL
#endif
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#endif
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway wants it.
#include <hwy/highway.h>

#include <atomic>
#include <cstring>

#include "base/check.h"
#include "formats/csv_index.h"

HWY_BEFORE_NAMESPACE();
namespace tipple {
namespace HWY_NAMESPACE {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
// No vectors: the state machine is as good.
const CsvKernel* native_kernel() { return nullptr; }
#else
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<std::uint8_t, kCsvWordBytes>;
using Vector = hn::Vec<Bytes>;

// One 64-byte word, compared with a byte at a time. It stays in memory: a compare loads as fast as it reads a register.
class Word {
 public:
  HWY_INLINE explicit Word(const char* bytes) : bytes_(reinterpret_cast<const std::uint8_t*>(bytes)) {}

  // Bit k: byte k equals `byte`.
  HWY_INLINE std::uint64_t equal(Vector byte) const {
    const Bytes tag;
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < kCsvWordBytes; i += kLanes) {
      std::uint8_t bits[8] = {};
      hn::StoreMaskBits(tag, hn::Eq(hn::LoadU(tag, bytes_ + i), byte), bits);
      std::uint64_t part = 0;
      std::memcpy(&part, bits, kLanes / 8);
      mask |= part << i;
    }
    return mask;
  }

 private:
  static constexpr std::size_t kLanes = HWY_MAX_BYTES < kCsvWordBytes ? HWY_MAX_BYTES : kCsvWordBytes;
  const std::uint8_t* bytes_;
};

// Bit k: the parity of bits [0, k].
HWY_INLINE std::uint64_t prefix_xor(std::uint64_t bits) {
#if HWY_ARCH_X86
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
#else
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
#endif
}

// What the masks of one word say.
struct Masks {
  std::uint64_t line_ends;    // all
  std::uint64_t ends;         // delimiters and line ends outside quotes
  std::uint64_t record_ends;  // line ends outside quotes
  std::uint64_t inside;       // from an opening quote to before the closing one
  std::uint64_t may_open;     // behind these a quote may open
  std::uint64_t escaping;     // bit 0: the byte behind the word is literal
  std::uint64_t unusual;      // not 0: the other masks do not hold; ask the state machine
};

// The dialect as vectors and masks, and what one word hands to the next. kSimple: neither escape nor comment
// characters.
//
// Inside quotes = parity of the quotes so far. That holds as long as every quote that opens stands at the start of a
// field or directly behind one that closes (a doubled quote: it opens again). The first quote that breaks this stands
// in a bare field, or in the text behind a closing quote, where it means nothing: it is taken out, and the rest of the
// word is looked at again. What the masks cannot say is unusual, where it matters: a comment character or a line end at
// the start of a record, and a line end behind a record of one byte (which may be a CR).
template <bool kSimple>
class Reader {
 public:
  HWY_INLINE Reader(const CsvRules& rules, CsvState state)
      : delimiter_(set(rules.delimiter())),
        line_end_(set(rules.line_end())),
        quote_(set(rules.quote())),
        escape_(set(rules.escape())),
        comment_(set(rules.comment())),
        quotes_(all_if(rules.has_quote())),
        doubled_(all_if(!rules.has_escape())),
        escapes_(all_if(rules.has_escape())),
        comments_(all_if(rules.has_comment())),
        blanks_(all_if(rules.skip_blank())) {
    enter(state);
  }

  // False: the state machine must take the bytes until its state is another.
  static HWY_INLINE bool can_enter(CsvState state) { return state != CsvState::kComment; }

  HWY_INLINE void enter(CsvState state) {
    inside_ = all_if(state == CsvState::kQuoted || state == CsvState::kQuotedEscape);
    escaping_ = state == CsvState::kBareEscape || state == CsvState::kQuotedEscape;
    may_open_ = state == CsvState::kRecordStart || state == CsvState::kFieldStart || state == CsvState::kQuoteInQuoted;
    record_ends_ = state == CsvState::kRecordStart ? std::uint64_t{1} << 63
                   : state == CsvState::kCrAtStart ? std::uint64_t{1} << 62
                                                   : 0;
  }

  // The state behind the last usual word, whose last byte is `last`.
  HWY_INLINE CsvState leave(const CsvRules& rules, char last) const {
    if (escaping_ != 0) return inside_ != 0 ? CsvState::kQuotedEscape : CsvState::kBareEscape;
    if (inside_ != 0) return CsvState::kQuoted;
    if (record_ends_ >> 63 != 0) return CsvState::kRecordStart;
    if (may_open_ != 0) return last == rules.delimiter() ? CsvState::kFieldStart : CsvState::kQuoteInQuoted;
    const bool second = record_ends_ >> 62 != 0;
    if (second && last == '\r' && rules.line_end() == '\n' && rules.skip_blank()) return CsvState::kCrAtStart;
    return CsvState::kBare;
  }

  // What stands in the next word.
  HWY_INLINE Masks look(const Word& word) const {
    Masks masks;
    masks.line_ends = word.equal(line_end_);
    masks.escaping = 0;
    std::uint64_t quotes = word.equal(quote_) & quotes_;
    std::uint64_t ends = word.equal(delimiter_) | masks.line_ends;
    if constexpr (!kSimple) {
      const std::uint64_t literal = find_literal(word.equal(escape_) & escapes_, masks.escaping);
      quotes &= ~literal;
      ends &= ~literal;
    }
    for (;;) {
      masks.inside = prefix_xor(quotes) ^ inside_;
      masks.ends = ends & ~masks.inside;
      masks.may_open = masks.ends | (quotes & ~masks.inside & (kSimple ? ~std::uint64_t{0} : doubled_));
      const std::uint64_t wrong = quotes & masks.inside & ~(masks.may_open << 1 | may_open_);
      if (wrong == 0) [[likely]]
        break;
      quotes &= ~(wrong & -wrong);
    }
    masks.record_ends = masks.ends & masks.line_ends;
    const std::uint64_t starts = masks.record_ends << 1 | record_ends_ >> 63;
    const std::uint64_t seconds = masks.record_ends << 2 | record_ends_ >> 62;
    masks.unusual = masks.record_ends & (starts | seconds) & blanks_;
    if constexpr (!kSimple) masks.unusual |= word.equal(comment_) & starts & comments_;
    return masks;
  }

  // Takes over where a copy of this reader stands.
  HWY_INLINE void carry(const Reader& other) {
    inside_ = other.inside_;
    escaping_ = other.escaping_;
    may_open_ = other.may_open_;
    record_ends_ = other.record_ends_;
  }

  // Goes past it. Precondition: nothing in it is unusual.
  HWY_INLINE void pass(const Masks& masks) {
    inside_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(masks.inside) >> 63);
    may_open_ = masks.may_open >> 63;
    record_ends_ = masks.record_ends;
    if constexpr (!kSimple) escaping_ = masks.escaping;
  }

 private:
  static HWY_INLINE Vector set(char byte) { return hn::Set(Bytes(), static_cast<std::uint8_t>(byte)); }
  static HWY_INLINE std::uint64_t all_if(bool condition) { return condition ? ~std::uint64_t{0} : 0; }

  // The bytes behind an escape character that is not itself literal. Such characters are rare: one at a time.
  HWY_INLINE std::uint64_t find_literal(std::uint64_t escapes, std::uint64_t& escaping) const {
    std::uint64_t literal = escaping_;
    escapes &= ~literal;
    while (escapes != 0) {
      const std::uint64_t first = escapes & -escapes;
      if (first >> 63 != 0) escaping = 1;
      literal |= first << 1;
      escapes &= ~(first | first << 1);
    }
    return literal;
  }

  const Vector delimiter_, line_end_, quote_, escape_, comment_;
  const std::uint64_t quotes_, doubled_, escapes_, comments_, blanks_;  // all ones where the dialect has the thing
  std::uint64_t inside_;                                                // all ones: the last byte was inside quotes
  std::uint64_t escaping_;                                              // bit 0: the next byte is literal
  std::uint64_t may_open_;                                              // bit 0: a quote may stand at the next byte
  std::uint64_t record_ends_;                                           // of the word before
};

#if HWY_TARGET == HWY_AVX3_DL
HWY_INLINE void store_16(std::uint32_t* to, __m512i offsets, std::uint32_t base) {
  _mm512_storeu_si512(to, _mm512_add_epi32(offsets, _mm512_set1_epi32(static_cast<int>(base))));
}
#endif

// Where the lowest one stands; anything if there is none.
HWY_INLINE std::uint32_t lowest_one(std::uint64_t bits) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return static_cast<std::uint32_t>(_tzcnt_u64(bits));
#else
  return static_cast<std::uint32_t>(__builtin_ctzll(bits | std::uint64_t{1} << 63));
#endif
}

// Appends base + k for each bit k; may write up to 72 positions in all.
HWY_INLINE std::uint32_t* write_positions(std::uint64_t bits, std::uint32_t base, std::uint32_t* to) {
  const auto count = static_cast<std::size_t>(__builtin_popcountll(bits));
#if HWY_TARGET == HWY_AVX3_DL
  alignas(64) static constexpr std::uint8_t kCounting[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  const __m512i offsets = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(kCounting));
  store_16(to, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(offsets)), base);
  if (count > 16) [[unlikely]] {
    store_16(to + 16, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(offsets, 1)), base);
    store_16(to + 32, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(offsets, 2)), base);
    store_16(to + 48, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(offsets, 3)), base);
  }
#else
  // A dozen at a time whether there are that many or not: a branch on each would be guessed wrong.
  for (std::size_t done = 0; done < count; done += 12) {
    for (std::size_t i = done; i < done + 12; ++i) {
      to[i] = base + lowest_one(bits);
      bits &= bits - 1;
    }
  }
#endif
  return to + count;
}

// What the loop over usual words carries: few enough variables to stay in registers.
struct Counts {
  std::uint32_t* ends;
  std::uint64_t records = 0;
  std::uint64_t lines = 0;
};

// Consumes usual words of bytes[pos, end), up to the first other one; returns where it stands.
template <bool kSimple>
HWY_INLINE std::size_t index_usual(Reader<kSimple>& shared_reader, const char* bytes, std::size_t pos, std::size_t end,
                                   Counts& shared) {
  Reader<kSimple> reader = shared_reader;
  Counts counts = shared;
  for (; end - pos >= kCsvWordBytes; pos += kCsvWordBytes) {
    const Masks masks = reader.look(Word(bytes + pos));
    if (masks.unusual != 0) [[unlikely]]
      break;
    reader.pass(masks);
    counts.ends = write_positions(masks.ends, static_cast<std::uint32_t>(pos), counts.ends);
    counts.records += static_cast<std::uint64_t>(__builtin_popcountll(masks.record_ends));
    counts.lines += static_cast<std::uint64_t>(__builtin_popcountll(masks.line_ends));
  }
  shared_reader.carry(reader);
  shared = counts;
  return pos;
}

// The same without field ends; with `stops` all ones, also up to the first word in which a record ends.
template <bool kSimple>
HWY_INLINE std::size_t skip_usual(Reader<kSimple>& shared_reader, const char* bytes, std::size_t pos, std::size_t end,
                                  std::uint64_t stops, Counts& shared) {
  Reader<kSimple> reader = shared_reader;
  std::uint64_t lines = 0;
  for (; end - pos >= kCsvWordBytes; pos += kCsvWordBytes) {
    const Masks masks = reader.look(Word(bytes + pos));
    if ((masks.unusual | (masks.record_ends & stops)) != 0) [[unlikely]]
      break;
    reader.pass(masks);
    lines += static_cast<std::uint64_t>(__builtin_popcountll(masks.line_ends));
  }
  shared_reader.carry(reader);
  shared.lines += lines;
  return pos;
}

// Usual words here, each other word by the state machine.
template <bool kSimple, bool kIndex>
void scan_words(const CsvRules& rules, CsvScan& scan, std::size_t end, bool stop) {
  Reader<kSimple> reader(rules, scan.state);
  const std::uint64_t stops = stop ? ~std::uint64_t{0} : 0;
  while (end - scan.pos >= kCsvWordBytes) {
    if (Reader<kSimple>::can_enter(scan.state)) {
      Counts counts{.ends = scan.ends};
      const std::size_t pos = kIndex ? index_usual(reader, scan.bytes, scan.pos, end, counts)
                                     : skip_usual(reader, scan.bytes, scan.pos, end, stops, counts);
      if (pos != scan.pos) scan.state = reader.leave(rules, scan.bytes[pos - 1]);
      scan.pos = pos;
      scan.ends = counts.ends;
      scan.records += counts.records;
      scan.lines += counts.lines;
      if (end - scan.pos < kCsvWordBytes) return;
    }
    if (stop) return;
    if constexpr (kIndex) {
      csv_index_bytes(rules, scan, scan.pos + kCsvWordBytes);
    } else {
      csv_skip_bytes(rules, scan, scan.pos + kCsvWordBytes, false);
    }
    reader.enter(scan.state);
  }
}

bool simple(const CsvRules& rules) { return !rules.has_escape() && !rules.has_comment(); }

void index(const CsvRules& rules, CsvScan& scan, std::size_t end) {
  simple(rules) ? scan_words<true, true>(rules, scan, end, false) : scan_words<false, true>(rules, scan, end, false);
}

void skip(const CsvRules& rules, CsvScan& scan, std::size_t end, bool stop) {
  simple(rules) ? scan_words<true, false>(rules, scan, end, stop) : scan_words<false, false>(rules, scan, end, stop);
}

const CsvKernel* native_kernel() {
#if HWY_TARGET == HWY_AVX3_DL
  constexpr std::string_view kName = "avx3_dl";
#elif HWY_TARGET == HWY_AVX3
  constexpr std::string_view kName = "avx3";
#elif HWY_TARGET == HWY_AVX2
  constexpr std::string_view kName = "avx2";
#elif HWY_TARGET == HWY_SSE4
  constexpr std::string_view kName = "sse4";
#else
  constexpr std::string_view kName = "vector";
#endif
  static constexpr CsvKernel kKernel{kName, &index, &skip};
  return &kKernel;
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace tipple
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tipple {
namespace {

HWY_EXPORT(native_kernel);

void index_by_state(const CsvRules& rules, CsvScan& scan, std::size_t end) {
  csv_index_bytes(rules, scan, scan.pos + (end - scan.pos) / kCsvWordBytes * kCsvWordBytes);
}

void skip_by_state(const CsvRules& rules, CsvScan& scan, std::size_t end, bool stop) {
  if (!stop) csv_skip_bytes(rules, scan, scan.pos + (end - scan.pos) / kCsvWordBytes * kCsvWordBytes, false);
}

constexpr CsvKernel kScalar{"scalar", &index_by_state, &skip_by_state};

const CsvKernel& best_kernel() {
  const CsvKernel* native = HWY_DYNAMIC_DISPATCH(native_kernel)();
  return native != nullptr ? *native : kScalar;
}

std::atomic<const CsvKernel*> forced_kernel{nullptr};

// Highway lets a caller narrow the instruction sets that it dispatches to; what another thread dispatches meanwhile
// stays valid.
std::vector<CsvKernel> make_kernel_table() {
  std::vector<CsvKernel> table;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    const CsvKernel* kernel = HWY_DYNAMIC_DISPATCH(native_kernel)();
    if (kernel != nullptr) table.push_back(*kernel);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  table.push_back(kScalar);
  return table;
}

}  // namespace

const std::vector<CsvKernel>& csv_kernel_table() {
  static const std::vector<CsvKernel> table = make_kernel_table();
  return table;
}

const CsvKernel& csv_kernel() {
  static const CsvKernel& best = best_kernel();
  const CsvKernel* forced = forced_kernel.load(std::memory_order_relaxed);
  return forced != nullptr ? *forced : best;
}

std::vector<std::string_view> csv_kernels() {
  std::vector<std::string_view> names;
  for (const CsvKernel& kernel : csv_kernel_table()) names.push_back(kernel.name);
  return names;
}

void force_csv_kernel(std::string_view name) {
  if (name.empty()) return forced_kernel.store(nullptr, std::memory_order_relaxed);
  for (const CsvKernel& kernel : csv_kernel_table()) {
    if (kernel.name == name) return forced_kernel.store(&kernel, std::memory_order_relaxed);
  }
  TIPPLE_CHECK(false, "no CSV kernel of this name on this machine");
}

void csv_index_bytes(const CsvRules& rules, CsvScan& scan, std::size_t end) {
  CsvScan now = scan;
  for (; now.pos < end; ++now.pos) {
    const char byte = now.bytes[now.pos];
    const CsvStep& step = rules.step(now.state, byte);
    now.state = step.next;
    now.lines += byte == rules.line_end();
    *now.ends = static_cast<std::uint32_t>(now.pos);  // kept if the field ends here
    now.ends += step.ends_field;
    now.records += step.ends_record;
    if (step.ends_skipped) [[unlikely]]
      now.skipped_end = now.pos + 1;
  }
  scan = now;
}

bool csv_skip_bytes(const CsvRules& rules, CsvScan& scan, std::size_t end, bool stop) {
  CsvScan now = scan;
  bool stopped = false;
  while (now.pos < end && !stopped) {
    const char byte = now.bytes[now.pos++];
    const CsvStep& step = rules.step(now.state, byte);
    now.state = step.next;
    now.lines += byte == rules.line_end();
    stopped = stop && (step.ends_record || step.ends_skipped);
  }
  scan = now;
  return stopped;
}

}  // namespace tipple
#endif  // HWY_ONCE
