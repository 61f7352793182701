#include "coordinator/gather_ledger.h"

#include <algorithm>

#include "base/check.h"

namespace tipple {
namespace {

const std::vector<Extent>& extents_of(const ChunkPlan& plan, SourceId source) {
  for (const auto& candidate : plan.sources) {
    if (candidate.source == source) return candidate.extents;
  }
  check_failed("source in plan", "a chunk names a source that the plan does not have", __FILE__, __LINE__);
}

bool cuts_its_file(const ChunkPlan& plan, const Chunk& chunk) {
  if (chunk.segments.size() != 1) return false;
  const Segment& segment = chunk.segments.front();
  return segment.begin != 0 || segment.end != extents_of(plan, chunk.source)[segment.extent].size;
}

// What the chain and the sums need of a report.
ChunkReport without_parts(const ChunkReport& report) {
  ChunkReport slim = report;
  for (auto& table : slim.tables) {
    table.part.reset();
    table.rejects.reset();
  }
  return slim;
}

}  // namespace

StageTimes& StageTimes::operator+=(const StageTimes& other) {
  for (std::size_t i = 0; i < busy_ns.size(); ++i) {
    busy_ns[i] += other.busy_ns[i];
    wait_ns[i] += other.wait_ns[i];
  }
  return *this;
}

void TakeResult::clear() {
  verdict = Verdict::kIgnored;
  accepted.clear();
  refused.clear();
  scan_wanted.reset();
  error.reset();
}

GatherLedger::GatherLedger(const ChunkPlan& plan, std::uint32_t tables)
    : plan_(plan), chain_of_(plan.chunks.size(), kNoChain), held_(plan.chunks.size(), Held::kNothing) {
  totals_.tables.resize(tables);
  for (std::uint32_t i = 0; i < plan.chunks.size(); ++i) {
    const Chunk& chunk = plan.chunks[i];
    if (!cuts_its_file(plan, chunk)) continue;
    if (chunk.segments.front().begin == 0) {
      Chain chain;
      chain.begin = chain.end = chain.front = i;
      chain.size = extents_of(plan, chunk.source)[chunk.segments.front().extent].size;
      chains_.push_back(std::move(chain));
    }
    TIPPLE_CHECK(!chains_.empty() && chains_.back().end == i, "a file's chunks follow one another");
    ++chains_.back().end;
    chain_of_[i] = static_cast<std::uint32_t>(chains_.size() - 1);
  }
}

std::optional<Error> GatherLedger::check_account(const ChunkReport& report) const {
  for (const auto& table : report.tables) {
    const std::string where =
        "chunk " + std::to_string(report.chunk.value()) + ", table " + std::to_string(table.table.value());
    if (table.table.value() >= totals_.tables.size())
      return environment_error("bug: a report names a table that the job does not have", where);
    if (!table.rows.balanced())
      return environment_error("bug: conservation: rows in are not rows out + rejected + filtered", where);
    const std::uint64_t part_rows = table.part ? table.part->rows : 0;
    if (part_rows != table.rows.rows_out)
      return environment_error("bug: conservation: the part does not hold the rows that came out", where);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> GatherLedger::follow(const Chain& chain, const RecordRange& range) const {
  const Segment& part = segment(chain.front);
  const bool last = chain.front + 1 == chain.end;
  if (range.any && (range.start >= range.end || range.start >= part.end || range.end > chain.size)) return std::nullopt;
  if (!chain.expected) {
    // The file's first chunk: its start is known, nothing to compare with.
    if (range.guessed) return std::nullopt;
    return std::min(range.end, chain.size);
  }
  if (!range.any) {
    if (*chain.expected >= part.end) return chain.expected;
    if (range.guessed) return std::nullopt;
    return std::min(std::max(*chain.expected, range.end), chain.size);
  }
  if (range.start != *chain.expected) return std::nullopt;
  // The last record of a file ends where the file ends; a guess that says otherwise is checked by a known start.
  if (last && range.guessed && range.end != chain.size) return std::nullopt;
  return range.end;
}

std::optional<std::uint64_t> GatherLedger::hint(const Chain& chain, std::uint32_t chunk) const {
  if (chunk < chain.hints_begin || chunk - chain.hints_begin >= chain.hints.size()) return std::nullopt;
  return chain.hints[chunk - chain.hints_begin];
}

std::optional<std::uint64_t> GatherLedger::known_start(ChunkId chunk) const {
  if (chain_of_[chunk.value()] == kNoChain) return std::nullopt;
  const Chain& chain = chains_[chain_of_[chunk.value()]];
  if (chunk.value() == chain.front && chain.expected) return chain.expected;
  return hint(chain, chunk.value());
}

void GatherLedger::take(const ChunkReport& report, TakeResult& out) {
  out.clear();
  const std::uint32_t chunk = report.chunk.value();
  if (chunk >= held_.size() || held_[chunk] != Held::kNothing) return;
  out.error = check_account(report);
  if (out.error) return;
  if (chain_of_[chunk] == kNoChain) {
    accept(report, out);
    out.verdict = Verdict::kAccepted;
    return;
  }
  Chain& chain = chains_[chain_of_[chunk]];
  if (chunk != chain.front) {
    const auto hinted = hint(chain, chunk);
    const bool contradicts = hinted && report.range.guessed &&
                             (report.range.any ? report.range.start != *hinted : *hinted < segment(chunk).end);
    if (contradicts) {
      refuse(chain, report, out);
      out.verdict = Verdict::kRefused;
      return;
    }
    waiting_.emplace(chunk, without_parts(report));
    held_[chunk] = Held::kWaiting;
    out.verdict = Verdict::kWaiting;
    return;
  }
  const auto next = follow(chain, report.range);
  if (!next) {
    refuse(chain, report, out);
    out.verdict = Verdict::kRefused;
    return;
  }
  chain.expected = next;
  ++chain.front;
  accept(report, out);
  out.verdict = Verdict::kAccepted;
  advance(chain, out);
}

// Accepts what waited for the chain to arrive.
void GatherLedger::advance(Chain& chain, TakeResult& out) {
  while (chain.front != chain.end) {
    const auto found = waiting_.find(chain.front);
    if (found == waiting_.end()) return;
    const ChunkReport report = std::move(found->second);
    waiting_.erase(found);
    const auto next = follow(chain, report.range);
    if (!next) {
      held_[chain.front] = Held::kNothing;
      out.refused.push_back(report.chunk);
      refuse(chain, report, out);
      return;
    }
    chain.expected = next;
    ++chain.front;
    accept(report, out);
  }
}

void GatherLedger::accept(const ChunkReport& report, TakeResult& out) {
  const std::uint32_t chunk = report.chunk.value();
  held_[chunk] = Held::kAccepted;
  out.accepted.push_back(report.chunk);
  ++totals_.chunks;
  totals_.bytes += plan_.chunks[chunk].bytes;
  totals_.bytes_read += report.bytes_read;
  totals_.run_ns += report.run_ns;
  totals_.memory_peak_bytes = std::max(totals_.memory_peak_bytes, report.memory_peak_bytes);
  totals_.stages += report.stages;
  for (const auto& table : report.tables) totals_.tables[table.table.value()] += table.rows;
}

void GatherLedger::refuse(Chain& chain, const ChunkReport& report, TakeResult& out) {
  ++mismatches_;
  const std::uint32_t chunk = report.chunk.value();
  if (!report.range.guessed && chunk == chain.front && ++known_refusals_[chunk] > kKnownRefusalsMax) {
    const Chunk& planned = plan_.chunks[chunk];
    out.error = environment_error("bug: the record boundaries of chunk " + std::to_string(chunk) +
                                      " do not fit together, byte " + std::to_string(chain.expected.value_or(0)),
                                  extents_of(plan_, planned.source)[planned.segments.front().extent].path);
    return;
  }
  ++chain.mismatches;
  if (chain.mismatches < kMismatchesMax || chain.scanning || chain.scans >= kScansMax || !chain.expected) return;
  if (chain.front + 1 >= chain.end) return;
  chain.scanning = true;
  chain.mismatches = 0;
  ++chain.scans;
  ++scans_;
  out.scan_wanted = ChunkId{chain.front + 1};
}

std::optional<ScanTask> GatherLedger::scan_task(ChunkId first_chunk) const {
  const Chain& chain = chains_[chain_of_[first_chunk.value()]];
  if (!chain.expected || *chain.expected >= chain.size) return std::nullopt;
  const Chunk& chunk = plan_.chunks[first_chunk.value()];
  const Extent& extent = extents_of(plan_, chunk.source)[chunk.segments.front().extent];
  ScanTask task;
  task.first_chunk = first_chunk;
  task.source = chunk.source;
  task.segment = task_segment(extent, *chain.expected, extent.size);
  for (std::uint32_t i = first_chunk.value(); i < chain.end && task.cuts.size() < kScanCutsMax; ++i) {
    // The chain may have arrived beyond a cut since the scan was wanted.
    task.cuts.push_back(std::max(segment(i).begin, *chain.expected));
  }
  return task;
}

void GatherLedger::drop_scan(ChunkId first_chunk) {
  if (first_chunk.value() >= chain_of_.size() || chain_of_[first_chunk.value()] == kNoChain) return;
  chains_[chain_of_[first_chunk.value()]].scanning = false;
}

void GatherLedger::take_scan(const ScanReport& report, TakeResult& out) {
  out.clear();
  const std::uint32_t first = report.first_chunk.value();
  if (first >= chain_of_.size() || chain_of_[first] == kNoChain) return;
  Chain& chain = chains_[chain_of_[first]];
  if (!chain.scanning || report.starts.size() > chain.end - first) return;
  chain.scanning = false;
  chain.hints_begin = first;
  chain.hints = report.starts;
  for (std::uint32_t chunk = std::max(first, chain.front); chunk < chain.end; ++chunk) {
    const auto found = waiting_.find(chunk);
    const auto start = hint(chain, chunk);
    if (found == waiting_.end() || !start || !found->second.range.guessed) continue;
    const RecordRange& range = found->second.range;
    if (range.any ? range.start == *start : *start >= segment(chunk).end) continue;
    waiting_.erase(found);
    held_[chunk] = Held::kNothing;
    out.refused.push_back(ChunkId{chunk});
    ++mismatches_;
  }
}

}  // namespace tipple
