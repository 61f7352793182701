// The bytes of a journal: header and frames. docs/journal.md explains them with an example that a test checks.
//
// Thread rule: pure functions. Users: journal.cpp, and tests and the simulator, which keep journals in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "coordinator/journal.h"

namespace tipple {

inline constexpr std::uint32_t kJournalVersion = 2;
inline constexpr std::size_t kJournalHeaderBytes = 40;
inline constexpr std::size_t kJournalFrameHeaderBytes = 24;

// XXH3-64 of `bytes`, seeded.
[[nodiscard]] std::uint64_t journal_checksum(std::span<const std::byte> bytes, std::uint64_t seed);
// The file header of a load's journal.
[[nodiscard]] std::vector<std::byte> journal_header(LoadId load);
// Appends one frame to `out`.
void append_journal_frame(const JournalEntry& entry, std::uint64_t sequence, std::vector<std::byte>& out);

}  // namespace tipple
