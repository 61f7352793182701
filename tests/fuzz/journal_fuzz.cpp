// Any bytes as a journal: replay ends with a state or an error, and whatever it took can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "coordinator/codec.h"
#include "coordinator/journal_frames.h"

using namespace tipple;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  LoadState state;
  static_cast<void>(replay_journal(bytes, "fuzz", state));
  // The checksums keep random bytes out: give them good ones, and the codec gets to see what is inside.
  if (const auto entry = decode_journal_entry(bytes); entry.ok()) {
    std::vector<std::byte> again;
    encode_journal_entry(*entry, again);
    require(again.size() == size && std::memcmp(again.data(), data, size) == 0);
    auto journal = journal_header({1, 2});
    append_journal_frame(*entry, 0, journal);
    LoadState replayed;
    static_cast<void>(replay_journal(journal, "fuzz", replayed));
  }
  return 0;
}
