// TableOutput: what one table gets out of a chunk: sums over its rows, the staged part, the staged rejects.
//
// Each member belongs to one stage of the graph, as grouped below. Nothing is created before the first row or reject.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tbb/enumerable_thread_specific.h>

#include "base/ids.h"
#include "base/result.h"
#include "formats/column_stats_builder.h"
#include "formats/hdf5_part_writer.h"
#include "formats/parquet_part_writer.h"
#include "formats/part_encoder.h"
#include "formats/reject_file.h"
#include "jobs/job_spec.h"
#include "jobs/row_account.h"
#include "worker/block_gauge.h"
#include "worker/table_stage.h"

namespace tipple {

// Where a chunk's files are staged, without the ending.
struct StagingPlace {
  std::filesystem::path folder;
  std::string stem;
  std::map<std::string, std::string> attributes;  // of the part; functions of the input alone
};

class TableOutput {
 public:
  TableOutput(const TableSpec& spec, StagingPlace place);
  ~TableOutput();  // unlinks what release() did not hand out
  TableOutput(const TableOutput&) = delete;
  TableOutput& operator=(const TableOutput&) = delete;

  [[nodiscard]] const TableSpec& spec() const { return spec_; }
  [[nodiscard]] const Schema& schema() const { return schema_; }
  [[nodiscard]] const PartCoding& coding() const { return coding_; }

  // Check stage, on many threads.
  void check(const arrow::RecordBatch& batch);

  // Rebatch stage: serial, in input order.
  [[nodiscard]] Status add_rejects(const std::vector<Reject>& rejects);
  void count(const StagedBatch& batch);
  // `bytes` of its block's charge go with the batch.
  void add_rows(std::shared_ptr<arrow::RecordBatch> batch, std::uint64_t bytes, BlockGauge& gauge, GaugeCharge& charge,
                std::vector<RowGroup>& full);
  void finish_rows(std::vector<RowGroup>& full);
  // The share of the waiting rows' memory that leaves with `group`.
  [[nodiscard]] GaugeCharge take_charge(const RowGroup& group, BlockGauge& gauge);
  RowAccount rows;
  std::vector<std::uint64_t> check_failures;  // TableReport::check_failures

  // Write stage: serial, in input order.
  [[nodiscard]] Status write(const RowGroup& group, const EncodedRowGroup& encoded);

  // After the graph: the staged files, now the caller's to finish or unlink.
  struct Staged {
    std::filesystem::path part;     // empty: no row came out
    std::filesystem::path rejects;  // empty: none
    std::optional<RejectFileWriter> reject_writer;
    std::uint64_t rows = 0;
    Id128 content_digest;
    std::vector<ColumnStats> columns;
  };
  [[nodiscard]] Staged release();

 private:
  struct Sums {
    explicit Sums(const Schema& schema) : stats(schema) {}
    Id128 digest;
    ColumnStatsBuilder stats;
  };

  const TableSpec& spec_;
  const Schema schema_;
  const PartCoding coding_;
  const StagingPlace place_;
  tbb::enumerable_thread_specific<Sums> sums_;

  RowGrouper grouper_;
  std::uint64_t waiting_rows_ = 0;
  GaugeCharge waiting_charge_;
  std::optional<RejectFileWriter> rejects_;
  std::filesystem::path rejects_path_;

  [[nodiscard]] Status create_part();

  std::optional<Hdf5PartWriter> hdf5_;  // one of the two, by the table's part format
  std::optional<ParquetPartWriter> parquet_;
  std::filesystem::path part_path_;
  std::uint64_t part_rows_ = 0;
};

}  // namespace tipple
