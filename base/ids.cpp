#include "base/ids.h"

#include <sys/random.h>
#include <sys/types.h>

namespace tipple {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Reads exactly out_size bytes from twice as many hexadecimal digits.
bool parse_hex(std::string_view text, std::uint8_t* out, std::size_t out_size) {
  if (text.size() != 2 * out_size) return false;
  for (std::size_t i = 0; i < out_size; ++i) {
    const int high = digit_value(text[2 * i]);
    const int low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

std::string print_hex(const std::uint8_t* bytes, std::size_t size) {
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

std::string Id128::to_hex() const {
  std::uint8_t bytes[16];
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return print_hex(bytes, sizeof bytes);
}

Result<Id128> Id128::from_hex(std::string_view text) {
  std::uint8_t bytes[16];
  if (!parse_hex(text, bytes, sizeof bytes)) {
    return usage_error("'" + std::string(text) + "' is not an id of 32 hexadecimal digits");
  }
  Id128 id;
  for (int i = 0; i < 8; ++i) {
    id.high = id.high << 8 | bytes[i];
    id.low = id.low << 8 | bytes[8 + i];
  }
  return id;
}

Id128 add(const Id128& a, const Id128& b) {
  Id128 sum;
  sum.low = a.low + b.low;
  sum.high = a.high + b.high + (sum.low < a.low ? 1 : 0);
  return sum;
}

Id128 random_id() {
  Id128 id;
  const auto got = ::getrandom(&id, sizeof id, 0);
  TIPPLE_CHECK(got == static_cast<ssize_t>(sizeof id), "getrandom gave fewer bytes than asked");
  return id;
}

std::string to_hex(const Sha256& digest) { return print_hex(digest.data(), digest.size()); }

Result<Sha256> sha256_from_hex(std::string_view text) {
  Sha256 digest;
  if (!parse_hex(text, digest.data(), digest.size())) {
    return environment_error("'" + std::string(text) + "' is not a SHA-256 of 64 hexadecimal digits");
  }
  return digest;
}

}  // namespace tipple
