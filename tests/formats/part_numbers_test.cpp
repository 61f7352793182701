// Numbers written over the zeros of real parts: what readers see, what hashes say, and that nothing else changes.
#include "formats/part_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/file.h"
#include "formats/parquet_part_reader.h"
#include "formats/parquet_part_writer.h"
#include "tests/base/test_seed.h"
#include "tests/formats/part_testing.h"

namespace tipple::testing_parts {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kNumbers = 2;

Schema numbered_schema() {
  return {{"note", type_of("string"), true}, {"amount", type_of("int64"), false}, {"id", type_of("int64"), false}};
}

Batch unnumbered_rows(std::int64_t rows, std::mt19937_64& random) {
  const Batch values = random_batch(numbered_schema(), rows, {random});
  const std::shared_ptr<arrow::Buffer> zeros = arrow::AllocateBuffer(rows * 8).ValueOrDie();
  std::memset(zeros->mutable_data(), 0, static_cast<std::size_t>(zeros->size()));
  const auto column = arrow::ArrayData::Make(arrow::int64(), rows, {nullptr, zeros}, 0);
  return arrow::RecordBatch::Make(values->schema(), rows,
                                  {values->column(0), values->column(1), arrow::MakeArray(column)});
}

Status write_rows(const std::filesystem::path& path, PartFormat format, const PartCoding& coding, const Batch& rows,
                  std::uint32_t group_rows) {
  const Schema schema = numbered_schema();
  RowGrouper grouper(schema, group_rows);
  std::vector<RowGroup> groups;
  grouper.add(rows, groups);
  grouper.finish(groups);
  if (format == PartFormat::kParquet) {
    TIPPLE_TRY(ParquetPartWriter writer, ParquetPartWriter::create(path, schema, coding, {}));
    for (const RowGroup& group : groups) TIPPLE_RETURN_IF_ERROR(writer.append(group));
    return writer.close();
  }
  TIPPLE_TRY(Hdf5PartWriter writer, Hdf5PartWriter::create(path, schema, coding, {}));
  for (const RowGroup& group : groups) {
    TIPPLE_TRY(const EncodedRowGroup encoded, encode_row_group(group, schema, coding));
    TIPPLE_RETURN_IF_ERROR(writer.append(encoded));
  }
  return writer.close();
}

template <typename Reader>
std::vector<NumberRun> runs_of(const std::filesystem::path& path) {
  const auto reader = Reader::open(path);
  const auto runs = reader->number_runs(kNumbers);
  EXPECT_TRUE(runs.ok()) << runs.error().to_string();
  return runs.ok() ? *runs : std::vector<NumberRun>();
}

template <typename Reader>
Batch rows_of(const std::filesystem::path& path) {
  auto reader = Reader::open(path);
  std::vector<Batch> batches;
  for (std::uint64_t i = 0; i < reader->row_groups(); ++i) batches.push_back(reader->read_row_group(i).value());
  return arrow::ConcatenateRecordBatches(batches).ValueOrDie();
}

void expect_numbered(const Batch& found, const Batch& staged, std::int64_t first) {
  ASSERT_EQ(found->num_rows(), staged->num_rows());
  EXPECT_TRUE(found->column(0)->Equals(staged->column(0)));
  EXPECT_TRUE(found->column(1)->Equals(staged->column(1)));
  const auto& numbers = static_cast<const arrow::Int64Array&>(*found->column(kNumbers));
  for (std::int64_t i = 0; i < numbers.length(); ++i) ASSERT_EQ(numbers.Value(i), first + i) << "row " << i;
}

class PartNumbers : public testing::TestWithParam<PartFormat> {
 protected:
  [[nodiscard]] std::vector<NumberRun> runs(const std::filesystem::path& path) const {
    return GetParam() == PartFormat::kParquet ? runs_of<ParquetPartReader>(path) : runs_of<Hdf5PartReader>(path);
  }
  [[nodiscard]] Batch rows(const std::filesystem::path& path) const {
    return GetParam() == PartFormat::kParquet ? rows_of<ParquetPartReader>(path) : rows_of<Hdf5PartReader>(path);
  }
  void write(const PartCoding& coding, const Batch& rows) const {
    const std::uint32_t group_rows = GetParam() == PartFormat::kParquet ? 50'000 : limits::kRowGroupRows;
    const Status written = write_rows(path_, GetParam(), coding, rows, group_rows);
    ASSERT_TRUE(written.ok()) << written.error().to_string();
  }
  ScratchFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "part";
  std::mt19937_64 random_{test_seed()};
};

INSTANTIATE_TEST_SUITE_P(Formats, PartNumbers, testing::Values(PartFormat::kHdf5, PartFormat::kParquet),
                         [](const auto& format) { return std::string(to_string(format.param)); });

TEST_P(PartNumbers, ReadersSeeThemAndAllElseStays) {
  for (const Codec codec : {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone}) {
    for (const std::int64_t count : {1, 7, 65'536, 150'000}) {
      SCOPED_TRACE(std::string(to_string(codec)) + ", " + std::to_string(count) + " rows");
      const Batch staged = unnumbered_rows(count, random_);
      write(PartCoding(codec, kNumbers), staged);
      const SyncedFile before = *hash_file(path_);
      const auto file = write_numbers(path_, path_, runs(path_), 1'000'000'000'000);
      ASSERT_TRUE(file.ok()) << file.error().to_string();
      EXPECT_EQ(file->zeros_sha256, before.sha256);
      EXPECT_EQ(file->bytes, before.bytes);
      EXPECT_EQ(file->sha256, hash_file(path_)->sha256);
      EXPECT_NE(file->sha256, before.sha256);
      expect_numbered(rows(path_), staged, 1'000'000'000'000);
      std::filesystem::remove(path_);
    }
  }
}

TEST_P(PartNumbers, WritingAgainWhatWasBegunOtherwiseEndsInTheSameBytes) {
  const Batch staged = unnumbered_rows(100'000, random_);
  write(PartCoding(Codec::kZstd, kNumbers), staged);
  const Sha256 before = hash_file(path_)->sha256;
  const std::filesystem::path copy = folder_.path() / "copy";
  const NumberedFile copied = write_numbers(path_, copy, runs(path_), 5).value();
  EXPECT_EQ(hash_file(path_)->sha256, before) << "a copy leaves the part as it is";
  std::vector<NumberRun> half = runs(path_);
  half.resize(half.size() / 2);
  ASSERT_TRUE(write_numbers(path_, path_, half, 77).ok());
  for (int i = 0; i < 2; ++i) {
    const NumberedFile again = write_numbers(path_, path_, runs(path_), 5).value();
    EXPECT_EQ(again.sha256, copied.sha256);
    EXPECT_EQ(again.zeros_sha256, before);
    EXPECT_EQ(bytes_of(path_), bytes_of(copy));
  }
  EXPECT_FALSE(write_numbers(path_, copy, runs(path_), 5).ok()) << "a copy replaces nothing";
}

TEST_P(PartNumbers, AColumnThatIsNotPlainIsRefused) {
  write(Codec::kZstd, unnumbered_rows(1000, random_));
  const auto refused = GetParam() == PartFormat::kParquet ? ParquetPartReader::open(path_)->number_runs(kNumbers)
                                                          : Hdf5PartReader::open(path_)->number_runs(kNumbers);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("stored as plain values"));
}

TEST(WriteNumbers, RunsMayBeginAnywhereAndStandInAnyOrder) {
  ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "bytes";
  std::string bytes(3'000'000, 'x');
  // 1 MiB is what is read at a time: these runs begin and end within a number there, and just at it.
  const std::vector<NumberRun> runs = {
      {1'048'576 + 8'005, 131'071, 100'000}, {3, 0, 131'071}, {2'097'152, 231'071, 1}, {2'097'152 + 8, 231'072, 3}};
  for (const NumberRun& run : runs) std::memset(bytes.data() + run.offset, 0, run.rows * 8);
  ASSERT_TRUE(write_file_synced(path, bytes).ok());
  const Sha256 before = hash_file(path)->sha256;
  const std::int64_t first = std::numeric_limits<std::int64_t>::max() - 300'000;
  const NumberedFile file = write_numbers(path, path, runs, first).value();
  EXPECT_EQ(file.zeros_sha256, before);
  for (const NumberRun& run : runs) {
    for (std::uint64_t i = 0; i < run.rows; ++i) {
      const std::int64_t number = first + static_cast<std::int64_t>(run.first_row + i);
      std::memcpy(bytes.data() + run.offset + 8 * i, &number, 8);
    }
  }
  EXPECT_TRUE(bytes_of(path) == bytes) << "every other byte is as it was";
  EXPECT_EQ(file.sha256, hash_file(path)->sha256);
}

TEST(WriteNumbers, AFileThatLacksItsEndIsAnError) {
  ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "bytes";
  ASSERT_TRUE(write_file_synced(path, std::string(100, 'x')).ok());
  const auto file = write_numbers(path, path, {{50, 0, 7}}, 1);
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().to_string(), HasSubstr("shorter than its numbers"));
}

}  // namespace
}  // namespace tipple::testing_parts
