// Warehouses in temporary folders and small real parts, for the tests of the warehouse and of publishing.
#pragma once

#include <gtest/gtest.h>

#include <arrow/api.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "formats/arrow_types.h"
#include "formats/column_stats_builder.h"
#include "formats/content_digest.h"
#include "formats/hdf5_part_writer.h"
#include "formats/parquet_part_writer.h"
#include "formats/part_encoder.h"
#include "warehouse/table_log.h"

namespace tipple {

// A fresh folder that goes away with the test.
class TestFolder {
 public:
  TestFolder() : path_(fs::path(testing::TempDir()) / ("tipple-" + random_id().to_hex())) {
    EXPECT_TRUE(create_folders(path_).ok());
  }
  ~TestFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline DataType type(const char* name) { return parse_data_type(name).value(); }

inline Schema sample_schema() {
  return {{"id", type("int64"), false}, {"price", type("decimal(30,2)"), false}, {"note", type("string"), true}};
}

// Rows first, first + 1, ...; every third note is null.
inline std::shared_ptr<arrow::RecordBatch> sample_rows(std::int64_t first, std::int64_t count) {
  const auto schema = arrow_schema(sample_schema());
  arrow::Int64Builder ids;
  arrow::Decimal128Builder prices(schema->field(1)->type());
  arrow::StringBuilder notes;
  for (std::int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(prices.Append(arrow::Decimal128(i * 101 - 50)).ok());
    EXPECT_TRUE((i % 3 == 0 ? notes.AppendNull() : notes.Append("note " + std::to_string(i))).ok());
  }
  return arrow::RecordBatch::Make(schema, count, {*ids.Finish(), *prices.Finish(), *notes.Finish()});
}

// Writes `batch` as a part to `path` (its folder is made); LoggedPart::path is left empty.
inline LoggedPart write_part(const fs::path& path, PartFormat format, const Schema& schema,
                             const std::shared_ptr<arrow::RecordBatch>& batch) {
  EXPECT_TRUE(create_folders(path.parent_path()).ok());
  RowGrouper grouper(schema);
  std::vector<RowGroup> groups;
  grouper.add(batch, groups);
  grouper.finish(groups);
  if (format == PartFormat::kParquet) {
    auto writer = ParquetPartWriter::create(path, schema, Codec::kZstd, {}).value();
    for (const RowGroup& group : groups) EXPECT_TRUE(writer.append(group).ok());
    EXPECT_TRUE(writer.close().ok());
  } else {
    auto writer = Hdf5PartWriter::create(path, schema, Codec::kDeflate, {}).value();
    for (const RowGroup& group : groups)
      EXPECT_TRUE(writer.append(*encode_row_group(group, schema, Codec::kDeflate)).ok());
    EXPECT_TRUE(writer.close().ok());
  }
  const SyncedFile file = sync_and_hash(path).value();
  ColumnStatsBuilder stats(schema);
  stats.add(*batch);
  return {"",
          file.bytes,
          static_cast<std::uint64_t>(batch->num_rows()),
          file.sha256,
          content_digest(*batch, schema),
          stats.finish()};
}

// The same, in place in the table's data folder.
inline LoggedPart place_part(const Warehouse& warehouse, const std::string& table, const std::string& name,
                             PartFormat format, const Schema& schema,
                             const std::shared_ptr<arrow::RecordBatch>& batch) {
  LoggedPart part = write_part(warehouse.table_folder(table) / "data" / name, format, schema, batch);
  part.path = "data/" + name;
  return part;
}

inline LoggedPart place_sample_part(const Warehouse& warehouse, const std::string& table, const std::string& name,
                                    std::int64_t first, std::int64_t count, PartFormat format = PartFormat::kHdf5) {
  return place_part(warehouse, table, name, format, sample_schema(), sample_rows(first, count));
}

inline CommitInfo sample_commit(WriteMode write, std::uint64_t rows) {
  CommitInfo info;
  info.load = random_id();
  info.attempt = random_id();
  info.job = "sample";
  info.mode = "full";
  info.write = write;
  info.rows = {rows, rows, 0, 0, 0};
  info.timestamp_ms = 1'700'000'000'000;
  info.engine = "tipple 0.1.0";
  return info;
}

}  // namespace tipple
