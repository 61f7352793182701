#include "worker/chunk_graph_output.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/file.h"
#include "base/limits.h"
#include "formats/content_digest.h"
#include "jobs/numbered_column.h"

namespace tipple {
namespace {

// Rows of a Parquet part's row groups: readers like them larger than HDF5's chunks.
constexpr std::uint32_t kParquetGroupRows = 262'144;

std::uint32_t group_rows(const TableSpec& spec) {
  return spec.part_format == PartFormat::kParquet ? kParquetGroupRows : limits::kRowGroupRows;
}

PartCoding coding_of(const TableSpec& spec) {
  const std::optional<NumberedColumn> numbered = numbered_column(spec);
  return {spec.codec, numbered ? std::optional(numbered->position) : std::nullopt};
}

}  // namespace

TableOutput::TableOutput(const TableSpec& spec, StagingPlace place)
    : spec_(spec),
      schema_(spec.schema()),
      coding_(coding_of(spec)),
      place_(std::move(place)),
      sums_([this] { return Sums(schema_); }),
      grouper_(schema_, group_rows(spec)) {}

TableOutput::~TableOutput() {
  if (hdf5_) hdf5_->discard();
  hdf5_.reset();
  if (parquet_) parquet_->discard();
  parquet_.reset();
  rejects_.reset();
  if (!part_path_.empty()) ::unlink(part_path_.c_str());
  if (!rejects_path_.empty()) ::unlink(rejects_path_.c_str());
}

void TableOutput::check(const arrow::RecordBatch& batch) {
  Sums& sums = sums_.local();
  sums.digest = add(sums.digest, content_digest(batch, schema_));
  sums.stats.add(batch);
}

Status TableOutput::add_rejects(const std::vector<Reject>& rejects) {
  if (rejects.empty()) return {};
  if (!rejects_) {
    TIPPLE_RETURN_IF_ERROR(create_folders(place_.folder));
    const std::filesystem::path path = place_.folder / (place_.stem + ".rejects.parquet");
    TIPPLE_TRY(rejects_, RejectFileWriter::create(path));
    rejects_path_ = path;
  }
  rows.rejected += rejects.size();
  return rejects_->append(rejects);
}

void TableOutput::count(const StagedBatch& batch) {
  rows.rows_in += batch.rows_in;
  rows.filtered += batch.filtered;
  rows.added += batch.added;
  check_failures.resize(std::max(check_failures.size(), batch.check_failures.size()));
  for (std::size_t i = 0; i < batch.check_failures.size(); ++i) check_failures[i] += batch.check_failures[i];
}

void TableOutput::add_rows(std::shared_ptr<arrow::RecordBatch> batch, std::uint64_t bytes, BlockGauge& gauge,
                           GaugeCharge& charge, std::vector<RowGroup>& full) {
  const auto count = static_cast<std::uint64_t>(batch->num_rows());
  if (count == 0) return;
  rows.rows_out += count;
  if (waiting_rows_ == 0) waiting_charge_ = GaugeCharge::add(gauge, 0, false);
  waiting_rows_ += count;
  charge.give(bytes, waiting_charge_);
  grouper_.add(std::move(batch), full);
}

void TableOutput::finish_rows(std::vector<RowGroup>& full) { grouper_.finish(full); }

GaugeCharge TableOutput::take_charge(const RowGroup& group, BlockGauge& gauge) {
  TIPPLE_CHECK(group.rows <= waiting_rows_, "a row group has more rows than were added");
  const std::uint64_t waiting = waiting_charge_.bytes();
  const auto share =
      static_cast<std::uint64_t>(static_cast<double>(waiting) * group.rows / static_cast<double>(waiting_rows_));
  waiting_rows_ -= group.rows;
  GaugeCharge charge = GaugeCharge::add(gauge, 0, true);
  waiting_charge_.give(waiting_rows_ == 0 ? waiting : share, charge);
  return charge;
}

Status TableOutput::create_part() {
  const bool parquet = spec_.part_format == PartFormat::kParquet;
  TIPPLE_RETURN_IF_ERROR(create_folders(place_.folder));
  const std::filesystem::path path = place_.folder / (place_.stem + (parquet ? ".parquet" : ".h5"));
  if (parquet) {
    TIPPLE_TRY(parquet_, ParquetPartWriter::create(path, schema_, coding_, place_.attributes));
  } else {
    TIPPLE_TRY(hdf5_, Hdf5PartWriter::create(path, schema_, coding_, place_.attributes));
  }
  part_path_ = path;
  fault_point("part-created");
  return {};
}

Status TableOutput::write(const RowGroup& group, const EncodedRowGroup& encoded) {
  if (!hdf5_ && !parquet_) TIPPLE_RETURN_IF_ERROR(create_part());
  TIPPLE_RETURN_IF_ERROR(parquet_ ? parquet_->append(group) : hdf5_->append(encoded));
  part_rows_ += parquet_ ? group.rows : encoded.rows;
  fault_point("part-row-group");
  if (!(parquet_ ? group.last : encoded.last)) return {};
  TIPPLE_RETURN_IF_ERROR(parquet_ ? parquet_->close() : hdf5_->close());
  parquet_.reset();
  hdf5_.reset();
  fault_point("part-closed");
  return {};
}

TableOutput::Staged TableOutput::release() {
  TIPPLE_CHECK(!hdf5_ && !parquet_ && part_rows_ == rows.rows_out && rows.balanced(), "a chunk lost or invented rows");
  Staged staged;
  ColumnStatsBuilder stats(schema_);
  for (const Sums& sums : sums_) {
    staged.content_digest = add(staged.content_digest, sums.digest);
    stats.merge(sums.stats);
  }
  staged.columns = stats.finish();
  staged.rows = part_rows_;
  staged.part = std::exchange(part_path_, {});
  staged.rejects = std::exchange(rejects_path_, {});
  staged.reject_writer = std::exchange(rejects_, std::nullopt);
  return staged;
}

}  // namespace tipple
