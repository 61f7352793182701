// Any bytes as a message: an error, or a message that seals to the same bytes. The codec alone sees bytes that no
// checksum guards.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "coordinator/codec.h"
#include "coordinator/envelope.h"

using namespace tipple;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Id128 kNonce{1, 2};
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto message = open_message(kNonce, bytes); message.ok()) {
    const auto again = seal_message(kNonce, *message);
    require(again.size() == size && std::memcmp(again.data(), data, size) == 0);
  }
  if (const auto message = decode_message(bytes); message.ok()) {
    std::vector<std::byte> again;
    encode_message(*message, again);
    require(again.size() == size && std::memcmp(again.data(), data, size) == 0);
    require(open_message(kNonce, seal_message(kNonce, *message)).ok());
  }
  return 0;
}
