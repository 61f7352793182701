// ChunkGraph: one chunk's oneTBB flow graph, from bytes read to parts closed.
//
//   read ──► split ──► parse+transform+check ──► [in order] ──► rebatch ──► encode ──► [in order] ──► write
//   caller   serial    parallel                                 serial      parallel                  serial
//
// read() runs on the caller's thread and returns when the last byte is in the graph, wait() when all is written: what
// is left of one chunk's graph drains while the next chunk is being read, so that the threads never idle between
// chunks. The first error ends the chunk: every stage then lets its messages pass untouched until the graph is empty.
// Owner: UnfinishedChunk. Thread rule: read() and wait() once each, in this order, from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>
#include <tbb/task_arena.h>

#include "base/result.h"
#include "coordinator/task.h"
#include "worker/block_gauge.h"
#include "worker/block_pool.h"
#include "worker/block_reader.h"
#include "worker/block_splitter.h"
#include "worker/chunk_graph_clock.h"
#include "worker/chunk_graph_output.h"
#include "worker/segment_reader.h"

namespace tipple {

// What a runner keeps from chunk to chunk.
struct GraphResources {
  tbb::task_arena& arena;
  std::uint32_t threads;
  BlockPool& pool;
  BlockGauge& gauge;
  const BlockCost& cost;
  arrow::MemoryPool* memory;
  std::uint64_t record_bytes_max;
};

class ChunkGraph {
 public:
  // `outputs`: one for each table of the source, in the order of SourceTables.
  ChunkGraph(GraphResources resources, SegmentReader& segments, std::vector<std::unique_ptr<TableOutput>>& outputs,
             StageClock& clock);

  ~ChunkGraph();  // gives up what has not been waited for
  ChunkGraph(const ChunkGraph&) = delete;
  ChunkGraph& operator=(const ChunkGraph&) = delete;

  void read(const ChunkTask& task, const std::atomic<bool>& stop);
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] Status wait();

  // After wait().
  [[nodiscard]] const RecordRange& range() const { return splitter_.range(); }
  [[nodiscard]] std::uint64_t bytes_read() const { return reader_.bytes_read() + splitter_.bytes_read_beyond(); }

 private:
  struct Nodes;
  struct GroupJob {
    std::uint64_t sequence = 0;
    std::size_t table = 0;
    RowGroup group;
    EncodedRowGroup encoded;
    GaugeCharge charge;
    std::uint64_t queued_ns = 0;
  };
  using GroupPtr = std::shared_ptr<GroupJob>;

  [[nodiscard]] Status parse(Block& block);
  void check(Block& block);
  [[nodiscard]] Status rebatch(Block& block, std::vector<GroupPtr>& out);
  [[nodiscard]] Status encode(GroupJob& job);
  [[nodiscard]] Status write(GroupJob& job);

  // Runs a stage's work unless the chunk has failed; its error, or an exception of a library below, fails the chunk.
  template <typename Work>
  void guarded(Work&& work);
  void fail(Error error);

  GraphResources resources_;
  std::atomic<bool> failed_{false};
  const SourceTables& tables_;
  std::vector<std::unique_ptr<TableOutput>>& outputs_;
  StageClock& clock_;
  BlockReader reader_;
  BlockSplitter splitter_;
  std::uint64_t group_sequence_ = 0;

  std::mutex error_mutex_;  // guards error_
  std::optional<Error> error_;
  std::unique_ptr<Nodes> nodes_;  // last: its stages use all of the above
};

}  // namespace tipple
