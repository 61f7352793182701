// Tables of Parquet parts as programs read them that we did not write: delta-rs, Polars, and DuckDB on the parts.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "tests/base/run_command.h"
#include "tests/base/test_seed.h"
#include "tests/formats/part_testing.h"
#include "tests/warehouse/sample_table.h"
#include "warehouse/export.h"
#include "warehouse/verify.h"

namespace tipple {
namespace {

constexpr std::size_t kRowsPerPart = 500;

// Random rows with a column of their own numbers in front.
std::shared_ptr<arrow::RecordBatch> numbered_rows(const Schema& schema, std::size_t first, std::mt19937_64& random) {
  const auto batch = testing_parts::random_batch(schema, kRowsPerPart, {random});
  arrow::Int64Builder numbers;
  for (std::size_t i = 0; i < kRowsPerPart; ++i) EXPECT_TRUE(numbers.Append(static_cast<std::int64_t>(first + i)).ok());
  arrow::ArrayVector arrays = batch->columns();
  arrays[0] = *numbers.Finish();
  return arrow::RecordBatch::Make(arrow_schema(schema), batch->num_rows(), arrays);
}

class DeltaReaders : public testing::Test {
 protected:
  void commit(WriteMode write, const Schema& schema) {
    const std::string name = "part-" + std::to_string(rows_) + ".parquet";
    const LoggedPart part =
        place_part(warehouse_, "t", name, PartFormat::kParquet, schema, numbered_rows(schema, rows_, random_));
    rows_ += kRowsPerPart;
    const auto done = commit_version(warehouse_, "t", schema, Codec::kZstd, {part}, sample_commit(write, kRowsPerPart),
                                     {PartFormat::kParquet, true});
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }

  void expect_readers_see_it(const std::string& but_not = "none") {
    const fs::path expected = folder_.path() / "expected.arrow";
    std::string bytes;
    ExportOptions options;
    options.format = ExportFormat::kArrow;
    const auto rows = export_table(warehouse_, "t", options, [&](std::string_view block) {
      bytes += block;
      return Status();
    });
    ASSERT_TRUE(rows.ok()) << rows.error().to_string();
    ASSERT_TRUE(write_file_synced(expected, bytes).ok());
    const auto [status, output] =
        run_command(std::string(TIPPLE_PYTHON) + " " + TIPPLE_TESTS_FOLDER + "/read_delta.py '" +
                    warehouse_.table_folder("t").string() + "' '" + expected.string() + "' " + but_not);
    EXPECT_EQ(status, 0) << output;
    const auto report = verify_table(warehouse_, "t", std::nullopt, 2);
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_EQ(report->problems, std::vector<std::string>());
  }

  const std::uint64_t seed_ = test_seed();
  std::mt19937_64 random_{seed_};
  std::size_t rows_ = 0;
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path() / "w", true).value();
};

Schema with_number(Schema schema) {
  schema.insert(schema.begin(), {"number", type("int64"), false});
  return schema;
}

TEST_F(DeltaReaders, EveryTypeOverSeveralVersions) {
  SCOPED_TRACE(seed_);
  const Schema schema = with_number(testing_parts::all_types_schema());
  commit(WriteMode::kReplace, schema);
  commit(WriteMode::kReplace, schema);
  commit(WriteMode::kAppend, schema);
  expect_readers_see_it();
}

TEST_F(DeltaReaders, WithoutPlainTimestampsTheOldestReadersMayReadIt) {
  SCOPED_TRACE(seed_);
  commit(WriteMode::kReplace, with_number({{"at", type("timestamp_tz"), true}, {"name", type("string"), true}}));
  expect_readers_see_it();
}

TEST_F(DeltaReaders, ColumnsThatGrew) {
  SCOPED_TRACE(seed_);
  commit(WriteMode::kReplace, with_number({{"i", type("int32"), false},
                                           {"f", type("float32"), true},
                                           {"d", type("decimal(12,2)"), true},
                                           {"n", type("int16"), true},
                                           {"s", type("string(3)"), false},
                                           {"e", type("enum(a,b)"), false},
                                           {"u", type("uint8"), false},
                                           {"old", type("date"), false}}));
  commit(WriteMode::kAppend, with_number({{"i", type("int64"), false},
                                          {"f", type("float64"), true},
                                          {"d", type("decimal(16,2)"), true},
                                          {"n", type("int32"), true},
                                          {"s", type("string"), true},
                                          {"e", type("enum(c,a)"), true},
                                          {"u", type("uint32"), false},
                                          {"new", type("timestamp"), false}}));
  expect_readers_see_it();
}

// Polars reads no integers where the table has fractions (docs/format-parquet.md says so); the others do.
TEST_F(DeltaReaders, IntegersThatBecameDecimalsOrFloats) {
  SCOPED_TRACE(seed_);
  commit(WriteMode::kReplace,
         with_number({{"n", type("int16"), true}, {"u", type("uint64"), true}, {"f", type("int8"), true}}));
  commit(WriteMode::kAppend,
         with_number({{"n", type("decimal(14,2)"), true}, {"u", type("int64"), true}, {"f", type("float32"), true}}));
  expect_readers_see_it("Polars");
}

}  // namespace
}  // namespace tipple
