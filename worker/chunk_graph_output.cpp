#include "worker/chunk_graph_output.h"

#include <unistd.h>

#include <utility>

#include <arrow/record_batch.h>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/file.h"
#include "formats/content_digest.h"

namespace tipple {

TableOutput::TableOutput(const TableSpec& spec, StagingPlace place)
    : spec_(spec), schema_(spec.schema()), place_(std::move(place)), sums_([this] { return Sums(schema_); }), grouper_(schema_) {}

TableOutput::~TableOutput() {
  if (part_) part_->discard();
  part_.reset();
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
  rows.rows_in += rejects.size();
  rows.rejected += rejects.size();
  return rejects_->append(rejects);
}

void TableOutput::add_rows(std::shared_ptr<arrow::RecordBatch> batch, std::uint64_t bytes, BlockGauge& gauge,
                           GaugeCharge& charge, std::vector<RowGroup>& full) {
  const auto count = static_cast<std::uint64_t>(batch->num_rows());
  if (count == 0) return;
  rows.rows_in += count;
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
  const auto share = static_cast<std::uint64_t>(static_cast<double>(waiting) * group.rows / static_cast<double>(waiting_rows_));
  waiting_rows_ -= group.rows;
  GaugeCharge charge = GaugeCharge::add(gauge, 0, true);
  waiting_charge_.give(waiting_rows_ == 0 ? waiting : share, charge);
  return charge;
}

Status TableOutput::write(const EncodedRowGroup& group) {
  if (!part_) {
    TIPPLE_RETURN_IF_ERROR(create_folders(place_.folder));
    const std::filesystem::path path = place_.folder / (place_.stem + ".h5");
    TIPPLE_TRY(part_, Hdf5PartWriter::create(path, schema_, spec_.codec, place_.attributes));
    part_path_ = path;
    fault_point("part-created");
  }
  TIPPLE_RETURN_IF_ERROR(part_->append(group));
  part_rows_ += group.rows;
  fault_point("part-row-group");
  if (!group.last) return {};
  TIPPLE_RETURN_IF_ERROR(part_->close());
  part_.reset();
  fault_point("part-closed");
  return {};
}

TableOutput::Staged TableOutput::release() {
  TIPPLE_CHECK(!part_ && part_rows_ == rows.rows_out && rows.balanced(), "a chunk lost or invented rows");
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
