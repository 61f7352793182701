// The inner loops of formats/csv_index.h, once per instruction set, with run-time choice.
//
// A kernel takes whole words of 64 bytes from a known state. A word in which something unusual stands
// (csv_index_kernels.cpp says what) goes through CsvRules, byte by byte; so every kernel gives the answer of the state
// machine, and "scalar" is the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/csv_state.h"

namespace tipple {

inline constexpr std::size_t kCsvWordBytes = 64;

// A scan under way. bytes[0, pos) are consumed; `state` is that before bytes[pos].
struct CsvScan {
  const char* bytes = nullptr;
  std::size_t pos = 0;
  CsvState state = CsvState::kRecordStart;
  std::uint64_t lines = 0;        // line ends consumed, wherever they stand
  std::uint64_t records = 0;      // records ended (only counted by index())
  std::uint32_t* ends = nullptr;  // where the next field end goes (only index())
  std::size_t skipped_end = 0;    // just past the last blank or comment line (only index())
};

struct CsvKernel {
  std::string_view name;
  // Consumes whole words of bytes[pos, end). May write 64 positions past the last one: room for (end - pos) + 64 is
  // needed.
  void (*index)(const CsvRules& rules, CsvScan& scan, std::size_t end);
  // Consumes whole words of bytes[pos, end); with `stop`, only up to the word in which the first record ends, or that
  // may be so. Precondition: !rules.skip_blank().
  void (*skip)(const CsvRules& rules, CsvScan& scan, std::size_t end, bool stop);
};

// The state machine over bytes[pos, end).
void csv_index_bytes(const CsvRules& rules, CsvScan& scan, std::size_t end);
// The same without field ends; with `stop`, up to just past the first record end, and then true.
bool csv_skip_bytes(const CsvRules& rules, CsvScan& scan, std::size_t end, bool stop);

// Every kernel that this machine can run, best first, "scalar" last.
[[nodiscard]] const std::vector<CsvKernel>& csv_kernel_table();
// The one in use: the best, or the forced one.
[[nodiscard]] const CsvKernel& csv_kernel();

}  // namespace tipple
