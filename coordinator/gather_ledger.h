// GatherLedger: takes each chunk's report once and proves that the reports add up to the input.
//
// For the chunks [b, e) of a file that is cut, in order, with `expected` = where the chain has arrived:
//   chunk 0 knows its own start; expected' = its end
//   expected >= e:  no record starts in the chunk          (any == false)
//   expected <  e:  the first one starts where expected    (any && start == expected), and expected' = end,
//                   or the worker knew its start and found none: expected' = max(expected, end)
// A report that fits is accepted. A report that arrives before its predecessors waits. One that contradicts the chain
// is refused, and its chunk is to be issued again with known_start(chunk). Other chunks (whole files) need no chain and
// are accepted at once. After kMismatchesMax wrong guesses in one file the ledger wants one sequential scan of the rest
// of it; the scan's starts are hints that let the re-issued chunks run in parallel, and the chain still proves every
// one of them.
//
// Owner: Coordinator. Thread rule: one thread. Pure: no clock, no I/O.
// Invariant: accepted chunks of a file are a prefix of its chunks, and their ranges tile [first record, expected).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "coordinator/task.h"
#include "jobs/row_account.h"
#include "partitioner/chunk_plan.h"

namespace tipple {

inline constexpr std::uint32_t kMismatchesMax = 3;  // in one file, then it is scanned
inline constexpr std::uint32_t kScansMax = 3;       // of one file: a scan may be lost
inline constexpr std::uint32_t kKnownRefusalsMax =
    5;  // reports of one chunk whose known start does not fit: something is broken
inline constexpr std::size_t kScanCutsMax =
    1'000'000;  // keeps a ScanTask and its report below limits::kMessageBytesMax

// Sums over accepted reports.
struct LoadTotals {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;       // of the chunks' segments
  std::uint64_t bytes_read = 0;  // by workers
  std::uint64_t run_ns = 0;
  std::uint64_t memory_peak_bytes = 0;  // the largest of any rank
  std::vector<RowAccount> tables;       // by TableId
  StageTimes stages;
};

enum class Verdict : std::uint8_t {
  kAccepted,
  kWaiting,  // kept until its predecessors are there
  kRefused,  // contradicts the chain: issue the chunk again
  kIgnored,  // not needed: the chunk is accepted or waiting already
};

struct TakeResult {
  Verdict verdict = Verdict::kIgnored;
  std::vector<ChunkId> accepted;       // in chain order, the reported chunk included
  std::vector<ChunkId> refused;        // other chunks whose waiting reports turned out wrong
  std::optional<ChunkId> scan_wanted;  // first chunk of the wanted scan: scan_task() has the rest
  std::optional<Error> error;          // the load cannot go on
  void clear();
};

class GatherLedger {
 public:
  // `plan` must outlive the ledger. `tables`: how many tables each report has to account for at most.
  GatherLedger(const ChunkPlan& plan, std::uint32_t tables);

  void take(const ChunkReport& report, TakeResult& out);
  void take_scan(const ScanReport& report, TakeResult& out);
  // The scan ended without an answer.
  void drop_scan(ChunkId first_chunk);

  // Where the chunk's first record starts, if that is proved or hinted at by a scan.
  [[nodiscard]] std::optional<std::uint64_t> known_start(ChunkId chunk) const;
  // Precondition: `first_chunk` was a scan_wanted. Nothing when the chain has arrived at the file's end meanwhile.
  [[nodiscard]] std::optional<ScanTask> scan_task(ChunkId first_chunk) const;

  [[nodiscard]] bool complete() const { return totals_.chunks == plan_.chunks.size(); }
  [[nodiscard]] const LoadTotals& totals() const { return totals_; }
  [[nodiscard]] std::uint64_t mismatches() const { return mismatches_; }
  [[nodiscard]] std::uint64_t scans() const { return scans_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  enum class Held : std::uint8_t { kNothing, kWaiting, kAccepted };
  struct Chain {
    std::uint32_t begin = 0;  // chunk ids [begin, end)
    std::uint32_t end = 0;
    std::uint32_t front = 0;  // first chunk that is not accepted
    std::uint64_t size = 0;   // of the file
    std::optional<std::uint64_t> expected;
    std::uint32_t mismatches = 0;  // since the last scan
    std::uint32_t scans = 0;
    bool scanning = false;
    std::uint32_t hints_begin = 0;  // chunk of hints[0]
    std::vector<std::uint64_t> hints;
  };
  static constexpr std::uint32_t kNoChain = UINT32_MAX;

  [[nodiscard]] const Segment& segment(std::uint32_t chunk) const { return plan_.chunks[chunk].segments.front(); }
  [[nodiscard]] std::optional<std::uint64_t> hint(const Chain& chain, std::uint32_t chunk) const;
  [[nodiscard]] std::optional<Error> check_account(const ChunkReport& report) const;
  // Where the chain goes on after the front chunk's report, or nothing if the report contradicts it.
  [[nodiscard]] std::optional<std::uint64_t> follow(const Chain& chain, const RecordRange& range) const;
  void accept(const ChunkReport& report, TakeResult& out);
  void refuse(Chain& chain, const ChunkReport& report, TakeResult& out);
  void advance(Chain& chain, TakeResult& out);

  const ChunkPlan& plan_;
  std::vector<Chain> chains_;
  std::vector<std::uint32_t> chain_of_;
  std::vector<Held> held_;
  std::map<std::uint32_t, ChunkReport> waiting_;  // without parts and rejects
  std::map<std::uint32_t, std::uint32_t> known_refusals_;
  LoadTotals totals_;
  std::uint64_t mismatches_ = 0;
  std::uint64_t scans_ = 0;
};

}  // namespace tipple
