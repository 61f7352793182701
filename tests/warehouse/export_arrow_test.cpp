// Exports that are not text, read back by Arrow.
#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include "tests/base/test_seed.h"
#include "tests/formats/part_testing.h"
#include "tests/warehouse/sample_table.h"
#include "warehouse/export.h"

namespace tipple {
namespace {

using testing::HasSubstr;

class ExportArrow : public testing::TestWithParam<ExportFormat> {
 protected:
  void commit(const Schema& schema, const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
    std::vector<LoggedPart> parts;
    for (const auto& batch : batches)
      parts.push_back(
          place_part(warehouse_, "t", "p" + std::to_string(parts.size()), PartFormat::kHdf5, schema, batch));
    const auto done =
        commit_version(warehouse_, "t", schema, Codec::kDeflate, parts, sample_commit(WriteMode::kReplace, 0));
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }
  Result<std::uint64_t> run(const std::vector<std::string>& columns, std::string& out) {
    ExportOptions options;
    options.format = GetParam();
    options.columns = columns;
    return export_table(warehouse_, "t", options, [&](std::string_view block) {
      out += block;
      return Status();
    });
  }
  static std::shared_ptr<arrow::Table> read(const std::string& bytes) {
    const auto file = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
    if (GetParam() == ExportFormat::kArrow) return *(*arrow::ipc::RecordBatchFileReader::Open(file))->ToTable();
    return *(*parquet::arrow::OpenFile(file, arrow::default_memory_pool()))->ReadTable();
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path() / "w", true).value();
};

INSTANTIATE_TEST_SUITE_P(Formats, ExportArrow, testing::Values(ExportFormat::kParquet, ExportFormat::kArrow),
                         [](const auto& format) { return format.param == ExportFormat::kArrow ? "arrow" : "parquet"; });

TEST_P(ExportArrow, EveryTypeWithLabelsInsteadOfPositions) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const Schema schema = testing_parts::all_types_schema();
  const auto first = testing_parts::random_batch(schema, 700, {random});
  const auto second = testing_parts::random_batch(schema, 50, {random});
  commit(schema, {first, second});
  std::string bytes;
  const auto rows = run({}, bytes);
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  EXPECT_EQ(*rows, 750U);
  const auto found = read(bytes);
  const auto expected = *arrow::Table::FromRecordBatches({first, second});
  ASSERT_EQ(found->num_columns(), expected->num_columns());
  for (int i = 0; i < found->num_columns(); ++i) {
    const Column& column = schema[static_cast<std::size_t>(i)];
    if (column.type.kind != TypeKind::kEnum) {
      EXPECT_TRUE(found->column(i)->Equals(expected->column(i))) << column.name;
      continue;
    }
    for (std::int64_t row = 0; row < 750; ++row) {
      const auto position = *expected->column(i)->GetScalar(row);
      const auto label = *found->column(i)->GetScalar(row);
      ASSERT_EQ(label->is_valid, position->is_valid);
      if (!position->is_valid) continue;
      const auto text = *static_cast<const arrow::DictionaryScalar&>(*label).GetEncodedValue();
      EXPECT_EQ(text->ToString(), column.type.labels[static_cast<const arrow::UInt16Scalar&>(*position).value]);
    }
  }
}

TEST_P(ExportArrow, ChosenColumnsInTheirOrderButNoneTwice) {
  commit(sample_schema(), {sample_rows(0, 5)});
  std::string bytes;
  ASSERT_TRUE(run({"note", "id"}, bytes).ok());
  EXPECT_THAT(read(bytes)->ColumnNames(), testing::ElementsAre("note", "id"));
  EXPECT_THAT(run({"id", "id"}, bytes).error().to_string(), HasSubstr("named twice"));
}

TEST_P(ExportArrow, ATableWithoutRowsHasItsColumns) {
  commit(sample_schema(), {});
  std::string bytes;
  ASSERT_TRUE(run({}, bytes).ok());
  EXPECT_EQ(read(bytes)->num_rows(), 0);
  EXPECT_EQ(read(bytes)->num_columns(), 3);
}

TEST_P(ExportArrow, TheSinksErrorEndsIt) {
  commit(sample_schema(), {sample_rows(0, 5)});
  ExportOptions options;
  options.format = GetParam();
  int blocks = 0;
  const auto result = export_table(warehouse_, "t", options, [&](std::string_view) {
    ++blocks;
    return Status(environment_error("the pipe broke"));
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().what, "the pipe broke");
  EXPECT_EQ(blocks, 1) << "nothing is written after it";
}

TEST_P(ExportArrow, ADamagedPartEndsItAndNothingMoreIsWritten) {
  commit(sample_schema(), {sample_rows(0, 5)});
  const fs::path part = warehouse_.table_folder("t") / "data" / "p0";
  std::string damaged = *read_file(part, 1 << 30);
  damaged[100] = static_cast<char>(damaged[100] ^ 1);
  ASSERT_TRUE(write_file_synced(part, damaged).ok());
  std::string bytes;
  EXPECT_THAT(run({}, bytes).error().to_string(), HasSubstr("the part is damaged"));
  EXPECT_EQ(bytes, "") << "no file that looks whole";
}

}  // namespace
}  // namespace tipple
