// Parquet files as batches: every type against pyarrow's values, the tiling of byte ranges, slices of row groups,
// threads, damage.
#include "formats/parquet_source.h"

#include <arrow/util/decimal.h>
#include <gmock/gmock.h>
#include <parquet/api/writer.h>
#include <parquet/arrow/writer.h>

#include <fstream>
#include <random>
#include <thread>

#include "tests/base/test_seed.h"
#include "tests/formats/batch_testing.h"

namespace tipple {
namespace {

using testing::HasSubstr;
using testing_batches::Batch;
using testing_batches::column;
using testing_batches::Folder;
using testing_batches::load;
using testing_batches::Loaded;
using testing_batches::table;

// The declared type of each column of parquet_every_type.py.
std::vector<ColumnSpec> declared(const arrow::Schema& expected) {
  std::vector<ColumnSpec> columns;
  for (const auto& field : expected.fields()) {
    std::string type = field->type()->ToString();
    if (field->type()->id() == arrow::Type::FLOAT) type = "float32";
    if (field->type()->id() == arrow::Type::DOUBLE) type = "float64";
    if (field->type()->id() == arrow::Type::DATE32) type = "date";
    if (field->type()->id() == arrow::Type::TIME64) type = "time";
    if (field->type()->id() == arrow::Type::TIMESTAMP)
      type = field->name().ends_with("_utc") ? "timestamp_tz" : "timestamp";
    if (field->type()->id() == arrow::Type::DECIMAL128) {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*field->type());
      type = "decimal(" + std::to_string(decimal.precision()) + "," + std::to_string(decimal.scale()) + ")";
    }
    if (field->name() == "fixed") type = "string(8)";
    if (field->name() == "enum") type = "enum(red,green,blue)";
    columns.push_back(column(field->name(), type + "?", field->name() == "inner" ? "struct.b.c" : ""));
  }
  return columns;
}

TEST(ParquetSource, EveryTypeLoadsAsWhatPyarrowWrote) {
  const Folder folder;
  ASSERT_EQ(testing_batches::run_python("parquet_every_type.py", {folder.file("")}), "");
  const Batch expected = testing_batches::read_arrow_file(folder.file("expected.arrow"));
  for (const char* name : {"plain.parquet", "int96.parquet", "integers.parquet"}) {
    for (const std::uint64_t rows_max : {std::uint64_t{0}, std::uint64_t{70}}) {
      SCOPED_TRACE(std::string(name) + " in pieces of " + std::to_string(rows_max));
      const auto source = open_parquet_source(folder.file(name));
      ASSERT_TRUE(source.ok()) << source.error().to_string();
      std::vector<ColumnSpec> columns = declared(*expected->schema());
      std::erase_if(columns, [&](const ColumnSpec& spec) {
        return spec.from != "struct.b.c" && (*source)->schema()->GetFieldIndex(spec.column.name) < 0;
      });
      ASSERT_GE(columns.size() + 1, static_cast<std::size_t>(expected->num_columns()));
      const auto loaded = load(**source, table(columns), rows_max);
      ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
      for (const Reject& reject : loaded->rejects) ADD_FAILURE() << reject.column << ": " << reject.reason;
      const Batch rows = loaded->whole();
      for (const ColumnSpec& spec : columns) {
        const auto found = rows->GetColumnByName(spec.column.name);
        const auto wanted = expected->GetColumnByName(spec.column.name);
        EXPECT_TRUE(found->Equals(*wanted)) << spec.column.name << ": " << found->ToString() << wanted->ToString();
      }
    }
  }
}

// pyarrow writes no decimals as byte arrays, other programs do.
TEST(ParquetSource, DecimalsInByteArraysOfAnyLength) {
  using parquet::schema::GroupNode;
  using parquet::schema::PrimitiveNode;
  const Folder folder;
  const auto node = PrimitiveNode::Make("d", parquet::Repetition::REQUIRED, parquet::LogicalType::Decimal(20, 2),
                                        parquet::Type::BYTE_ARRAY);
  const auto schema =
      std::static_pointer_cast<GroupNode>(GroupNode::Make("schema", parquet::Repetition::REQUIRED, {node}));
  auto sink = arrow::io::FileOutputStream::Open(folder.file("d.parquet")).ValueOrDie();
  auto writer = parquet::ParquetFileWriter::Open(sink, schema);
  auto* values = static_cast<parquet::ByteArrayWriter*>(writer->AppendRowGroup()->NextColumn());
  const std::uint8_t one[] = {0x7B};                           // 1.23
  const std::uint8_t two[] = {0xFF, 0x85};                     // -1.23
  const std::uint8_t nine[] = {0x01, 0, 0, 0, 0, 0, 0, 0, 0};  // 2^64 / 100
  const parquet::ByteArray batch[] = {{1, one}, {2, two}, {9, nine}};
  values->WriteBatch(3, nullptr, nullptr, batch);
  writer->Close();
  ASSERT_TRUE(sink->Close().ok());
  const auto source = open_parquet_source(folder.file("d.parquet")).value();
  const auto loaded = load(*source, table({column("d", "decimal(20,2)")})).value();
  const auto& rows = static_cast<const arrow::Decimal128Array&>(*loaded.whole()->column(0));
  EXPECT_EQ(rows.FormatValue(0), "1.23");
  EXPECT_EQ(rows.FormatValue(1), "-1.23");
  EXPECT_EQ(rows.FormatValue(2), "184467440737095516.16");
}

// n rows with i, a text of it, and their nulls.
std::shared_ptr<arrow::Table> numbered(std::int64_t rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (std::int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE((i % 7 == 3 ? numbers.AppendNull() : numbers.Append(i)).ok());
    EXPECT_TRUE(texts.Append("text " + std::to_string(i % 100)).ok());
  }
  return arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())}),
                            {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

void write(const std::string& path, const arrow::Table& rows, std::int64_t group_rows, bool checksums = false) {
  auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  auto properties = parquet::WriterProperties::Builder();
  if (checksums) properties.enable_page_checksum();
  ASSERT_TRUE(
      parquet::arrow::WriteTable(rows, arrow::default_memory_pool(), sink, group_rows, properties.build()).ok());
  ASSERT_TRUE(sink->Close().ok());
}

TEST(ParquetSource, StretchesTileTheRowsHoweverTheBytesAreCut) {
  const Folder folder;
  const std::string path = folder.file("n.parquet");
  write(path, *numbered(1000), 90);
  const auto source = open_parquet_source(path).value();
  EXPECT_EQ(source->rows(), 1000U);
  const auto bytes = std::filesystem::file_size(path);
  for (const std::uint64_t step : {std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{1000}, std::uint64_t{bytes}}) {
    for (const std::uint64_t rows_max : {0, 1, 40, 45, 89, 1000}) {
      std::uint64_t next = 0;
      for (std::uint64_t begin = 0; begin < bytes; begin += step) {
        for (const BatchStretch& stretch :
             source->stretches(begin, std::min<std::uint64_t>(begin + step, bytes), rows_max)) {
          ASSERT_EQ(stretch.first_row, next);
          ASSERT_GT(stretch.rows, 0U);
          ASSERT_TRUE(rows_max == 0 || stretch.rows <= 2 * rows_max + 1);
          ASSERT_GT(stretch.memory_bytes, 0U);
          next += stretch.rows;
        }
      }
      EXPECT_EQ(next, 1000U) << "step " << step << ", rows_max " << rows_max;
    }
  }
}

TEST(ParquetSource, SlicesReadInAnyOrderAndByManyThreadsAreTheRowsOfTheFile) {
  const Folder folder;
  const std::string path = folder.file("n.parquet");
  const auto rows = numbered(5000);
  write(path, *rows, 2000);
  const auto source = open_parquet_source(path).value();
  auto stretches = source->stretches(0, ~std::uint64_t{0}, 150);
  EXPECT_GT(stretches.size(), 30U);
  std::mt19937_64 random(test_seed());
  std::shuffle(stretches.begin(), stretches.end(), random);
  const auto read_all = [&](std::size_t first) {
    for (std::size_t i = first; i < stretches.size(); i += 3) {
      const auto batch = source->read(stretches[i], {1, 0}, arrow::default_memory_pool());
      ASSERT_TRUE(batch.ok()) << batch.error().to_string();
      const auto wanted =
          rows->Slice(static_cast<std::int64_t>(stretches[i].first_row), static_cast<std::int64_t>(stretches[i].rows));
      EXPECT_EQ((*batch)->schema()->field(0)->name(), "t");
      EXPECT_TRUE(arrow::ChunkedArray((*batch)->column(1)).Equals(*wanted->column(0)));
      EXPECT_TRUE(arrow::ChunkedArray((*batch)->column(0)).Equals(*wanted->column(1)));
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i) threads.emplace_back(read_all, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(source->read(stretches[0], {}, arrow::default_memory_pool()).value()->num_rows(),
            static_cast<std::int64_t>(stretches[0].rows));
}

TEST(ParquetSource, AFileWithoutRowsHasNone) {
  const Folder folder;
  write(folder.file("none.parquet"), *numbered(0), 10);
  const auto source = open_parquet_source(folder.file("none.parquet")).value();
  EXPECT_EQ(source->rows(), 0U);
  EXPECT_TRUE(source->stretches(0, ~std::uint64_t{0}, 0).empty());
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(ParquetSource, AChangedByteOfAPageIsFoundByItsChecksum) {
  const Folder folder;
  const std::string path = folder.file("n.parquet");
  write(path, *numbered(1000), 1000, /*checksums=*/true);
  std::string bytes = bytes_of(path);
  bytes[200] = static_cast<char>(bytes[200] ^ 1);
  put_bytes(path, bytes);
  const auto source = open_parquet_source(path).value();
  const auto loaded = load(*source, table({column("n", "int64?"), column("t", "string")}));
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().kind, ErrorKind::kEnvironment);
  EXPECT_THAT(loaded.error().to_string(), HasSubstr("n.parquet"));
}

TEST(ParquetSource, EveryTruncationIsAnErrorThatNamesTheFile) {
  const Folder folder;
  const std::string path = folder.file("n.parquet");
  write(path, *numbered(12), 6);
  const std::string bytes = bytes_of(path);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    put_bytes(path, std::string_view(bytes).substr(0, size));
    const auto source = open_parquet_source(path);
    ASSERT_FALSE(source.ok()) << size;
    ASSERT_EQ(source.error().kind, ErrorKind::kEnvironment);
    ASSERT_THAT(source.error().to_string(), HasSubstr("n.parquet"));
  }
}

}  // namespace
}  // namespace tipple
