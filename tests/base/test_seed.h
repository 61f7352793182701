// The seed of a randomised test: TIPPLE_SEED if it is set, else a fresh one. Printed, so that a failure can be run
// again.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/ids.h"

namespace tipple {

inline std::uint64_t test_seed() {
  const char* given = std::getenv("TIPPLE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : random_id().low;
  std::printf("TIPPLE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace tipple
