// SHA-256 of bytes that come in pieces.
//
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

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

}  // namespace tipple
