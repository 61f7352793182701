// open_batch_source: parts of our own tables, in both formats, are what was written; foreign files by their source's
// format.
#include "formats/batch_source.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/limits.h"
#include "formats/parquet_part_writer.h"
#include "tests/base/test_seed.h"
#include "tests/formats/batch_testing.h"
#include "tests/formats/part_testing.h"

namespace tipple {
namespace {

using testing_batches::Batch;
using testing_batches::Folder;
using testing_batches::load;

constexpr std::int64_t kRows = 70'000;  // two row groups
static_assert(kRows > limits::kRowGroupRows);

SourceSpec table_source() {
  SourceSpec source;
  source.format = SourceFormat::kTable;
  return source;
}

BoundTable bound_to(const Schema& schema) {
  BoundTable bound;
  for (const Column& column : schema) bound.columns.push_back({column, column.name, {}, {}});
  return bound;
}

Status write_parquet_part(const std::string& path, const Schema& schema, const Batch& rows) {
  TIPPLE_TRY(ParquetPartWriter writer, ParquetPartWriter::create(path, schema, Codec::kZstd, {}));
  RowGrouper grouper(schema);
  std::vector<RowGroup> groups;
  grouper.add(rows, groups);
  grouper.finish(groups);
  for (const RowGroup& group : groups) TIPPLE_RETURN_IF_ERROR(writer.append(group));
  return writer.close();
}

class PartsAsSources : public testing::TestWithParam<const char*> {};

TEST_P(PartsAsSources, EveryTypeComesBackAsItWasWritten) {
  const Folder folder;
  const std::string path = folder.file(std::string("part") + GetParam());
  const Schema schema = testing_parts::all_types_schema();
  std::mt19937_64 random(test_seed());
  const Batch rows = testing_parts::random_batch(schema, kRows, {random});
  const bool parquet = std::string_view(GetParam()) == ".parquet";
  const Status written = parquet ? write_parquet_part(path, schema, rows)
                                 : testing_parts::write_part(path, schema, Codec::kDeflate, {rows});
  ASSERT_TRUE(written.ok()) << written.error().to_string();

  const auto source = open_batch_source(path, table_source());
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  EXPECT_EQ((*source)->rows(), static_cast<std::uint64_t>(kRows));
  const auto loaded = load(**source, bound_to(schema));
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  for (std::size_t i = 0; i < std::min<std::size_t>(loaded->rejects.size(), 3); ++i) {
    ADD_FAILURE() << loaded->rejects[i].column << ": " << loaded->rejects[i].reason;
  }
  const Batch found = loaded->whole();
  for (int c = 0; c < rows->num_columns(); ++c) {
    EXPECT_TRUE(found->column(c)->Equals(*rows->column(c), arrow::EqualOptions::Defaults().nans_equal(true)))
        << schema[static_cast<std::size_t>(c)].name;
  }
}

TEST_P(PartsAsSources, StretchesTileTheRowsHoweverTheBytesAreCut) {
  const Folder folder;
  const std::string path = folder.file(std::string("part") + GetParam());
  const Schema schema = {{"n", testing_parts::type_of("int64"), false}};
  std::mt19937_64 random(test_seed());
  const Batch rows = testing_parts::random_batch(schema, 3 * kRows, {random});
  const bool parquet = std::string_view(GetParam()) == ".parquet";
  ASSERT_TRUE((parquet ? write_parquet_part(path, schema, rows)
                       : testing_parts::write_part(path, schema, Codec::kDeflate, {rows}))
                  .ok());
  const auto source = open_batch_source(path, table_source()).value();
  const auto bytes = std::filesystem::file_size(path);
  for (const std::uint64_t step : {std::uint64_t{100'000}, std::uint64_t{bytes / 3}, std::uint64_t{bytes}}) {
    std::vector<BatchStretch> stretches;
    for (std::uint64_t begin = 0; begin < bytes; begin += step) {
      for (const BatchStretch& stretch : source->stretches(begin, std::min<std::uint64_t>(begin + step, bytes), 0))
        stretches.push_back(stretch);
    }
    std::uint64_t next = 0;
    for (const BatchStretch& stretch : stretches) {
      ASSERT_EQ(stretch.first_row, next);
      next += stretch.rows;
    }
    EXPECT_EQ(next, source->rows());
    std::vector<std::thread> threads;
    for (const BatchStretch& stretch : stretches) {
      threads.emplace_back([&, stretch] {
        const auto batch = source->read(stretch, {0}, arrow::default_memory_pool());
        ASSERT_TRUE(batch.ok()) << batch.error().to_string();
        EXPECT_TRUE((*batch)->column(0)->Equals(*rows->column(0)->Slice(static_cast<std::int64_t>(stretch.first_row),
                                                                        static_cast<std::int64_t>(stretch.rows))));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PartsAsSources, testing::Values(".h5", ".parquet"),
                         [](const auto& values) { return std::string(values.param).substr(1); });

TEST(OpenBatchSource, GoesByTheSourcesFormatAndNotByTheName) {
  const Folder folder;
  const std::string path = folder.file("part.h5");
  const Schema schema = {{"n", testing_parts::type_of("int64"), false}};
  std::mt19937_64 random(test_seed());
  ASSERT_TRUE(
      testing_parts::write_part(path, schema, Codec::kDeflate, {testing_parts::random_batch(schema, 10, {random})})
          .ok());
  SourceSpec source;
  source.format = SourceFormat::kHdf5;
  const auto foreign = open_batch_source(path, source);
  ASSERT_TRUE(foreign.ok()) << foreign.error().to_string();
  EXPECT_EQ((*foreign)->rows(), 10U);
  source.format = SourceFormat::kParquet;
  EXPECT_FALSE(open_batch_source(path, source).ok());
}

}  // namespace
}  // namespace tipple
