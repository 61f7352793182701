#include <gmock/gmock.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>
#include <tbb/task_arena.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <map>

#include "formats/parquet_part_reader.h"
#include "formats/parquet_part_types.h"
#include "formats/parquet_part_writer.h"
#include "tests/base/test_seed.h"
#include "tests/formats/part_testing.h"

namespace tipple::testing_parts {
namespace {

using testing::HasSubstr;

// As the worker does it, with row groups of `group_rows`.
Status write_parquet(const std::filesystem::path& path, const Schema& schema, Codec codec,
                     const std::vector<Batch>& slices, std::int64_t group_rows = 1 << 18) {
  TIPPLE_TRY(ParquetPartWriter writer, ParquetPartWriter::create(path, schema, codec, {{"tipple_table", "test"}}));
  RowGroup group;
  const auto flush = [&]() -> Status {
    if (group.rows == 0) return {};
    TIPPLE_RETURN_IF_ERROR(writer.append(group));
    group = RowGroup();
    return {};
  };
  for (const Batch& slice : slices) {
    for (std::int64_t at = 0; at < slice->num_rows();) {
      const std::int64_t taken = std::min(group_rows - group.rows, slice->num_rows() - at);
      group.slices.push_back(slice->Slice(at, taken));
      group.rows += static_cast<std::uint32_t>(taken);
      at += taken;
      if (group.rows == group_rows) TIPPLE_RETURN_IF_ERROR(flush());
    }
  }
  TIPPLE_RETURN_IF_ERROR(flush());
  return writer.close();
}

Result<Batch> read_parquet(const std::filesystem::path& path) {
  TIPPLE_TRY(ParquetPartReader reader, ParquetPartReader::open(path));
  std::vector<Batch> batches;
  for (std::uint64_t i = 0; i < reader.row_groups(); ++i) {
    TIPPLE_TRY(Batch batch, reader.read_row_group(i));
    if (const auto valid = batch->ValidateFull(); !valid.ok()) return environment_error(valid.ToString());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(arrow_schema(reader.schema()), batches)
      .ValueOrDie()
      ->CombineChunksToBatch()
      .ValueOrDie();
}

class ParquetPart : public testing::TestWithParam<Codec> {
 protected:
  ScratchFolder folder_;
  const std::uint64_t seed_ = test_seed();
  std::mt19937_64 random_{seed_};
  [[nodiscard]] std::filesystem::path path(const std::string& name = "part.parquet") const {
    return folder_.path() / name;
  }
};

INSTANTIATE_TEST_SUITE_P(Codecs, ParquetPart, testing::Values(Codec::kZstd, Codec::kDeflate, Codec::kLz4, Codec::kNone),
                         [](const auto& codec) { return std::string(to_string(codec.param)); });

TEST_P(ParquetPart, EveryTypeComesBack) {
  SCOPED_TRACE(seed_);
  const Schema schema = all_types_schema();
  const Batch batch = random_batch(schema, 40'000, {random_});
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {batch}, 17'001).ok());
  const auto found = read_parquet(path());
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(ParquetPartReader::open(path())->schema(), schema);
  for (int i = 0; i < batch->num_columns(); ++i) {
    EXPECT_TRUE(batch->column(i)->Equals((*found)->column(i))) << schema[static_cast<std::size_t>(i)].name;
  }
}

TEST_P(ParquetPart, BytesDependOnRowsAlone) {
  SCOPED_TRACE(seed_);
  const Schema schema = all_types_schema();
  const Batch batch = random_batch(schema, 50'000, {random_});
  ASSERT_TRUE(write_parquet(path("whole"), schema, GetParam(), {batch}).ok());
  ASSERT_TRUE(write_parquet(path("cut"), schema, GetParam(), cut(batch, random_, 3'000)).ok());
  Status one_thread;
  tbb::task_arena(1).execute(
      [&] { one_thread = write_parquet(path("one"), schema, GetParam(), cut(batch, random_, 30'000)); });
  ASSERT_TRUE(one_thread.ok());
  EXPECT_TRUE(bytes_of(path("whole")) == bytes_of(path("cut")));
  EXPECT_TRUE(bytes_of(path("whole")) == bytes_of(path("one")));
}

using ParquetPartFile = ParquetPart;
INSTANTIATE_TEST_SUITE_P(Zstd, ParquetPartFile, testing::Values(Codec::kZstd));

TEST_P(ParquetPartFile, WhatLiesUnderNullsDoesNotShow) {
  const Schema schema{{"n", type_of("int64"), true}, {"t", type_of("string"), true}};
  const auto with = [&](std::int64_t hidden, const std::string& text) {
    arrow::Int64Builder numbers;
    EXPECT_TRUE(numbers.AppendValues({1, hidden, 3}, {true, false, true}).ok());
    const auto offsets = arrow::Buffer::FromVector(std::vector<std::int32_t>{
        0, 1, 1 + static_cast<std::int32_t>(text.size()), 2 + static_cast<std::int32_t>(text.size())});
    const auto bits = arrow::Buffer::FromVector(std::vector<std::uint8_t>{5});
    const auto strings =
        std::make_shared<arrow::StringArray>(3, offsets, arrow::Buffer::FromString("a" + text + "b"), bits, 1);
    return arrow::RecordBatch::Make(arrow_schema(schema), 3, {*numbers.Finish(), strings});
  };
  ASSERT_TRUE(write_parquet(path("a"), schema, GetParam(), {with(2, "")}).ok());
  ASSERT_TRUE(write_parquet(path("b"), schema, GetParam(), {with(9, "secret")}).ok());
  EXPECT_TRUE(bytes_of(path("a")) == bytes_of(path("b")));
}

TEST_P(ParquetPartFile, WideTextIsCutIntoPieces) {
  const Schema schema{{"t", type_of("string"), true}};
  arrow::StringBuilder builder;
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(
        (i % 7 == 0 ? builder.AppendNull() : builder.Append(std::string(1 << 20, static_cast<char>('a' + i % 26))))
            .ok());
  const Batch batch = arrow::RecordBatch::Make(arrow_schema(schema), 60, {*builder.Finish()});
  ASSERT_TRUE(write_parquet(path("a"), schema, GetParam(), {batch}).ok());
  ASSERT_TRUE(write_parquet(path("b"), schema, GetParam(), cut(batch, random_, 11)).ok());
  EXPECT_TRUE(bytes_of(path("a")) == bytes_of(path("b")));
  EXPECT_TRUE((*read_parquet(path("b")))->Equals(*batch));
}

// What a file says of column `column` of its only row group, with the pages of its offset index.
struct ChunkFacts {
  std::shared_ptr<parquet::Statistics> statistics;
  bool has_dictionary = false;
  std::vector<std::int64_t> first_rows;  // of the pages
  std::vector<std::string> page_lowest;
};

ChunkFacts facts_of(const std::filesystem::path& path, int column) {
  const auto reader = parquet::ParquetFileReader::OpenFile(path.string());
  const std::shared_ptr<parquet::FileMetaData> metadata = reader->metadata();
  const auto chunk = metadata->RowGroup(0)->ColumnChunk(column);
  const auto index = reader->GetPageIndexReader()->RowGroup(0);
  const auto offsets = index->GetOffsetIndex(column);
  // The bounds of texts and decimals lie in the metadata, which therefore stay.
  const auto kept = std::make_shared<std::pair<decltype(metadata), std::shared_ptr<parquet::Statistics>>>(
      metadata, chunk->statistics());
  ChunkFacts facts{{kept, kept->second.get()}, chunk->has_dictionary_page(), {}, {}};
  for (const auto& page : offsets->page_locations()) facts.first_rows.push_back(page.first_row_index);
  facts.page_lowest = index->GetColumnIndex(column)->encoded_min_values();
  return facts;
}

TEST_P(ParquetPartFile, BoundsAreThoseOfTheValues) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Schema schema{{"number", type_of("int64"), true},        {"real", type_of("float64"), false},
                      {"wide", type_of("decimal(30,0)"), false}, {"text", type_of("string"), true},
                      {"yes", type_of("bool"), false},           {"none", type_of("int32"), true}};
  arrow::Int64Builder numbers;
  ASSERT_TRUE(numbers.AppendValues({5, -90, -7, 3}, {true, false, true, true}).ok());
  arrow::DoubleBuilder reals;
  ASSERT_TRUE(reals.AppendValues({nan, 0.0, 2.5, nan}).ok());
  arrow::Decimal128Builder wides(arrow::decimal128(30, 0));
  for (const char* value : {"1", "-100000000000000000000000", "-3", "99999999999999999999999"})
    ASSERT_TRUE(wides.Append(arrow::Decimal128(value)).ok());
  arrow::StringBuilder texts;
  ASSERT_TRUE(
      texts.AppendValues({"b", "\xC3\xA4", "", "longer than a word"}, std::vector<std::uint8_t>{1, 1, 0, 1}.data())
          .ok());
  arrow::BooleanBuilder flags;
  ASSERT_TRUE(flags.AppendValues(std::vector<bool>{true, true, true, true}).ok());
  const Batch batch = arrow::RecordBatch::Make(arrow_schema(schema), 4,
                                               {*numbers.Finish(), *reals.Finish(), *wides.Finish(), *texts.Finish(),
                                                *flags.Finish(), *arrow::MakeArrayOfNull(arrow::int32(), 4)});
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {batch}).ok());
  const auto bounds = [&](int column) {
    const auto statistics = facts_of(path(), column).statistics;
    return std::pair(statistics->EncodeMin(), statistics->EncodeMax());
  };
  const auto bytes = [](auto value) { return std::string(reinterpret_cast<const char*>(&value), sizeof(value)); };
  EXPECT_EQ(bounds(0), std::pair(bytes(std::int64_t{-7}), bytes(std::int64_t{5})));
  EXPECT_EQ(bounds(1), std::pair(bytes(-0.0), bytes(2.5)));
  EXPECT_EQ(bounds(3), std::pair(std::string("b"), std::string("\xC3\xA4"))) << "texts order as bytes";
  EXPECT_EQ(bounds(4), std::pair(std::string(1, '\1'), std::string(1, '\1')));
  const auto wide = std::static_pointer_cast<parquet::FLBAStatistics>(facts_of(path(), 2).statistics);
  const auto is_negative = [](const parquet::FLBA& value) { return value.ptr[0] >= 0x80; };
  EXPECT_TRUE(is_negative(wide->min()) && !is_negative(wide->max()));
  const auto none = facts_of(path(), 5).statistics;
  EXPECT_FALSE(none->HasMinMax());
  EXPECT_EQ(none->null_count(), 4);
  EXPECT_EQ(facts_of(path(), 0).statistics->null_count(), 1);
}

TEST_P(ParquetPartFile, PagesAndDictionariesFollowTheValues) {
  const Schema schema{
      {"key", type_of("int64"), false}, {"zone", type_of("int32"), false}, {"late", type_of("int64"), false}};
  arrow::Int64Builder keys;
  arrow::Int32Builder zones;
  arrow::Int64Builder late;  // repeats at every sampled row, and hardly between them
  constexpr std::int64_t kRows = 65'536;
  for (std::int64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(keys.Append(1'000'000 + i).ok());
    ASSERT_TRUE(zones.Append(static_cast<std::int32_t>(i % 265)).ok());
    ASSERT_TRUE(late.Append(i % 16 == 0 ? 0 : i).ok());
  }
  const Batch batch =
      arrow::RecordBatch::Make(arrow_schema(schema), kRows, {*keys.Finish(), *zones.Finish(), *late.Finish()});
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {batch}).ok());
  EXPECT_FALSE(facts_of(path(), 0).has_dictionary);
  EXPECT_TRUE(facts_of(path(), 1).has_dictionary);
  EXPECT_FALSE(facts_of(path(), 2).has_dictionary) << "the sample was wrong, and the dictionary was given up";
  const ChunkFacts key = facts_of(path(), 0);
  EXPECT_EQ(key.first_rows, (std::vector<std::int64_t>{0, 20'000, 40'000, 60'000}));
  for (std::size_t page = 0; page < key.first_rows.size(); ++page) {
    std::int64_t lowest = 0;
    std::memcpy(&lowest, key.page_lowest[page].data(), sizeof(lowest));
    EXPECT_EQ(lowest, 1'000'000 + key.first_rows[page]);
  }
  EXPECT_TRUE((*read_parquet(path()))->Equals(*batch));
}

TEST_P(ParquetPartFile, NumbersThatRiseAreDifferences) {
  SCOPED_TRACE(seed_);
  const Schema schema{{"rises", type_of("int64"), true}, {"leaps", type_of("int32"), false}};
  arrow::Int64Builder rises;
  arrow::Int32Builder leaps;
  constexpr std::int64_t kRows = 50'000;
  for (std::int64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE((i % 9 == 0 ? rises.AppendNull() : rises.Append(i * 1'000'003)).ok());
    // Rises on the first pages alone: each page has the encoding that suits it.
    ASSERT_TRUE(leaps.Append(static_cast<std::int32_t>(i < 20'000 ? i : static_cast<std::int64_t>(random_()))).ok());
  }
  const Batch batch = arrow::RecordBatch::Make(arrow_schema(schema), kRows, {*rises.Finish(), *leaps.Finish()});
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {batch}).ok());
  const auto counts = [&](int column) {
    std::map<parquet::Encoding::type, int> found;
    const auto reader = parquet::ParquetFileReader::OpenFile(path().string());
    const auto group = reader->metadata()->RowGroup(0);
    const auto chunk = group->ColumnChunk(column);
    for (const auto& pages : chunk->encoding_stats()) found[pages.encoding] += pages.count;
    return found;
  };
  using parquet::Encoding;
  EXPECT_EQ(counts(0), (std::map<Encoding::type, int>{{Encoding::DELTA_BINARY_PACKED, 3}}));
  EXPECT_EQ(counts(1), (std::map<Encoding::type, int>{{Encoding::DELTA_BINARY_PACKED, 1}, {Encoding::PLAIN, 2}}));
  EXPECT_TRUE((*read_parquet(path()))->Equals(*batch));
}

TEST_P(ParquetPartFile, APartWithoutRowsIsAFile) {
  ASSERT_TRUE(write_parquet(path(), all_types_schema(), GetParam(), {}).ok());
  const auto reader = ParquetPartReader::open(path());
  ASSERT_TRUE(reader.ok()) << reader.error().to_string();
  EXPECT_EQ(reader->rows(), 0U);
  EXPECT_EQ(reader->attribute("tipple_table").value(), "test");
}

TEST_P(ParquetPartFile, SomeColumnsAreRead) {
  SCOPED_TRACE(seed_);
  const Schema schema = all_types_schema();
  const Batch batch = random_batch(schema, 1'000, {random_});
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {batch}).ok());
  auto reader = ParquetPartReader::open(path());
  const auto last = static_cast<std::uint32_t>(schema.size() - 1);
  const auto found = reader->read_row_group(0, std::vector<std::uint32_t>{3, last});
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ((*found)->num_columns(), 2);
  EXPECT_TRUE((*found)->column(0)->Equals(batch->column(3)));
  EXPECT_TRUE((*found)->column(1)->Equals(batch->column(static_cast<int>(last))));
}

TEST_P(ParquetPartFile, DiscardedAndForgottenPartsLeaveNoFile) {
  const Schema schema{{"n", type_of("int64"), false}};
  {
    auto writer = ParquetPartWriter::create(path(), schema, GetParam(), {});
    ASSERT_TRUE(writer.ok());
    EXPECT_FALSE(ParquetPartWriter::create(path(), schema, GetParam(), {}).ok()) << "it exists";
    writer->discard();
    EXPECT_FALSE(std::filesystem::exists(path()));
  }
  { auto writer = ParquetPartWriter::create(path(), schema, GetParam(), {}); }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_P(ParquetPartFile, DamageIsAnError) {
  SCOPED_TRACE(seed_);
  const Schema schema = all_types_schema();
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {random_batch(schema, 2'000, {random_})}).ok());
  const std::string whole = bytes_of(path());
  const auto outcome = [&](const std::string& bytes) {
    std::ofstream(path("damaged"), std::ios::binary | std::ios::trunc) << bytes;
    return read_parquet(path("damaged"));
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, whole.size() / 2, whole.size() - 1}) {
    const auto cut_off = outcome(whole.substr(0, size));
    ASSERT_FALSE(cut_off.ok()) << size;
    EXPECT_THAT(cut_off.error().to_string(), HasSubstr("damaged")) << size;
  }
}

TEST_P(ParquetPartFile, ForeignParquetIsNotTakenForAPart) {
  const Schema schema{{"n", type_of("int64"), false}};
  ASSERT_TRUE(write_parquet(path(), schema, GetParam(), {}).ok());
  std::string bytes = bytes_of(path());
  const auto at = bytes.find(kParquetSchemaKey);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'X';
  std::ofstream(path("foreign"), std::ios::binary) << bytes;
  const auto reader = ParquetPartReader::open(path("foreign"));
  ASSERT_FALSE(reader.ok());
  EXPECT_THAT(reader.error().to_string(), HasSubstr("no part that Tipple wrote"));
}

TEST(ParquetPartTypes, ValuesThatTheTypeDoesNotHaveAreErrors) {
  arrow::Int16Builder bytes;
  ASSERT_TRUE(bytes.AppendValues({255, 256}).ok());
  EXPECT_FALSE(from_parquet(*bytes.Finish(), type_of("uint8")).ok());
  arrow::Decimal128Builder wide(arrow::decimal128(20, 0));
  ASSERT_TRUE(wide.Append(arrow::Decimal128(-1)).ok());
  EXPECT_FALSE(from_parquet(*wide.Finish(), type_of("uint64")).ok());
  EXPECT_FALSE(from_parquet(*arrow::MakeArrayOfNull(arrow::int32(), 1), type_of("int64")).ok()) << "another type";
}

}  // namespace
}  // namespace tipple::testing_parts
