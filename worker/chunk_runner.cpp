#include "worker/chunk_runner.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/memory_pool.h>
#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/file.h"
#include "worker/block_gauge.h"
#include "worker/block_pool.h"
#include "worker/chunk_graph.h"
#include "worker/chunk_graph_clock.h"
#include "worker/chunk_graph_output.h"
#include "worker/lookup_loader.h"
#include "worker/segment_reader.h"

namespace tipple {
namespace {

constexpr std::uint64_t kScanBytes = 4 * limits::kMiB;

// Blocks and row groups get this share of the budget; allocators, HDF5's caches and encoders' scratch the rest.
constexpr std::uint64_t kGaugePercent = 60;
// Blocks and row groups under way: what the threads work on, as many again in front of them, and some between the
// serial stages. More would only cool the caches down and touch fresh memory.
constexpr std::uint64_t kUnderWay = 6;
constexpr std::uint64_t kUnderWayPerThread = 3;

std::uint64_t gauge_bytes(const RunnerConfig& config) { return config.memory_bytes / 100 * kGaugePercent; }

// Peak resident set of this process; 0 where the system does not tell.
std::uint64_t resident_peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * limits::kKiB;
  }
  return 0;
}

// What is decompressed ahead of the blocks; outside the gauge's share.
constexpr std::uint64_t kDecodePercent = 10;
constexpr std::uint64_t kDecodeBytesMax = 256 * limits::kMiB;

DecodeLimits decode_limits(const RunnerConfig& config) {
  return {config.threads, std::min(config.memory_bytes / 100 * kDecodePercent, kDecodeBytesMax)};
}

void unlink_staged(const TableOutput::Staged& staged) {
  if (!staged.part.empty()) ::unlink(staged.part.c_str());
  if (!staged.rejects.empty()) ::unlink(staged.rejects.c_str());
}

}  // namespace

struct UnfinishedChunk::Impl {
  ChunkReport report;
  std::filesystem::path warehouse_folder;
  StageClock clock;
  std::uint64_t begin_ns = 0;
  std::vector<std::unique_ptr<TableOutput>> outputs;  // as report.tables
  std::optional<ChunkGraph> graph;                    // after what its stages use
  std::vector<TableOutput::Staged> staged;
  bool finished = false;

  ~Impl() {
    if (finished) return;
    for (TableOutput::Staged& table : staged) {
      table.reject_writer.reset();
      unlink_staged(table);
    }
  }

  [[nodiscard]] std::string relative(const std::filesystem::path& path) const {
    return path.lexically_relative(warehouse_folder).string();
  }
  [[nodiscard]] Status end_graph();
  [[nodiscard]] Status finish_table(TableReport& table, TableOutput::Staged& files) const;
};

Status UnfinishedChunk::Impl::end_graph() {
  if (!graph) return {};
  TIPPLE_RETURN_IF_ERROR(graph->wait());
  report.range = graph->range();
  report.bytes_read = graph->bytes_read();
  graph.reset();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    report.tables[i].rows = outputs[i]->rows;
    report.tables[i].check_failures = outputs[i]->check_failures;
    staged.push_back(outputs[i]->release());
  }
  return {};
}

Status UnfinishedChunk::Impl::finish_table(TableReport& table, TableOutput::Staged& files) const {
  std::filesystem::path folder;
  if (files.reject_writer) {
    TIPPLE_RETURN_IF_ERROR(files.reject_writer->close_and_sync());
    table.rejects = relative(files.rejects);
    folder = files.rejects.parent_path();
  }
  if (!files.part.empty()) {
    TIPPLE_TRY(const SyncedFile synced, sync_and_hash(files.part));
    table.part = StagedPart{relative(files.part), synced.bytes,         files.rows,
                            synced.sha256,        files.content_digest, std::move(files.columns)};
    folder = files.part.parent_path();
  }
  // The report will be journaled as durable, so the files' names must be, too.
  if (!folder.empty()) TIPPLE_RETURN_IF_ERROR(sync_folder(folder));
  if (table.part) fault_point("part-synced");
  return {};
}

UnfinishedChunk::UnfinishedChunk(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UnfinishedChunk::UnfinishedChunk(UnfinishedChunk&&) noexcept = default;
UnfinishedChunk& UnfinishedChunk::operator=(UnfinishedChunk&&) noexcept = default;
UnfinishedChunk::~UnfinishedChunk() = default;

Result<ChunkReport> UnfinishedChunk::finish() && {
  const std::unique_ptr<Impl> impl = std::move(impl_);
  const std::uint64_t read_ns = steady_ns();
  TIPPLE_RETURN_IF_ERROR(impl->end_graph());
  impl->clock.add_wait(Stage::kFinish, steady_ns() - read_ns);
  {
    const BusyTime busy(impl->clock, Stage::kFinish);
    for (std::size_t i = 0; i < impl->staged.size(); ++i) {
      TIPPLE_RETURN_IF_ERROR(impl->finish_table(impl->report.tables[i], impl->staged[i]));
    }
  }
  impl->finished = true;
  impl->report.stages = impl->clock.times();
  impl->report.run_ns = steady_ns() - impl->begin_ns;
  impl->report.memory_peak_bytes = resident_peak_bytes();
  return std::move(impl->report);
}

struct ChunkRunner::Impl {
  Impl(const JobSpec& job_in, const Warehouse& warehouse_in, const LoadSetup& load_in, const RunnerConfig& config_in)
      : job(job_in),
        warehouse(warehouse_in),
        load(load_in),
        config(config_in),
        // No slot is kept for outside threads: the graph's threads are TBB's own, `threads` of them besides the caller.
        thread_limit(tbb::global_control::max_allowed_parallelism, config.threads + std::size_t{1}),
        arena(static_cast<int>(config.threads), 0),
        pool(config.block_bytes),
        gauge(gauge_bytes(config), kUnderWay + config.threads * kUnderWayPerThread),
        lookups(job, load.lookups, decode_limits(config)) {}

  // The tables that a source feeds; its reader keeps the last head.
  [[nodiscard]] Result<SegmentReader*> segments_of(SourceId source);
  [[nodiscard]] StagingPlace staging_place(const TableSpec& table, const ChunkTask& task) const;

  const JobSpec& job;
  const Warehouse& warehouse;
  const LoadSetup& load;
  const RunnerConfig config;
  tbb::global_control thread_limit;
  tbb::task_arena arena;
  BlockPool pool;
  BlockGauge gauge;
  LookupLoader lookups;
  std::map<SourceId, SegmentReader> segments;
};

Result<SegmentReader*> ChunkRunner::Impl::segments_of(SourceId source) {
  if (const auto found = segments.find(source); found != segments.end()) return &found->second;
  SourceTables tables;
  tables.job = &job;
  tables.id = source;
  for (std::size_t i = 0; i < job.tables.size(); ++i) {
    const TableSpec& table = job.tables[i];
    if (std::find(table.from.begin(), table.from.end(), source) == table.from.end()) continue;
    TIPPLE_TRY(const std::vector<LookupTable> wanted, lookups.tables_for(table));
    TIPPLE_TRY(TableStage stage, TableStage::make(job, table, source, wanted));
    tables.ids.emplace_back(static_cast<std::uint32_t>(i));
    tables.specs.push_back(&table);
    tables.stages.push_back(std::move(stage));
  }
  TIPPLE_TRY(SegmentReader reader, SegmentReader::make(std::move(tables), decode_limits(config)));
  return &segments.emplace(source, std::move(reader)).first->second;
}

StagingPlace ChunkRunner::Impl::staging_place(const TableSpec& table, const ChunkTask& task) const {
  StagingPlace place;
  place.folder = warehouse.staging_folder(table.name, load.attempt);
  place.stem = fmt::format("chunk-{:05}-{}", task.chunk.value(), task.issue);
  place.attributes = {{"tipple_table", table.name}, {"tipple_chunk", std::to_string(task.chunk.value())}};
  return place;
}

ChunkRunner::ChunkRunner(const JobSpec& job, const Warehouse& warehouse, const LoadSetup& load,
                         const RunnerConfig& config)
    : impl_(std::make_unique<Impl>(job, warehouse, load, config)) {}
ChunkRunner::~ChunkRunner() = default;

Result<UnfinishedChunk> ChunkRunner::run(const ChunkTask& task, const std::atomic<bool>& stop) {
  auto unfinished = std::make_unique<UnfinishedChunk::Impl>();
  unfinished->begin_ns = steady_ns();
  unfinished->warehouse_folder = impl_->warehouse.folder();
  TIPPLE_TRY(SegmentReader* const reader, impl_->segments_of(task.source));
  SegmentReader& segments = *reader;
  const SourceTables& tables = segments.tables();
  ChunkReport& report = unfinished->report;
  report.chunk = task.chunk;
  report.issue = task.issue;
  if (tables.specs.empty()) {
    // The source serves lookups alone: there is nothing to load from it.
    report.range = {true, false, task.segments.back().begin, task.segments.back().end, 0};
    return UnfinishedChunk(std::move(unfinished));
  }
  for (std::size_t i = 0; i < tables.specs.size(); ++i) {
    report.tables.push_back(TableReport{tables.ids[i], {}, std::nullopt, std::nullopt, {}});
    unfinished->outputs.push_back(
        std::make_unique<TableOutput>(*tables.specs[i], impl_->staging_place(*tables.specs[i], task)));
  }
  unfinished->graph.emplace(
      GraphResources{impl_->arena, impl_->config.threads, impl_->pool, impl_->gauge, segments.cost(),
                     arrow::default_memory_pool(), impl_->config.record_bytes_max},
      segments, unfinished->outputs, unfinished->clock);
  unfinished->graph->read(task, stop);
  if (unfinished->graph->failed()) TIPPLE_RETURN_IF_ERROR(unfinished->graph->wait());
  return UnfinishedChunk(std::move(unfinished));
}

Result<ScanReport> ChunkRunner::scan(const ScanTask& task, const std::atomic<bool>& stop) {
  const SourceSpec& source = impl_->job.sources.at(task.source.value());
  const TaskSegment& file = task.segment;
  TIPPLE_TRY(const auto text, open_byte_source({file.path, file.size, file.mtime_ns, file.member}, source, 1, 0));
  if (!text->random_access())
    return environment_error("changed while it was being loaded: it cannot be cut any more", file.path);
  TIPPLE_TRY(const auto format, make_record_format(source));
  const auto scanner = format->scanner();
  const std::uint64_t size = file.size;
  std::vector<char> buffer(std::min(kScanBytes, size));
  std::span<const char> unread;  // of the buffer, at `position`
  std::uint64_t position = task.segment.begin;
  // Makes `unread` not empty; false at the end of the file.
  const auto more = [&]() -> Result<bool> {
    if (!unread.empty()) return true;
    if (position >= size) return false;
    if (stop) return Error{ErrorKind::kCheckpointed, "stopped on request", {}, "run the load again to go on"};
    const std::span<char> piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - position));
    TIPPLE_TRY(const std::size_t got, text->read(piece, position));
    TIPPLE_CHECK(got == piece.size(), "a file with random access has the size that was listed");
    text->will_need(position + got, kScanBytes);
    unread = piece;
    return true;
  };
  const auto pass = [&](std::size_t bytes) {
    unread = unread.subspan(bytes);
    position += bytes;
  };
  ScanReport report{task.first_chunk, {}};
  for (const std::uint64_t cut : task.cuts) {
    while (position < cut) {
      TIPPLE_TRY(const bool any, more());
      if (!any) break;
      const std::size_t step = std::min<std::uint64_t>(unread.size(), cut - position);
      (void)scanner->scan(unread.first(step));
      pass(step);
    }
    while (!scanner->at_record_start()) {
      TIPPLE_TRY(const bool any, more());
      if (!any) break;
      const auto end = scanner->scan(unread, 0, true);
      pass(end.value_or(unread.size()));
    }
    report.starts.push_back(position);
  }
  TIPPLE_RETURN_IF_ERROR(text->check_unchanged());
  return report;
}

RunnerMemory ChunkRunner::memory() const {
  return {impl_->gauge.budget_bytes(), impl_->gauge.peak_bytes(), impl_->gauge.peak_draining()};
}

}  // namespace tipple
