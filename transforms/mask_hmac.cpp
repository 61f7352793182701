#include "transforms/mask_hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace tipple {
namespace {

Error failed() { return environment_error("OpenSSL could not compute an HMAC-SHA-256"); }

const unsigned char* as_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Result<MaskHmac> MaskHmac::make(std::string_view key) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free);
  if (mac == nullptr) return failed();
  MaskHmac hmac;
  hmac.keyed_ = std::shared_ptr<EVP_MAC_CTX>(EVP_MAC_CTX_new(mac.get()), EVP_MAC_CTX_free);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (hmac.keyed_ == nullptr || EVP_MAC_init(hmac.keyed_.get(), as_bytes(key), key.size(), parameters) != 1)
    return failed();
  return hmac;
}

Result<MaskHmac::Stream> MaskHmac::stream() const {
  Stream stream;
  stream.context_ = std::shared_ptr<EVP_MAC_CTX>(EVP_MAC_CTX_dup(keyed_.get()), EVP_MAC_CTX_free);
  if (stream.context_ == nullptr) return failed();
  return stream;
}

Result<HmacDigest> MaskHmac::Stream::digest(std::string_view prefix, std::string_view text) {
  HmacDigest digest{};
  std::size_t bytes = 0;
  EVP_MAC_CTX* context = context_.get();
  // Without a key: from the beginning again with the one that it has.
  const bool good = EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
                    EVP_MAC_update(context, as_bytes(prefix), prefix.size()) == 1 &&
                    EVP_MAC_update(context, as_bytes(text), text.size()) == 1 &&
                    EVP_MAC_final(context, digest.data(), &bytes, digest.size()) == 1 && bytes == digest.size();
  if (!good) return failed();
  return digest;
}

}  // namespace tipple
