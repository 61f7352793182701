// Envelope: what stands around a message's bytes on the wire, so that only our own whole messages reach the codec.
//
//   offset  bytes  field
//        0      4  magic "TPL\x01"
//        4      4  version (kEnvelopeVersion)
//        8     16  nonce of the job: high, low
//       24      8  payload length, at most limits::kMessageBytesMax
//       32      8  XXH3-64 over bytes [0, 32) and the payload
//       40      n  payload (codec.h)
// Numbers are little-endian. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "coordinator/transport.h"

namespace tipple {

inline constexpr std::uint32_t kEnvelopeVersion = 2;
inline constexpr std::size_t kEnvelopeHeaderBytes = 40;

// Precondition (checked): the encoded message is at most limits::kMessageBytesMax.
[[nodiscard]] std::vector<std::byte> seal_message(const Id128& nonce, const Message& message);

// Errors say which check failed. Never crashes and never allocates more than a few times bytes.size().
[[nodiscard]] Result<Message> open_message(const Id128& nonce, std::span<const std::byte> bytes);

}  // namespace tipple
