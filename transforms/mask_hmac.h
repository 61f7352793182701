// HMAC-SHA-256 with one key over many short messages: the key is set up once, and no message allocates.
//
// Thread rule: a MaskHmac is immutable and may be shared; a Stream has one owner.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

struct evp_mac_ctx_st;

namespace tipple {

using HmacDigest = std::array<std::uint8_t, 32>;

class MaskHmac {
 public:
  [[nodiscard]] static Result<MaskHmac> make(std::string_view key);

  class Stream {
   public:
    // HMAC(key, prefix || text).
    [[nodiscard]] Result<HmacDigest> digest(std::string_view prefix, std::string_view text);

   private:
    friend class MaskHmac;
    std::shared_ptr<evp_mac_ctx_st> context_;
  };
  [[nodiscard]] Result<Stream> stream() const;

 private:
  std::shared_ptr<evp_mac_ctx_st> keyed_;  // shared: only ever copied from
};

}  // namespace tipple
