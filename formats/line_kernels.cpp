#include "formats/line_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "formats/line_kernels.cpp"
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

#if HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR
// Bit k: byte k of the word at `bytes` is LF.
HWY_INLINE std::uint64_t line_end_mask(const char* bytes) {
  const hn::CappedTag<std::uint8_t, kWordBytes> tag;
  constexpr std::size_t kLanes = HWY_MAX_BYTES < kWordBytes ? HWY_MAX_BYTES : kWordBytes;
  const auto line_end = hn::Set(tag, static_cast<std::uint8_t>('\n'));
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kWordBytes; i += kLanes) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(tag, hn::Eq(hn::LoadU(tag, reinterpret_cast<const std::uint8_t*>(bytes) + i), line_end), bits);
    std::uint64_t part = 0;
    std::memcpy(&part, bits, kLanes / 8);
    mask |= part << i;
  }
  return mask;
}
#else
HWY_INLINE std::uint64_t line_end_mask(const char* bytes) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kWordBytes; ++i) mask |= std::uint64_t{bytes[i] == '\n'} << i;
  return mask;
}
#endif

std::size_t find_ends(const char* bytes, std::size_t begin, std::size_t end, std::uint32_t* out) {
  std::uint32_t* next = out;
  std::size_t at = begin;
  for (; at + kWordBytes <= end; at += kWordBytes) {
    for (std::uint64_t mask = line_end_mask(bytes + at); mask != 0; mask &= mask - 1) {
      *next++ = static_cast<std::uint32_t>(at + static_cast<std::size_t>(std::countr_zero(mask)));
    }
  }
  for (; at < end; ++at) {
    if (bytes[at] == '\n') *next++ = static_cast<std::uint32_t>(at);
  }
  return static_cast<std::size_t>(next - out);
}

}  // namespace HWY_NAMESPACE
}  // namespace tipple
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tipple {

HWY_EXPORT(find_ends);

std::size_t find_line_ends(const char* bytes, std::size_t begin, std::size_t end, std::uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(find_ends)(bytes, begin, end, out);
}

}  // namespace tipple
#endif
