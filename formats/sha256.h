// SHA-256 of bytes that come in pieces, or at once.
//
// Thread rule: one owner; sha256_of is free.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/ids.h"

namespace tipple {

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void add(std::span<const std::byte> bytes);
  [[nodiscard]] Sha256 finish();  // once, at the end

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

[[nodiscard]] Sha256 sha256_of(std::string_view bytes);

}  // namespace tipple
