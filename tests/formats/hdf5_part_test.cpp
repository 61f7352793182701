// Parts written and read again: every type, size, codec and cut; byte identity; misuse and damage.
#include <sys/stat.h>

#include <chrono>

#include "base/limits.h"
#include "tests/formats/part_testing.h"

namespace tipple {
namespace {

using namespace testing_parts;

constexpr std::uint64_t kSeed = 20131;

void expect_round_trip(const Schema& schema, Codec codec, const std::vector<Batch>& slices, const Batch& whole) {
  const ScratchFolder folder;
  const auto path = folder.path() / "part.h5";
  const Status written = write_part(path, schema, codec, slices);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  const Result<Batch> read = read_part(path);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  for (int c = 0; c < whole->num_columns(); ++c) {
    EXPECT_TRUE((*read)->column(c)->Equals(whole->column(c))) << whole->column_name(c);
  }
  EXPECT_EQ((*read)->num_rows(), whole->num_rows());
}

class PartSize : public testing::TestWithParam<std::int64_t> {};

TEST_P(PartSize, EveryTypeRoundTrips) {
  std::mt19937_64 random(kSeed);
  const Schema schema = all_types_schema();
  const Batch whole = random_batch(schema, GetParam(), {random});
  expect_round_trip(schema, Codec::kDeflate, cut(whole, random, 50'000), whole);
}

INSTANTIATE_TEST_SUITE_P(Rows, PartSize, testing::Values(1, 7, 65'535, 65'536, 65'537, 200'000));

TEST(Hdf5Part, EveryCodecGivesTheRowsBack) {
  std::mt19937_64 random(kSeed);
  const Schema schema = all_types_schema();
  const Batch whole = random_batch(schema, 70'000, {random});
  for (const Codec codec : {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone}) {
    SCOPED_TRACE(to_string(codec));
    expect_round_trip(schema, codec, {whole}, whole);
  }
}

TEST(Hdf5Part, AllNullsAndNoNulls) {
  std::mt19937_64 random(kSeed);
  const Schema schema = all_types_schema();
  for (const double share : {0.0, 1.0}) {
    const Batch whole = random_batch(schema, 66'000, {random, share});
    expect_round_trip(schema, Codec::kDeflate, {whole}, whole);
  }
}

TEST(Hdf5Part, HugeAndEmptyStrings) {
  std::mt19937_64 random(kSeed);
  const Schema schema{{"s", type_of("string"), false}, {"t", type_of("string"), true}};
  RandomValues values{random};
  values.string_bytes_max = limits::kFieldBytesMax;
  const Batch huge = random_batch(schema, 20, values);
  expect_round_trip(schema, Codec::kDeflate, {huge}, huge);
  values.string_bytes_max = 0;
  const Batch empty = random_batch(schema, 70'000, values);
  expect_round_trip(schema, Codec::kDeflate, {empty}, empty);
}

TEST(Hdf5Part, ByteIdenticalHoweverTheRowsWereCut) {
  const std::uint64_t seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Schema schema = all_types_schema();
  const ScratchFolder folder;
  const Batch whole = random_batch(schema, 140'000, {random});
  // Rows that begin inside other rows' buffers: offsets that are not multiples of 8.
  const Batch shifted = random_batch(schema, 13, {random});
  const auto table = arrow::Table::FromRecordBatches({shifted, whole}).ValueOrDie();
  const Batch moved = table->CombineChunksToBatch().ValueOrDie()->Slice(13);
  for (const Codec codec : {Codec::kDeflate, Codec::kZstd, Codec::kLz4, Codec::kNone}) {
    SCOPED_TRACE(to_string(codec));
    const std::string stem(to_string(codec));
    ASSERT_TRUE(write_part(folder.path() / (stem + "-0"), schema, codec, {whole}).ok());
    ASSERT_TRUE(write_part(folder.path() / (stem + "-1"), schema, codec, cut(moved, random, 3'000)).ok());
    ASSERT_TRUE(write_part(folder.path() / (stem + "-2"), schema, codec, cut(whole, random, 90'000)).ok());
    const std::string bytes = bytes_of(folder.path() / (stem + "-0"));
    EXPECT_TRUE(bytes == bytes_of(folder.path() / (stem + "-1")));
    EXPECT_TRUE(bytes == bytes_of(folder.path() / (stem + "-2")));
  }
}

TEST(Hdf5Part, ValuesUnderNullsDoNotShow) {
  const Schema schema{{"n", type_of("int64"), true}, {"s", type_of("string"), true}, {"f", type_of("string(4)"), true}};
  const auto make = [&](std::int64_t under, const std::string& text) {
    const std::vector<std::int64_t> numbers{1, under, 3};
    const std::string bytes = "ab" + text + "cd";
    const std::vector<std::int32_t> offsets{0, 2, static_cast<std::int32_t>(2 + text.size()),
                                            static_cast<std::int32_t>(bytes.size())};
    static const std::uint8_t valid = 0b101;
    const auto bitmap = std::make_shared<arrow::Buffer>(&valid, 1);
    const auto ends = arrow::Buffer::FromVector(offsets);
    const auto data = arrow::Buffer::FromString(bytes);
    std::vector<std::shared_ptr<arrow::ArrayData>> columns{
        arrow::ArrayData::Make(arrow::int64(), 3, {bitmap, arrow::Buffer::FromVector(numbers)}, 1),
        arrow::ArrayData::Make(arrow::utf8(), 3, {bitmap, ends, data}, 1),
        arrow::ArrayData::Make(arrow::utf8(), 3, {bitmap, ends, data}, 1)};
    return arrow::RecordBatch::Make(arrow_schema(schema), 3, std::move(columns));
  };
  const ScratchFolder folder;
  ASSERT_TRUE(write_part(folder.path() / "a", schema, Codec::kNone, {make(0, "")}).ok());
  ASSERT_TRUE(write_part(folder.path() / "b", schema, Codec::kNone, {make(77, "xyz")}).ok());
  EXPECT_TRUE(bytes_of(folder.path() / "a") == bytes_of(folder.path() / "b"));
}

TEST(Hdf5Part, ReadsSomeColumnsInAnyOrderOfGroups) {
  std::mt19937_64 random(kSeed);
  const Schema schema = all_types_schema();
  const Batch whole = random_batch(schema, 150'000, {random});
  const ScratchFolder folder;
  ASSERT_TRUE(write_part(folder.path() / "p", schema, Codec::kDeflate, {whole}).ok());
  Hdf5PartReader reader = Hdf5PartReader::open(folder.path() / "p").value();
  EXPECT_EQ(reader.rows(), 150'000U);
  EXPECT_EQ(reader.row_groups(), 3U);
  EXPECT_EQ(reader.schema(), schema);
  EXPECT_EQ(reader.attribute("tipple_table").value(), "test");
  EXPECT_FALSE(reader.attribute("absent").ok());
  const std::uint32_t strings = 31;  // string_null
  ASSERT_EQ(schema[strings].name, "string_null");
  for (const std::uint64_t group : {2U, 0U, 1U}) {
    const Batch part = reader.read_row_group(group, std::vector<std::uint32_t>{0, strings}).value();
    ASSERT_EQ(part->num_columns(), 2);
    const auto begin = static_cast<std::int64_t>(group) * 65'536;
    EXPECT_TRUE(part->column(1)->Equals(whole->column(strings)->Slice(begin, part->num_rows())));
  }
}

TEST(Hdf5Part, WithoutRowsIsReadable) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_part(folder.path() / "p", all_types_schema(), Codec::kDeflate, {}).ok());
  Hdf5PartReader reader = Hdf5PartReader::open(folder.path() / "p").value();
  EXPECT_EQ(reader.rows(), 0U);
  EXPECT_EQ(reader.row_groups(), 0U);
}

TEST(Hdf5Part, RefusesExistingFilesNullsAndSharedNames) {
  std::mt19937_64 random(kSeed);
  const ScratchFolder folder;
  const Schema schema{{"n", type_of("int32"), false}};
  const Batch batch = random_batch(schema, 10, {random});
  ASSERT_TRUE(write_part(folder.path() / "p", schema, Codec::kDeflate, {batch}).ok());
  EXPECT_FALSE(write_part(folder.path() / "p", schema, Codec::kDeflate, {batch}).ok());
  EXPECT_TRUE(read_part(folder.path() / "p").ok()) << "the existing file was touched";
  struct stat info {};
  ASSERT_EQ(::stat((folder.path() / "p").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);

  const Schema nullable{{"n", type_of("int32"), true}};
  const Batch nulls = random_batch(nullable, 10, {random, 1.0});
  const Status refused = write_part(folder.path() / "q", schema, Codec::kDeflate, {nulls});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().what.find("not nullable"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "q")) << "an unfinished part was left behind";

  const Schema shared{{"a.valid", type_of("int8"), false}, {"a", type_of("int8"), true}};
  EXPECT_EQ(write_part(folder.path() / "r", shared, Codec::kDeflate, {}).error().kind, ErrorKind::kUsage);
}

TEST(Hdf5Part, NamesAndLabelsOfAnyKind) {
  std::mt19937_64 random(kSeed);
  const ScratchFolder folder;
  const Schema schema{
      {"per cent / day", type_of("int32"), true}, {".", type_of("string"), true}, {"größe", enum_of(20'000), false}};
  const Batch batch = random_batch(schema, 1'000, {random});
  expect_round_trip(schema, Codec::kDeflate, {batch}, batch);
}

TEST(Hdf5Part, AnUnwritableFolderIsAnErrorOfTheEnvironment) {
  std::mt19937_64 random(kSeed);
  const Schema schema{{"n", type_of("int64"), false}};
  const Status status = write_part("/proc/nowhere/part.h5", schema, Codec::kNone, {random_batch(schema, 10, {random})});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
}

TEST(Hdf5Part, FilesThatAreNoPartsAreErrors) {
  const ScratchFolder folder;
  EXPECT_FALSE(Hdf5PartReader::open(folder.path() / "absent").ok());
  std::ofstream(folder.path() / "text") << "not HDF5";
  const auto text = Hdf5PartReader::open(folder.path() / "text");
  ASSERT_FALSE(text.ok());
  EXPECT_NE(text.error().what.find("HDF5:"), std::string::npos) << text.error().to_string();
}

TEST(Hdf5Part, SyncAndHashAgreeWithHash) {
  std::mt19937_64 random(kSeed);
  const ScratchFolder folder;
  const Schema schema{{"n", type_of("int32"), false}};
  ASSERT_TRUE(write_part(folder.path() / "p", schema, Codec::kDeflate, {random_batch(schema, 1'000, {random})}).ok());
  const SyncedFile synced = sync_and_hash(folder.path() / "p").value();
  EXPECT_EQ(synced.bytes, std::filesystem::file_size(folder.path() / "p"));
  EXPECT_EQ(synced.sha256, hash_file(folder.path() / "p").value().sha256);
  std::ofstream(folder.path() / "abc") << "abc";
  EXPECT_EQ(to_hex(hash_file(folder.path() / "abc").value().sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace tipple
