#include "transforms/column_cipher.h"

#include <sodium.h>

#include <cstring>

namespace tipple {
namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
static_assert(kNonceBytes == 24 && kTagBytes == 16, "as the header says");

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void derive(std::string_view secret, std::string_view purpose, std::array<unsigned char, 32>& key) {
  unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = {};
  std::memcpy(personal, purpose.data(), purpose.size());
  const int failed = crypto_generichash_blake2b_salt_personal(key.data(), key.size(), bytes_of(secret), secret.size(),
                                                              nullptr, 0, nullptr, personal);
  TIPPLE_CHECK(failed == 0, "lengths are BLAKE2b's");
}

}  // namespace

Result<ColumnCipher> ColumnCipher::make(std::string_view secret, std::string_view column) {
  if (sodium_init() < 0) return environment_error("libsodium does not start");
  ColumnCipher cipher;
  cipher.column_ = column;
  derive(secret, "tipple-encrypt", cipher.key_);
  derive(secret, "tipple-nonce", cipher.nonce_key_);
  return cipher;
}

ColumnCipher::~ColumnCipher() {
  sodium_memzero(key_.data(), key_.size());
  sodium_memzero(nonce_key_.data(), nonce_key_.size());
}

std::size_t ColumnCipher::text_bytes(std::size_t value_bytes) {
  return (kNonceBytes + value_bytes + kTagBytes + 2) / 3 * 4;
}

void ColumnCipher::encrypt(std::string_view value, std::string& scratch, char* out) const {
  scratch.resize(kNonceBytes + value.size() + kTagBytes);
  auto* bytes = reinterpret_cast<unsigned char*>(scratch.data());
  crypto_generichash_blake2b_state state;
  const unsigned char zero = 0;
  crypto_generichash_blake2b_init(&state, nonce_key_.data(), nonce_key_.size(), kNonceBytes);
  crypto_generichash_blake2b_update(&state, bytes_of(column_), column_.size());
  crypto_generichash_blake2b_update(&state, &zero, 1);
  crypto_generichash_blake2b_update(&state, bytes_of(value), value.size());
  crypto_generichash_blake2b_final(&state, bytes, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kNonceBytes, nullptr, bytes_of(value), value.size(),
                                             bytes_of(column_), column_.size(), nullptr, bytes, key_.data());
  sodium_bin2base64(out, text_bytes(value.size()) + 1, bytes, scratch.size(), kVariant);
}

Result<std::string> ColumnCipher::decrypt(std::string_view text) const {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  auto* to = reinterpret_cast<unsigned char*>(bytes.data());
  const bool decoded =
      sodium_base642bin(to, bytes.size(), text.data(), text.size(), nullptr, &size, nullptr, kVariant) == 0;
  if (!decoded || size < kNonceBytes + kTagBytes) return usage_error("the text is not an encrypted value");
  std::string value(size - kNonceBytes - kTagBytes, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(value.data()), nullptr,
                                                                nullptr, to + kNonceBytes, size - kNonceBytes,
                                                                bytes_of(column_), column_.size(), to, key_.data());
  if (failed != 0) return usage_error("the value was encrypted with another key or in another column, or was changed");
  return value;
}

}  // namespace tipple
