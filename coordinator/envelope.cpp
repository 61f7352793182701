#include "coordinator/envelope.h"

#include <xxhash.h>

#include <cstring>

#include "base/check.h"
#include "base/fixed_bytes.h"
#include "base/limits.h"
#include "coordinator/codec.h"

namespace tipple {
namespace {

constexpr std::uint32_t kMagic = 0x014C5054;  // "TPL\x01"
constexpr std::size_t kChecksumOffset = 32;

std::uint64_t checksum(std::span<const std::byte> bytes) {
  const std::uint64_t header = XXH3_64bits(bytes.data(), kChecksumOffset);
  return XXH3_64bits_withSeed(bytes.data() + kEnvelopeHeaderBytes, bytes.size() - kEnvelopeHeaderBytes, header);
}

}  // namespace

std::vector<std::byte> seal_message(const Id128& nonce, const Message& message) {
  std::vector<std::byte> bytes(kEnvelopeHeaderBytes);
  encode_message(message, bytes);
  const std::uint64_t length = bytes.size() - kEnvelopeHeaderBytes;
  TIPPLE_CHECK(length <= limits::kMessageBytesMax, "a message is larger than limits::kMessageBytesMax");
  put(bytes.data(), kMagic);
  put(bytes.data() + 4, kEnvelopeVersion);
  put(bytes.data() + 8, nonce.high);
  put(bytes.data() + 16, nonce.low);
  put(bytes.data() + 24, length);
  put(bytes.data() + kChecksumOffset, checksum(bytes));
  return bytes;
}

Result<Message> open_message(const Id128& nonce, std::span<const std::byte> bytes) {
  if (bytes.size() < kEnvelopeHeaderBytes) return environment_error("message: shorter than its envelope");
  if (get<std::uint32_t>(bytes.data()) != kMagic) return environment_error("message: not one of ours");
  if (get<std::uint32_t>(bytes.data() + 4) != kEnvelopeVersion) {
    return environment_error("message: from another version of the program", {}, "start all ranks from the same build");
  }
  if (get<std::uint64_t>(bytes.data() + 8) != nonce.high || get<std::uint64_t>(bytes.data() + 16) != nonce.low) {
    return environment_error("message: of another job");
  }
  const auto length = get<std::uint64_t>(bytes.data() + 24);
  if (length > limits::kMessageBytesMax || length != bytes.size() - kEnvelopeHeaderBytes) {
    return environment_error("message: its length does not fit");
  }
  if (get<std::uint64_t>(bytes.data() + kChecksumOffset) != checksum(bytes)) {
    return environment_error("message: its checksum does not fit");
  }
  return decode_message(bytes.subspan(kEnvelopeHeaderBytes));
}

}  // namespace tipple
