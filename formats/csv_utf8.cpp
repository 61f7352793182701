#include "formats/csv_utf8.h"

#include <cstdint>

#include "formats/csv_field.h"

namespace tipple {
namespace {

// Bytes that follow the lead byte `lead`, and the bounds of the first of them; an empty range after what is no lead
// byte.
struct Lead {
  std::size_t following;
  unsigned char low;
  unsigned char high;
};

constexpr Lead kNoLead{1, 1, 0};

Lead lead_of(unsigned char lead) {
  if (lead < 0xC2) return kNoLead;
  if (lead < 0xE0) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead < 0xF0) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead < 0xF4) return {3, 0x80, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return kNoLead;
}

constexpr std::uint64_t kHighBits = 0x8080808080808080;

}  // namespace

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p != end) {
    while (end - p >= 8 && (load_8_bytes(reinterpret_cast<const char*>(p)) & kHighBits) == 0) p += 8;
    if (p == end) break;
    if (*p < 0x80) {
      ++p;
      continue;
    }
    const Lead lead = lead_of(*p);
    if (static_cast<std::size_t>(end - p) <= lead.following || p[1] < lead.low || p[1] > lead.high) return false;
    for (std::size_t i = 2; i <= lead.following; ++i) {
      if ((p[i] & 0xC0) != 0x80) return false;
    }
    p += 1 + lead.following;
  }
  return true;
}

bool is_ascii_without_nul(std::string_view text) {
  const char* p = text.data();
  std::size_t left = text.size();
  // A byte minus one has its high bit set for NUL, the byte itself beyond ASCII. Clean bytes borrow nothing from one
  // another.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::size_t kStride = 256;  // long enough for vectors in flight, short enough to stop early
  for (; left >= kStride; p += kStride, left -= kStride) {
    std::uint64_t faults = 0;
    for (std::size_t i = 0; i < kStride; i += 8) {
      const std::uint64_t word = load_8_bytes(p + i);
      faults |= (word - kOnes) | word;
    }
    if ((faults & kHighBits) != 0) return false;
  }
  for (; left > 0; ++p, --left) {
    if (static_cast<signed char>(*p) <= 0) return false;
  }
  return true;
}

}  // namespace tipple
