#include "worker/lookup_loader.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include "base/check.h"
#include "formats/arrow_types.h"
#include "worker/block_convert.h"
#include "worker/block_gauge.h"
#include "worker/block_pool.h"
#include "worker/block_reader.h"
#include "worker/block_splitter.h"

namespace tipple {
namespace {

constexpr std::size_t kBlockBytes = 512 * limits::kKiB;

Error named(Error error, const SourceSpec& source) {
  error.what = fmt::format("lookup source '{}': {}", source.name, error.what);
  return error;
}

// Reads files to the end, block by block, on the caller's thread.
class WholeFiles {
 public:
  explicit WholeFiles(SegmentReader reader)
      : reader_(std::move(reader)),
        pool_(kBlockBytes),
        gauge_(kLookupBytesMax, 2),
        splitter_(pool_, gauge_, reader_.cost(), reader_.tables().id, limits::kRecordBytesMax) {}

  Status read(const std::vector<TaskSegment>& files) {
    BlockReader blocks(reader_, pool_, gauge_, reader_.cost(), clock_, failed_);
    ChunkTask task{ChunkId(0), 0, reader_.tables().id, files, std::nullopt};
    Status status;
    const auto keep = [&](const BlockPtr& block) {
      if (status.ok()) status = take(*block);
      block->charge.reset();
    };
    const Status read = blocks.read(
        task, [&] { return !status.ok(); },
        [&](BlockPtr raw) {
          if (Status split = splitter_.add(std::move(raw), keep); status.ok()) status = std::move(split);
        });
    return read.ok() ? status : read;
  }
  [[nodiscard]] const arrow::RecordBatchVector& batches() const { return batches_; }

 private:
  Status take(const Block& block) {
    if (block.last) return {};
    if (block.reject) return unreadable(*block.reject);
    TIPPLE_TRY(ConvertedBatch converted, convert_block(block, 0, arrow::default_memory_pool()));
    TIPPLE_TRY(StagedBatch staged, reader_.tables().stages[0].run(std::move(converted), block.segment->values[0],
                                                                  text_of(block), arrow::default_memory_pool()));
    if (!staged.rejects.empty()) return unreadable(staged.rejects.front());
    for (const auto& column : staged.batch->column_data()) {
      for (const auto& buffer : column->buffers) bytes_ += buffer ? static_cast<std::uint64_t>(buffer->size()) : 0;
    }
    if (bytes_ > kLookupBytesMax) {
      return usage_error(fmt::format("it has more than {} MiB of rows, and a lookup holds them all in memory",
                                     kLookupBytesMax / limits::kMiB),
                         block.segment->name, "look up a smaller table, or take fewer columns of it");
    }
    batches_.push_back(std::move(staged.batch));
    return {};
  }

  // A lookup with holes in it would give wrong answers without a word.
  static Status unreadable(const Reject& reject) {
    return usage_error(
        fmt::format("a record cannot be read: {}{}{}", reject.column, reject.column.empty() ? "" : ": ", reject.reason),
        fmt::format("{}, byte {}", reject.path, reject.offset),
        "correct the record, or the type that the step gives the column");
  }

  SegmentReader reader_;
  BlockPool pool_;
  BlockGauge gauge_;
  BlockSplitter splitter_;
  StageClock clock_;
  const std::atomic<bool> failed_{false};
  arrow::RecordBatchVector batches_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::vector<TaskSegment> LookupLoader::files_of(SourceId source) const {
  const auto found =
      std::find_if(files_.begin(), files_.end(), [&](const SourceExtents& listed) { return listed.source == source; });
  TIPPLE_CHECK(found != files_.end(), "rank 0 lists the files of every lookup source");
  std::vector<TaskSegment> files;
  for (const Extent& extent : found->extents) files.push_back(task_segment(extent, 0, extent.size));
  return files;
}

Result<std::shared_ptr<arrow::RecordBatch>> LookupLoader::load(SourceId source) const {
  TableSpec table;
  table.name = job_.sources.at(source.value()).name;
  table.from = {source};
  table.columns = TablePipeline::lookup_columns(job_, source);
  SourceTables tables;
  tables.job = &job_;
  tables.id = source;
  tables.ids = {TableId(0)};
  tables.specs = {&table};
  TIPPLE_TRY(TableStage stage, TableStage::make(job_, table, source, {}));
  tables.stages.push_back(std::move(stage));
  TIPPLE_TRY(SegmentReader reader, SegmentReader::make(std::move(tables), limits_));
  WholeFiles whole(std::move(reader));
  TIPPLE_RETURN_IF_ERROR(whole.read(files_of(source)));
  const auto schema = arrow_schema(table.schema());
  auto joined = arrow::Table::FromRecordBatches(schema, whole.batches());
  if (!joined.ok()) return from_arrow(joined.status(), table.name);
  auto batch = (*joined)->CombineChunksToBatch();
  if (!batch.ok()) return from_arrow(batch.status(), table.name);
  return std::move(batch).ValueOrDie();
}

Result<std::vector<LookupTable>> LookupLoader::tables_for(const TableSpec& table) {
  std::vector<LookupTable> tables;
  for (const SourceId source : TablePipeline::lookup_sources(table)) {
    if (!loaded_.contains(source)) {
      auto rows = load(source);
      if (!rows.ok()) return named(std::move(rows).error(), job_.sources.at(source.value()));
      loaded_.emplace(source, std::move(rows).value());
    }
    tables.push_back({source, loaded_.at(source)});
  }
  return tables;
}

}  // namespace tipple
