#include "worker/chunk_graph.h"

#include <exception>
#include <new>
#include <tuple>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <tbb/flow_graph.h>

#include "base/check.h"
#include "base/sanitizer_hand_over.h"
#include "worker/block_convert.h"
#include "worker/frozen_schema.h"

namespace tipple {
namespace {

// Later stages first: they free memory.
constexpr tbb::flow::node_priority_t kSplitPriority = 1;
constexpr tbb::flow::node_priority_t kRebatchPriority = 2;
constexpr tbb::flow::node_priority_t kWritePriority = 3;

// A reject's strings, roughly.
constexpr std::uint64_t kRejectBytes = 256;

std::uint64_t memory_of(const StagedBatch& batch) {
  std::uint64_t bytes = batch.rejects.size() * (sizeof(Reject) + kRejectBytes);
  if (!batch.batch) return bytes;
  for (const auto& column : batch.batch->column_data()) {
    for (const auto& buffer : column->buffers) bytes += buffer ? static_cast<std::uint64_t>(buffer->capacity()) : 0;
  }
  return bytes;
}

}  // namespace

struct ChunkGraph::Nodes {
  using Split = tbb::flow::multifunction_node<BlockPtr, std::tuple<BlockPtr>>;
  using Parse = tbb::flow::function_node<BlockPtr, BlockPtr>;
  using Rebatch = tbb::flow::multifunction_node<BlockPtr, std::tuple<GroupPtr>>;
  using Encode = tbb::flow::function_node<GroupPtr, GroupPtr>;
  using Write = tbb::flow::function_node<GroupPtr, tbb::flow::continue_msg>;

  explicit Nodes(ChunkGraph& self)
      : split(
            graph, tbb::flow::serial,
            [&self](const BlockPtr& raw, Split::output_ports_type& ports) {
              const BusyTime busy(self.clock_, Stage::kSplit, raw->queued_ns);
              self.guarded([&] {
                return self.splitter_.add(raw, [&](BlockPtr block) {
                  block->queued_ns = steady_ns();
                  release_to_sanitizer(&self);
                  std::get<0>(ports).try_put(std::move(block));
                });
              });
            },
            kSplitPriority),
        parse(graph, self.resources_.threads,
              [&self](const BlockPtr& block) {
                self.guarded([&] { return self.parse(*block); });
                block->queued_ns = steady_ns();
                return block;
              }),
        in_input_order(graph, [](const BlockPtr& block) { return block->sequence; }),
        rebatch(
            graph, tbb::flow::serial,
            [&self](const BlockPtr& block, Rebatch::output_ports_type& ports) {
              std::vector<GroupPtr> groups;
              {
                const BusyTime busy(self.clock_, Stage::kRebatch, block->queued_ns);
                self.guarded([&] { return self.rebatch(*block, groups); });
                block->batches.clear();
                block->charge.reset();
              }
              for (GroupPtr& group : groups) std::get<0>(ports).try_put(std::move(group));
            },
            kRebatchPriority),
        encode(graph, self.resources_.threads,
               [&self](const GroupPtr& job) {
                 const BusyTime busy(self.clock_, Stage::kEncode, job->queued_ns);
                 self.guarded([&] { return self.encode(*job); });
                 job->queued_ns = steady_ns();
                 return job;
               }),
        in_group_order(graph, [](const GroupPtr& job) { return job->sequence; }),
        write(
            graph, tbb::flow::serial,
            [&self](const GroupPtr& job) {
              const BusyTime busy(self.clock_, Stage::kWrite, job->queued_ns);
              self.guarded([&] { return self.write(*job); });
              job->group = {};
              job->encoded = {};
              job->charge.reset();
              return tbb::flow::continue_msg{};
            },
            kWritePriority) {
    tbb::flow::make_edge(tbb::flow::output_port<0>(split), parse);
    tbb::flow::make_edge(parse, in_input_order);
    tbb::flow::make_edge(in_input_order, rebatch);
    tbb::flow::make_edge(tbb::flow::output_port<0>(rebatch), encode);
    tbb::flow::make_edge(encode, in_group_order);
    tbb::flow::make_edge(in_group_order, write);
  }

  tbb::flow::graph graph;
  Split split;
  Parse parse;
  tbb::flow::sequencer_node<BlockPtr> in_input_order;
  Rebatch rebatch;
  Encode encode;
  tbb::flow::sequencer_node<GroupPtr> in_group_order;
  Write write;
};

ChunkGraph::ChunkGraph(GraphResources resources, SegmentReader& segments,
                       std::vector<std::unique_ptr<TableOutput>>& outputs, StageClock& clock)
    : resources_(resources),
      tables_(segments.tables()),
      outputs_(outputs),
      clock_(clock),
      reader_(segments, resources.pool, resources.gauge, resources.cost, clock, failed_),
      splitter_(resources.pool, resources.gauge, resources.cost, segments.tables().id, resources.record_bytes_max) {
  // A graph runs in the arena in which it was made.
  resources_.arena.execute([&] { nodes_ = std::make_unique<Nodes>(*this); });
}

template <typename Work>
void ChunkGraph::guarded(Work&& work) {
  if (failed_.load(std::memory_order_relaxed)) return;
  acquire_for_sanitizer(this);
  try {
    if (Status status = work(); !status.ok()) fail(std::move(status).error());
  } catch (const std::bad_alloc&) {
    fail(environment_error("out of memory", {}, "give the load more memory or fewer threads"));
  } catch (const std::exception& exception) {
    fail(environment_error(exception.what()));
  }
  release_to_sanitizer(this);
}

void ChunkGraph::fail(Error error) {
  {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::move(error);
  }
  failed_ = true;
  resources_.gauge.wake();
}

ChunkGraph::~ChunkGraph() {
  fail(Error{ErrorKind::kCheckpointed, "given up", {}, {}});
  nodes_->graph.wait_for_all();
  acquire_for_sanitizer(this);
}

void ChunkGraph::read(const ChunkTask& task, const std::atomic<bool>& stop) {
  const auto cancelled = [&] {
    if (stop.load(std::memory_order_relaxed)) {
      fail(Error{ErrorKind::kCheckpointed, "stopped on request", {}, "run the load again to go on"});
    }
    return failed_.load(std::memory_order_relaxed);
  };
  const auto put = [&](BlockPtr block) {
    release_to_sanitizer(this);
    nodes_->split.try_put(std::move(block));
  };
  guarded([&] { return reader_.read(task, cancelled, put); });
}

Status ChunkGraph::wait() {
  nodes_->graph.wait_for_all();
  acquire_for_sanitizer(this);
  const std::lock_guard lock(error_mutex_);
  if (error_) return *error_;
  return {};
}

Status ChunkGraph::parse(Block& block) {
  if (block.last || block.reject) return {};
  const BlockText text = text_of(block);
  std::uint64_t bytes = 0;
  std::uint64_t begin_ns = steady_ns();
  clock_.add_wait(Stage::kParse, begin_ns - block.queued_ns);
  const auto end_stage = [&](Stage stage) {
    const std::uint64_t now_ns = steady_ns();
    clock_.add_busy(stage, now_ns - begin_ns);
    begin_ns = now_ns;
  };
  block.batches.reserve(tables_.stages.size());
  for (std::size_t table = 0; table < tables_.stages.size(); ++table) {
    TIPPLE_TRY(ConvertedBatch batch, convert_block(block, table, resources_.memory));
    if (batch.new_field) return frozen_record_error(*tables_.specs[table], *batch.new_field, block);
    end_stage(Stage::kParse);
    TIPPLE_TRY(StagedBatch staged,
               tables_.stages[table].run(std::move(batch), block.segment->values[table], text, resources_.memory));
    end_stage(Stage::kTransform);
    bytes += memory_of(staged);
    block.batches.push_back(std::move(staged));
  }
  block.slab.reset();
  block.charge.resize(bytes);
  check(block);
  end_stage(Stage::kCheck);
  return {};
}

void ChunkGraph::check(Block& block) {
  for (std::size_t table = 0; table < block.batches.size(); ++table) {
    const auto& batch = block.batches[table].batch;
    if (batch->num_rows() > 0) outputs_[table]->check(*batch);
  }
}

Status ChunkGraph::rebatch(Block& block, std::vector<GroupPtr>& out) {
  std::vector<RowGroup> full;
  for (std::size_t table = 0; table < outputs_.size(); ++table) {
    TableOutput& output = *outputs_[table];
    if (block.reject) {
      TIPPLE_RETURN_IF_ERROR(output.add_rejects({*block.reject}));
      ++output.rows.rows_in;
    }
    if (!block.batches.empty()) {
      StagedBatch& batch = block.batches[table];
      TIPPLE_RETURN_IF_ERROR(output.add_rejects(batch.rejects));
      output.count(batch);
      batch.rejects = {};
      const std::uint64_t bytes = memory_of(batch);
      if (batch.batch->num_rows() > 0)
        output.add_rows(std::move(batch.batch), bytes, resources_.gauge, block.charge, full);
    }
    if (block.last) output.finish_rows(full);
    for (RowGroup& group : full) {
      auto job = std::make_shared<GroupJob>();
      job->sequence = group_sequence_++;
      job->table = table;
      job->charge = output.take_charge(group, resources_.gauge);
      job->group = std::move(group);
      job->queued_ns = steady_ns();
      out.push_back(std::move(job));
    }
    full.clear();
  }
  return {};
}

Status ChunkGraph::encode(GroupJob& job) {
  const TableOutput& output = *outputs_[job.table];
  // A Parquet part is encoded where it is written, a column a task.
  if (output.spec().part_format == PartFormat::kParquet) return {};
  TIPPLE_TRY(job.encoded, encode_row_group(job.group, output.schema(), output.coding()));
  job.group = {};
  std::uint64_t bytes = 0;
  for (const EncodedChunk& chunk : job.encoded.chunks) bytes += chunk.bytes.capacity();
  job.charge.resize(bytes);
  return {};
}

Status ChunkGraph::write(GroupJob& job) { return outputs_[job.table]->write(job.group, job.encoded); }

}  // namespace tipple
