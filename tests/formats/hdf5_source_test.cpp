// Foreign HDF5 files as batches: every kind of column against what h5py wrote, the tiling of byte ranges, and what is
// refused.
#include "formats/hdf5_source.h"

#include <gmock/gmock.h>

#include <map>
#include <thread>

#include "formats/hdf5_source_units.h"
#include "tests/formats/batch_testing.h"

namespace tipple {
namespace {

using testing::HasSubstr;
using testing_batches::Batch;
using testing_batches::column;
using testing_batches::Folder;
using testing_batches::load;
using testing_batches::table;

// The files of hdf5_foreign_files.py, written once.
class Hdf5SourceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder();
    ASSERT_EQ(testing_batches::run_python("hdf5_foreign_files.py", {folder_->file("")}), "");
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string path(const std::string& name) { return folder_->file(name + ".h5"); }
  static Result<std::unique_ptr<BatchSource>> open(const std::string& name, const std::string& group = "/") {
    return open_hdf5_source(path(name), group, DecompressionLimits{});
  }
  static Folder* folder_;
};

Folder* Hdf5SourceTest::folder_ = nullptr;

std::string declared_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FLOAT:
      return "float32?";
    case arrow::Type::DOUBLE:
      return "float64?";
    case arrow::Type::TIMESTAMP:
      return "timestamp?";
    default:
      return type.ToString() + "?";
  }
}

TEST_F(Hdf5SourceTest, EveryKindOfColumnLoadsAsWhatH5pyWrote) {
  const Batch expected = testing_batches::read_arrow_file(folder_->file("types.arrow"));
  const auto source = open("types");
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  EXPECT_EQ((*source)->rows(), 1000U);
  EXPECT_EQ((*source)->schema()->num_fields(), expected->num_columns()) << (*source)->schema()->ToString();
  std::vector<ColumnSpec> columns;
  for (const auto& field : expected->schema()->fields())
    columns.push_back(column(field->name(), declared_type(*field->type())));
  for (const std::uint64_t rows_max : {std::uint64_t{0}, std::uint64_t{99}}) {
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

TEST_F(Hdf5SourceTest, MembersOfACompoundDatasetAreColumns) {
  for (const char* group : {"/", "/group", "group/rows"}) {
    const auto source = open("compound", group);
    ASSERT_TRUE(source.ok()) << source.error().to_string();
    const auto loaded = load(**source,
                             table({column("name", "string"), column("place.x", "float64"), column("items", "string"),
                                    column("ok", "bool"), column("id", "int8")}),
                             3);
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    const Batch rows = loaded->whole();
    ASSERT_EQ(rows->num_rows(), 10);
    EXPECT_EQ(rows->column(0)->GetScalar(9).ValueOrDie()->ToString(), "name 9");
    EXPECT_EQ(rows->column(1)->GetScalar(9).ValueOrDie()->ToString(), "4.5");
    EXPECT_EQ(rows->column(2)->GetScalar(9).ValueOrDie()->ToString(), "[0,7,0]");
    EXPECT_EQ(rows->column(3)->GetScalar(9).ValueOrDie()->ToString(), "true");
    EXPECT_EQ(rows->column(4)->GetScalar(9).ValueOrDie()->ToString(), "9");
  }
  const auto two = open("two");
  ASSERT_TRUE(two.ok()) << two.error().to_string();
  EXPECT_TRUE(load(**two, table({column("i", "int8", "rows.id"), column("extra", "int64")})).ok());
}

TEST_F(Hdf5SourceTest, AFileThatWasOpenTwiceIsStillReadWhenOneIsClosed) {
  auto first = open("compound").value();
  const auto second = open("compound").value();
  first.reset();
  const auto loaded = load(*second, table({column("name", "string")}));
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(loaded->whole()->column(0)->GetScalar(9).ValueOrDie()->ToString(), "name 9");
}

TEST_F(Hdf5SourceTest, ValuesWithoutALabelAreRejectsOfEnumsAndNumbersOfTexts) {
  const auto source = open("unlabelled").value();
  const auto labels = load(*source, table({column("color", "enum(green,red)")})).value();
  ASSERT_EQ(labels.rejects.size(), 1U);
  EXPECT_THAT(labels.rejects[0].reason, HasSubstr("\"9\""));
  const auto texts = load(*source, table({column("color", "string")})).value();
  EXPECT_EQ(texts.whole()->column(0)->GetScalar(2).ValueOrDie()->ToString(), "9");
}

TEST_F(Hdf5SourceTest, StretchesTileTheRowsHoweverTheBytesAreCut) {
  for (const char* name : {"types", "compound", "empty"}) {
    const auto source = open(name).value();
    const auto bytes = std::filesystem::file_size(path(name));
    for (const std::uint64_t step : {std::uint64_t{7}, std::uint64_t{1000}, std::uint64_t{bytes}}) {
      for (const std::uint64_t rows_max : {0, 1, 100}) {
        std::uint64_t next = 0;
        for (std::uint64_t begin = 0; begin < bytes; begin += step) {
          for (const BatchStretch& stretch :
               source->stretches(begin, std::min<std::uint64_t>(begin + step, bytes), rows_max)) {
            ASSERT_EQ(stretch.first_row, next);
            next += stretch.rows;
          }
        }
        EXPECT_EQ(next, source->rows()) << name;
      }
    }
  }
}

TEST_F(Hdf5SourceTest, ManyThreadsReadTheSameRows) {
  const auto source = open("types").value();
  const auto stretches = source->stretches(0, ~std::uint64_t{0}, 10);
  const auto whole =
      source->read(source->stretches(0, ~std::uint64_t{0}, 0)[0], {0, 5}, arrow::default_memory_pool()).value();
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < 3; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t i = first; i < stretches.size(); i += 3) {
        const auto batch = source->read(stretches[i], {0, 5}, arrow::default_memory_pool());
        ASSERT_TRUE(batch.ok()) << batch.error().to_string();
        const auto wanted = whole->Slice(static_cast<std::int64_t>(stretches[i].first_row),
                                         static_cast<std::int64_t>(stretches[i].rows));
        EXPECT_TRUE((*batch)->Equals(*wanted));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Hdf5SourceTest, WhatCannotBeATableOrLeadsOutOfTheFileIsRefusedByName) {
  const std::map<std::string, std::vector<std::string>> refused = {
      {"external_link", {"\"b\"", "external link"}},
      {"soft_to_external", {"external link"}},
      {"external_storage", {"\"b\"", "external files"}},
      {"virtual", {"\"b\"", "virtual"}},
      {"filter", {"\"b\"", "filter 32001"}},
      {"lengths", {"\"a\"", "\"b\"", "10 and 11 rows"}},
      {"references", {"\"pointer\"", "references"}},
      {"ragged", {"\"lists\"", "variable lengths"}},
      {"picture", {"\"pixels\"", "2 dimensions"}},
      {"opaque", {"\"bytes\"", "opaque"}},
      {"cycle", {"nested more than 64"}},
      {"bomb", {"1000000000000 rows", "bomb"}},
      {"nothing", {"no datasets"}},
  };
  for (const auto& [name, words] : refused) {
    SCOPED_TRACE(name);
    const auto source = open(name);
    ASSERT_FALSE(source.ok());
    for (const std::string& word : words) EXPECT_THAT(source.error().to_string(), HasSubstr(word));
    EXPECT_THAT(source.error().where, HasSubstr(name + ".h5"));
  }
  const auto columns = open("soft_to_external", "/columns");
  ASSERT_FALSE(columns.ok());
  EXPECT_THAT(columns.error().what, HasSubstr("\"b\" is behind an external link"));
  const auto through = open("soft_to_external", "/links/out/secret");
  ASSERT_FALSE(through.ok());
  EXPECT_THAT(through.error().what, HasSubstr("external link"));
}

TEST_F(Hdf5SourceTest, AGroupThatIsNotThereIsNamedWithItsNeighbour) {
  const auto source = open("compound", "/gruop");
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(source.error().to_string(), HasSubstr("did you mean \"/group\"?"));
}

TEST_F(Hdf5SourceTest, EmptyDatasetsAreATableWithoutRows) {
  const auto source = open("empty").value();
  EXPECT_EQ(source->rows(), 0U);
  EXPECT_EQ(load(*source, table({column("a", "float64"), column("b", "int32")})).value().rows_in, 0U);
}

TEST(Hdf5TimeUnits, AreReadAsCfWritesThem) {
  const auto micros = [](std::int64_t step, std::int64_t base, bool zoned = false) {
    return std::optional(Hdf5TimeUnits{false, zoned, step, base});
  };
  EXPECT_EQ(parse_hdf5_time_units("microseconds since 1970-01-01", ""), micros(1, 0));
  EXPECT_EQ(parse_hdf5_time_units("Seconds since 1970-1-1", "gregorian"), micros(1'000'000, 0));
  EXPECT_EQ(parse_hdf5_time_units("ms since 1970-01-01 00:00:01.5", ""), micros(1000, 1'500'000));
  EXPECT_EQ(parse_hdf5_time_units("hours since 1970-01-01T01:00Z", ""), micros(3'600'000'000, 3'600'000'000, true));
  EXPECT_EQ(parse_hdf5_time_units("h since 1970-01-01 00:00:00 -0130", ""), micros(3'600'000'000, 5'400'000'000, true));
  EXPECT_EQ(parse_hdf5_time_units("minutes since 1970-01-01 00:00:00 +1", ""),
            micros(60'000'000, -3'600'000'000, true));
  EXPECT_EQ(parse_hdf5_time_units("days since 1970-01-01 UTC", "standard"), micros(86'400'000'000, 0, true));
  EXPECT_EQ(parse_hdf5_time_units("ns since 1970-01-01 00:00:01", ""),
            std::optional(Hdf5TimeUnits{true, false, 1, 1'000'000'000}));
  for (const char* none :
       {"", "days", "days since", "days since 1970", "days since 1970-13-01", "days since 1970-02-30",
        "months since 1970-01-01", "days since 1970-01-01 25:00", "days since 1970-01-01 00:00 noon",
        "days  until 1970-01-01", "ns since 0001-01-01", "days since 1970-01-01 00:00:00.0000001"}) {
    EXPECT_EQ(parse_hdf5_time_units(none, ""), std::nullopt) << none;
  }
  EXPECT_EQ(parse_hdf5_time_units("days since 1970-01-01", "360_day"), std::nullopt);
}

}  // namespace
}  // namespace tipple
