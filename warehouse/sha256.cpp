#include "warehouse/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace tipple {

Sha256 sha256_of(std::string_view bytes) {
  Sha256 digest;
  unsigned size = 0;
  const int done = ::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  TIPPLE_CHECK(done == 1 && size == digest.size(), "OpenSSL refuses SHA-256");
  return digest;
}

}  // namespace tipple
