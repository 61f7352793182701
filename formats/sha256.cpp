#include "formats/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace tipple {

struct Sha256Stream::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
  TIPPLE_CHECK(context_->evp != nullptr && EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1,
               "OpenSSL refuses SHA-256");
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(std::span<const std::byte> bytes) {
  TIPPLE_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1, "OpenSSL refuses SHA-256");
}

Sha256 Sha256Stream::finish() {
  Sha256 digest;
  TIPPLE_CHECK(EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr) == 1, "OpenSSL refuses SHA-256");
  return digest;
}

Sha256 sha256_of(std::string_view bytes) {
  Sha256Stream stream;
  stream.add(std::as_bytes(std::span(bytes)));
  return stream.finish();
}

}  // namespace tipple
