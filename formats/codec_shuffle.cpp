#include "formats/codec_shuffle.h"

#include <array>
#include <cstring>

namespace tipple {
namespace {

// 16 elements at a time. Number the bytes of 16 elements of w bytes by (element, byte): shuffling is a rotation of that
// address's bits, and interleaving the two halves of the buffer rotates by one bit. Four rounds turn (element, byte)
// into (byte, element); log2(w) rounds turn it back. Compilers make one instruction of each half interleave on x86-64
// (punpck) and on Arm (zip).
using Vec = std::uint8_t __attribute__((vector_size(16)));
constexpr std::size_t kVecBytes = sizeof(Vec);

inline Vec load(const std::uint8_t* from) {
  Vec value;
  std::memcpy(&value, from, kVecBytes);
  return value;
}

inline void store(std::uint8_t* to, Vec value) { std::memcpy(to, &value, kVecBytes); }

inline Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

inline Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

template <std::size_t kVecs>
[[gnu::always_inline]] inline void rotate_once(std::array<Vec, kVecs>& vecs) {
  std::array<Vec, kVecs> next;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kVecs / 2; ++i) {
    next[2 * i] = interleave_low(vecs[i], vecs[i + kVecs / 2]);
    next[2 * i + 1] = interleave_high(vecs[i], vecs[i + kVecs / 2]);
  }
  vecs = next;
}

template <std::size_t kElementBytes>
void shuffle_power_of_two(const std::uint8_t* elements, std::size_t count, std::uint8_t* planes,
                          std::size_t plane_bytes) {
  std::size_t at = 0;
  for (; at + kVecBytes <= count; at += kVecBytes) {
    std::array<Vec, kElementBytes> vecs;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kElementBytes; ++i) vecs[i] = load(elements + at * kElementBytes + i * kVecBytes);
    for (int round = 0; round < 4; ++round) rotate_once(vecs);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kElementBytes; ++i) store(planes + i * plane_bytes + at, vecs[i]);
  }
  for (; at < count; ++at) {
    for (std::size_t i = 0; i < kElementBytes; ++i) planes[i * plane_bytes + at] = elements[at * kElementBytes + i];
  }
}

template <std::size_t kElementBytes>
void unshuffle_power_of_two(const std::uint8_t* planes, std::size_t count, std::uint8_t* elements) {
  constexpr int kRounds = kElementBytes == 2 ? 1 : kElementBytes == 4 ? 2 : kElementBytes == 8 ? 3 : 4;
  std::size_t at = 0;
  for (; at + kVecBytes <= count; at += kVecBytes) {
    std::array<Vec, kElementBytes> vecs;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kElementBytes; ++i) vecs[i] = load(planes + i * count + at);
    for (int round = 0; round < kRounds; ++round) rotate_once(vecs);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kElementBytes; ++i) store(elements + at * kElementBytes + i * kVecBytes, vecs[i]);
  }
  for (; at < count; ++at) {
    for (std::size_t i = 0; i < kElementBytes; ++i) elements[at * kElementBytes + i] = planes[i * count + at];
  }
}

// Any width: bytes [first, first + planes) of each element, 16 at most, through the 16-byte kernel; the bytes that a
// 16-byte load takes beyond them are dropped. `readable`: bytes that may be read from `elements`.
void shuffle_band(std::size_t element_bytes, const std::uint8_t* elements, std::size_t count, std::size_t readable,
                  std::size_t first, std::uint8_t* planes, std::size_t plane_bytes) {
  const std::size_t band = element_bytes - first < kVecBytes ? element_bytes - first : kVecBytes;
  std::size_t at = 0;
  for (; at + kVecBytes <= count && (at + kVecBytes - 1) * element_bytes + first + kVecBytes <= readable;
       at += kVecBytes) {
    std::array<Vec, kVecBytes> vecs;
    for (std::size_t i = 0; i < kVecBytes; ++i) vecs[i] = load(elements + (at + i) * element_bytes + first);
    for (int round = 0; round < 4; ++round) rotate_once(vecs);
    for (std::size_t i = 0; i < band; ++i) store(planes + (first + i) * plane_bytes + at, vecs[i]);
  }
  for (; at < count; ++at) {
    for (std::size_t i = first; i < first + band; ++i) planes[i * plane_bytes + at] = elements[at * element_bytes + i];
  }
}

}  // namespace

void shuffle(std::size_t element_bytes, const std::uint8_t* elements, std::size_t count, std::uint8_t* planes,
             std::size_t plane_bytes) {
  switch (element_bytes) {
    case 1:
      if (count > 0) std::memcpy(planes, elements, count);  // no elements may have no address
      return;
    case 2:
      return shuffle_power_of_two<2>(elements, count, planes, plane_bytes);
    case 4:
      return shuffle_power_of_two<4>(elements, count, planes, plane_bytes);
    case 8:
      return shuffle_power_of_two<8>(elements, count, planes, plane_bytes);
    case 16:
      return shuffle_power_of_two<16>(elements, count, planes, plane_bytes);
    default:
      break;
  }
  for (std::size_t first = 0; first < element_bytes; first += kVecBytes) {
    shuffle_band(element_bytes, elements, count, count * element_bytes, first, planes, plane_bytes);
  }
}

void unshuffle(std::size_t element_bytes, const std::uint8_t* planes, std::size_t count, std::uint8_t* elements) {
  switch (element_bytes) {
    case 1:
      if (count > 0) std::memcpy(elements, planes, count);  // no elements may have no address
      return;
    case 2:
      return unshuffle_power_of_two<2>(planes, count, elements);
    case 4:
      return unshuffle_power_of_two<4>(planes, count, elements);
    case 8:
      return unshuffle_power_of_two<8>(planes, count, elements);
    case 16:
      return unshuffle_power_of_two<16>(planes, count, elements);
    default:
      break;
  }
  for (std::size_t j = 0; j < element_bytes; ++j) {
    const std::uint8_t* plane = planes + j * count;
    for (std::size_t i = 0; i < count; ++i) elements[i * element_bytes + j] = plane[i];
  }
}

}  // namespace tipple
