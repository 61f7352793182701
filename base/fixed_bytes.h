// Numbers at fixed places in bytes on disk or wire, little-endian as this machine holds them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace tipple {

static_assert(std::endian::native == std::endian::little, "journals and messages are little-endian");

template <typename T>
void put(std::byte* at, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
[[nodiscard]] T get(const std::byte* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace tipple
