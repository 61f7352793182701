// Codec: messages and journal entries to bytes and back. Boost.Serialization stands in codec.cpp only.
//
// Thread rule: pure functions. decode_* of any bytes ends with a value or an error, allocates at most a few times
// bytes.size(), and accepts no byte more or less than encode_* wrote. The bytes are little-endian, as the supported
// machines are; docs/journal.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "coordinator/journal.h"
#include "coordinator/transport.h"

namespace tipple {

// Appends to `out`.
void encode_message(const Message& message, std::vector<std::byte>& out);
[[nodiscard]] Result<Message> decode_message(std::span<const std::byte> bytes);

void encode_journal_entry(const JournalEntry& entry, std::vector<std::byte>& out);
[[nodiscard]] Result<JournalEntry> decode_journal_entry(std::span<const std::byte> bytes);

}  // namespace tipple
