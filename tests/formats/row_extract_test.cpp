// Rows of a columnar file in a file of their own: the same values of every type, the same bytes every time, in bounded
// row groups, and what cannot be copied is refused.
#include "formats/row_extract.h"

#include <arrow/compute/api_vector.h>
#include <gmock/gmock.h>
#include <parquet/api/writer.h>
#include <parquet/arrow/writer.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>

#include "tests/formats/batch_testing.h"

namespace tipple {
namespace {

using testing::HasSubstr;
using testing_batches::Batch;
using testing_batches::Folder;

using Rows = std::vector<std::uint64_t>;

SourceSpec spec_of(SourceFormat format, const std::string& group = "/") {
  SourceSpec source;
  source.format = format;
  source.group = group;
  return source;
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Dictionaries as their values: which of them a file has is its own business.
std::shared_ptr<arrow::Array> plain(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return array;
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  return arrow::compute::Take(*encoded.dictionary(), *encoded.indices()).ValueOrDie();
}

// All columns of all rows.
std::vector<std::shared_ptr<arrow::Array>> columns_of(const BatchSource& source) {
  std::vector<int> all(static_cast<std::size_t>(source.schema()->num_fields()));
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const int field : all) {
    arrow::ArrayVector pieces;
    for (const BatchStretch& stretch : source.stretches(0, ~std::uint64_t{0}, 0)) {
      const auto batch = source.read(stretch, {field}, arrow::default_memory_pool());
      EXPECT_TRUE(batch.ok()) << batch.error().to_string();
      if (batch.ok()) pieces.push_back(plain((*batch)->column(0)));
    }
    columns.push_back(arrow::Concatenate(pieces).ValueOrDie());
  }
  return columns;
}

Status extract(const std::string& from, const SourceSpec& source, const std::string& to,
               const std::vector<Rows>& rows) {
  TIPPLE_TRY(const auto copy, make_row_extract(from, source, to));
  for (const Rows& some : rows) TIPPLE_RETURN_IF_ERROR(copy->append(some));
  return copy->close();
}

// An extract has the values of its rows, in their order, and the same bytes when it is made again.
void expect_extract(const Folder& folder, const std::string& from, const SourceSpec& source,
                    const std::vector<Rows>& rows) {
  static int number = 0;
  const std::string to = folder.file("extract-" + std::to_string(++number));
  const Status done = extract(from, source, to, rows);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  const auto first = open_batch_source(from, source).value();
  const auto copy = open_batch_source(to, source);
  ASSERT_TRUE(copy.ok()) << copy.error().to_string();
  EXPECT_TRUE((*copy)->schema()->Equals(*first->schema(), false)) << (*copy)->schema()->ToString();
  std::size_t count = 0;
  for (const Rows& some : rows) count += some.size();
  ASSERT_EQ((*copy)->rows(), count);
  const auto wanted = columns_of(*first);
  const auto found = columns_of(**copy);
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    arrow::ArrayVector slices;
    for (const Rows& some : rows) {
      for (const std::uint64_t row : some) slices.push_back(wanted[i]->Slice(static_cast<std::int64_t>(row), 1));
    }
    const auto taken = arrow::Concatenate(slices).ValueOrDie();
    EXPECT_TRUE(found[i]->Equals(*taken, arrow::EqualOptions().nans_equal(true)))
        << first->schema()->field(static_cast<int>(i))->ToString() << found[i]->ToString() << taken->ToString();
  }
  ASSERT_TRUE(extract(from, source, to + "-again", rows).ok());
  EXPECT_EQ(bytes_of(to), bytes_of(to + "-again"));
}

TEST(RowExtract, ParquetRowsOfEveryTypeInAnyOrder) {
  const Folder folder;
  ASSERT_EQ(testing_batches::run_python("parquet_every_type.py", {folder.file("")}), "");
  for (const char* name : {"plain.parquet", "int96.parquet", "integers.parquet"}) {
    SCOPED_TRACE(name);
    const SourceSpec source = spec_of(SourceFormat::kParquet);
    expect_extract(folder, folder.file(name), source, {{0, 1, 2, 299, 300, 301, 999}});
    expect_extract(folder, folder.file(name), source, {{7}, {7, 5}, {998, 1, 650, 2}});
    Rows most;
    for (std::uint64_t row = 0; row < 1000; row += 3) most.push_back(row);
    expect_extract(folder, folder.file(name), source, {most});
  }
}

class Hdf5RowExtractTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder();
    ASSERT_EQ(testing_batches::run_python("hdf5_foreign_files.py", {folder_->file("")}), "");
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static void expect(const std::string& name, const std::string& group, const std::vector<Rows>& rows) {
    SCOPED_TRACE(name + " " + group);
    expect_extract(*folder_, folder_->file(name + ".h5"), spec_of(SourceFormat::kHdf5, group), rows);
  }
  static Folder* folder_;
};

Folder* Hdf5RowExtractTest::folder_ = nullptr;

TEST_F(Hdf5RowExtractTest, DatasetsOfEveryKindInAnyOrder) {
  expect("types", "/", {{0, 1, 2, 299, 300, 301, 999}});
  expect("types", "", {{7}, {7, 5}, {998, 1, 650, 2}});
  expect("types", "inner/deeper", {{3}});
  expect("types", "/inner//deeper/x", {{999, 0}});
  Rows all(1000);
  std::iota(all.begin(), all.end(), 0);
  expect("types", "/", {all});
}

TEST_F(Hdf5RowExtractTest, CompoundDatasets) {
  for (const char* group : {"/", "/group", "group/rows", "/group/"}) expect("compound", group, {{9, 0}, {4}});
  expect("two", "/", {{3, 3, 1}});
  expect("two", "/rows", {{8}});
  expect("unlabelled", "/", {{2, 0}});
}

TEST_F(Hdf5RowExtractTest, TextsThatDoNotFitIntoMemoryAtOnce) {
  Rows all(40);
  std::iota(all.begin(), all.end(), 0);
  expect("long_texts", "/", {all});
}

TEST_F(Hdf5RowExtractTest, WhatTheSourceRefusesAndRowsThatAreNotThereAreErrors) {
  const SourceSpec source = spec_of(SourceFormat::kHdf5);
  const auto external = make_row_extract(folder_->file("external_link.h5"), source, folder_->file("refused"));
  ASSERT_FALSE(external.ok());
  EXPECT_THAT(external.error().what, HasSubstr("external link"));
  EXPECT_FALSE(std::filesystem::exists(folder_->file("refused")));
  const Status beyond = extract(folder_->file("two.h5"), source, folder_->file("beyond"), {{3, 10}});
  ASSERT_FALSE(beyond.ok());
  EXPECT_THAT(beyond.error().to_string(), HasSubstr("no row 10"));
}

// n rows with their number and a text.
void write_numbered(const std::string& path, std::int64_t rows, std::int64_t group_rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (std::int64_t i = 0; i < rows; ++i) {
    ASSERT_TRUE(numbers.Append(i).ok());
    ASSERT_TRUE(texts.Append("text " + std::to_string(i)).ok());
  }
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())}),
                         {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, group_rows).ok());
  ASSERT_TRUE(sink->Close().ok());
}

TEST(RowExtract, ManyRowsAreWrittenInRowGroups) {
  const Folder folder;
  const std::string path = folder.file("n.parquet");
  write_numbered(path, 200'000, 150'000);
  Rows all(200'000);
  std::iota(all.begin(), all.end(), 0);
  const SourceSpec source = spec_of(SourceFormat::kParquet);
  expect_extract(folder, path, source, {all});
  const std::string to = folder.file("groups.parquet");
  ASSERT_TRUE(extract(path, source, to, {all}).ok());
  std::set<std::uint64_t> groups;
  const auto copy = open_batch_source(to, source).value();
  for (const BatchStretch& stretch : copy->stretches(0, ~std::uint64_t{0}, 0)) groups.insert(stretch.handle);
  EXPECT_GT(groups.size(), 1U);
}

TEST(RowExtract, RowsThatAParquetFileDoesNotHaveAreAnError) {
  const Folder folder;
  const std::string path = folder.file("n.parquet");
  write_numbered(path, 10, 4);
  const SourceSpec source = spec_of(SourceFormat::kParquet);
  const Status beyond = extract(path, source, folder.file("beyond"), {{3, 10}});
  ASSERT_FALSE(beyond.ok());
  EXPECT_THAT(beyond.error().to_string(), HasSubstr("no row 10"));
  EXPECT_FALSE(extract(path, source, path, {{1}}).ok()) << "nothing is overwritten";
  EXPECT_EQ(open_batch_source(path, source).value()->rows(), 10U);
}

// Such a value is a reject of the load; written again it would lose its first digits.
TEST(RowExtract, ADecimalWithMoreDigitsThanItsTypeIsRefused) {
  using parquet::schema::GroupNode;
  using parquet::schema::PrimitiveNode;
  const Folder folder;
  const auto node = PrimitiveNode::Make("d", parquet::Repetition::REQUIRED, parquet::LogicalType::Decimal(4, 2),
                                        parquet::Type::BYTE_ARRAY);
  const auto schema =
      std::static_pointer_cast<GroupNode>(GroupNode::Make("schema", parquet::Repetition::REQUIRED, {node}));
  auto sink = arrow::io::FileOutputStream::Open(folder.file("d.parquet")).ValueOrDie();
  auto writer = parquet::ParquetFileWriter::Open(sink, schema);
  auto* values = static_cast<parquet::ByteArrayWriter*>(writer->AppendRowGroup()->NextColumn());
  const std::uint8_t small[] = {0x7B};
  const std::uint8_t large[] = {0x01, 0, 0, 0, 0, 0, 0, 0, 0};
  const parquet::ByteArray batch[] = {{1, small}, {9, large}};
  values->WriteBatch(2, nullptr, nullptr, batch);
  writer->Close();
  ASSERT_TRUE(sink->Close().ok());
  const SourceSpec source = spec_of(SourceFormat::kParquet);
  expect_extract(folder, folder.file("d.parquet"), source, {{0}});
  const Status refused = extract(folder.file("d.parquet"), source, folder.file("refused"), {{1}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("field \"d\""));
}

}  // namespace
}  // namespace tipple
