// ColumnCipher: values of a column under a key, such that equal values of one column give equal texts (a load gives the
// same bytes however often it is run). libsodium stands behind it, in column_cipher.cpp only. docs/job-file.md has the
// recipe that decrypts.
//
//   key      = BLAKE2b-256(secret, personal "tipple-encrypt")
//   nonce    = BLAKE2b-192(name || 0x00 || value, key = BLAKE2b-256(secret, personal "tipple-nonce"))
//   text     = base64(nonce || XChaCha20-Poly1305(key, nonce, value, additional data = name))
//
// Thread rule: immutable; encrypt() may be called on many threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tipple {

class ColumnCipher {
 public:
  // `column`: the column's name where it is encrypted; it is authenticated with each value. Error: libsodium does not
  // start.
  [[nodiscard]] static Result<ColumnCipher> make(std::string_view secret, std::string_view column);
  ColumnCipher(const ColumnCipher&) = default;
  ColumnCipher& operator=(const ColumnCipher&) = default;
  ~ColumnCipher();

  // Bytes of encrypt()'s text.
  [[nodiscard]] static std::size_t text_bytes(std::size_t value_bytes);
  // `out` has text_bytes(value.size()) + 1 bytes (libsodium ends it with a zero). `scratch` is reused from value to
  // value.
  void encrypt(std::string_view value, std::string& scratch, char* out) const;
  // What encrypt() was given; kUsage if `text` is not of this key and column.
  [[nodiscard]] Result<std::string> decrypt(std::string_view text) const;

 private:
  ColumnCipher() = default;
  std::string column_;
  std::array<unsigned char, 32> key_{};
  std::array<unsigned char, 32> nonce_key_{};
};

}  // namespace tipple
