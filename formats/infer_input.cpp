#include "formats/infer_input.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include "base/limits.h"
#include "base/sanitizer_hand_over.h"
#include "formats/infer_block.h"
#include "formats/infer_feed.h"

namespace tipple {
namespace {

// The first error of all stages; stops the reading.
class FirstError {
 public:
  void note(Error error) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::move(error);
  }
  [[nodiscard]] std::optional<Error> get() const {
    const std::lock_guard lock(error_mutex_);
    return error_;
  }

 private:
  mutable std::mutex error_mutex_;
  std::optional<Error> error_;
};

Status infer_block(const InferBlock& block, const SourceSpec& source, const InferNulls& nulls, InferTally& tally) {
  switch (source.format) {
    case SourceFormat::kCsv:
      infer_csv_block(block, source.csv, nulls, tally);
      return {};
    case SourceFormat::kJsonLines:
      infer_json_block(block, nulls, tally);
      return {};
    case SourceFormat::kFixedWidth:
    case SourceFormat::kLog:
      return infer_line_block(block, nulls, tally);
    case SourceFormat::kParquet:
    case SourceFormat::kHdf5:
    case SourceFormat::kTable:
      break;
  }
  TIPPLE_CHECK(false, "a text source");
}

std::vector<InferredField> named_fields(const std::vector<std::string>& names, InferTally& tally) {
  std::vector<InferredField> fields;
  for (std::size_t k = 0; k < names.size(); ++k) {
    InferredField field;
    field.from = names[k];
    field.facts = tally.column(static_cast<std::uint32_t>(k));
    field.absent = tally.seen[k] < tally.records;
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

Result<InferredInput> infer_input(const SourceSpec& source, std::span<const ByteSourceFile> files,
                                  const InferOptions& options) {
  const InferNulls nulls(source, options);
  const unsigned threads = std::max(options.threads, 1U);
  InferFeed feed(source, files, threads);
  tbb::enumerable_thread_specific<InferTally> tallies;
  FirstError error;

  const auto read = [&](tbb::flow_control& control) -> InferBlock* {
    Result<std::unique_ptr<InferBlock>> block = feed.next();
    if (!block.ok()) error.note(std::move(block).error());
    if (error.get() || *block == nullptr) {
      control.stop();
      return nullptr;
    }
    return block->release();
  };
  const auto infer = [&](InferBlock* raw) {
    std::unique_ptr<InferBlock> block(raw);
    if (const Status status = infer_block(*block, source, nulls, tallies.local()); !status.ok())
      error.note(status.error());
    feed.give_back(std::move(block));
    release_to_sanitizer(&tallies);
  };
  tbb::task_arena arena(static_cast<int>(threads));
  arena.execute([&] {
    tbb::parallel_pipeline(2 * std::size_t{threads},
                           tbb::make_filter<void, InferBlock*>(tbb::filter_mode::serial_in_order, read) &
                               tbb::make_filter<InferBlock*, void>(tbb::filter_mode::parallel, infer));
  });
  acquire_for_sanitizer(&tallies);
  if (std::optional<Error> fault = error.get()) return *std::move(fault);

  InferTally all;
  for (const InferTally& tally : tallies) all.merge(tally);
  InferredInput out;
  out.fields = source.format == SourceFormat::kJsonLines ? json_fields(all) : named_fields(feed.fields(), all);
  out.records = all.records + feed.overlong_records();
  out.bad_records = all.bad_records + feed.overlong_records();
  out.bad_encoding = all.bad_encoding;
  if (out.fields.size() > limits::kColumnsMax) {
    return usage_error("the records have more than 4,096 different fields",
                       files.empty() ? source.name : files.front().path,
                       "name those to be loaded under the table's `columns`");
  }
  return out;
}

Result<std::vector<std::string>> read_field_names(const SourceSpec& source, std::span<const ByteSourceFile> files) {
  return InferFeed(source, files, 1).read_heads();
}

}  // namespace tipple
