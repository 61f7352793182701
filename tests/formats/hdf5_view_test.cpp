// The one-file view: read by h5py from wherever the table's folder stands; never over sources that are missing or
// shorter.
#include "formats/hdf5_view.h"

#include <arrow/compute/cast.h>

#include "base/limits.h"
#include "formats/hdf5_view_cast.h"
#include "tests/base/test_seed.h"
#include "tests/formats/h5py_testing.h"

namespace tipple {
namespace {

using namespace testing_parts;
namespace fs = std::filesystem;

// `parts` parts of random sizes in table/data, as sources of a view in table/, and their rows.
struct Table {
  fs::path folder;
  std::vector<ViewSource> sources;
  Batch rows;
};

Table make_table(const fs::path& folder, const Schema& schema, std::size_t parts, std::int64_t rows_max,
                 std::mt19937_64& random) {
  Table table{folder, {}, nullptr};
  fs::create_directories(folder / "data");
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < parts; ++i) {
    RandomValues values{random};
    if (i % 3 == 0) values.string_bytes_max = 0;  // parts without a string byte
    if (i % 2 == 0) values.null_share = 0;        // parts whose `.valid` has no chunk
    batches.push_back(
        random_batch(schema, 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(rows_max)), values));
    const fs::path name = fs::path("data") / ("part-" + std::to_string(i) + ".h5");
    EXPECT_TRUE(write_part(folder / name, schema, Codec::kDeflate, {batches.back()}).ok());
    table.sources.push_back({name, static_cast<std::uint64_t>(batches.back()->num_rows())});
  }
  table.rows =
      arrow::Table::FromRecordBatches(arrow_schema(schema), batches).ValueOrDie()->CombineChunksToBatch().ValueOrDie();
  return table;
}

Result<std::vector<fs::path>> write_view(const Table& table, const Schema& schema) {
  return write_hdf5_view(table.folder / "table.h5", "data", "view-1", schema, table.sources, {{"tipple_version", "1"}});
}

TEST(Hdf5View, H5pyReadsItAlsoAfterTheFolderMoved) {
  std::mt19937_64 random(5);
  const Schema schema = all_types_schema();
  const ScratchFolder scratch;
  Table table = make_table(scratch.path() / "table", schema, 7, 200, random);
  const auto written = write_view(table, schema);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(*written, std::vector<fs::path>{table.folder / "table.h5"});
  expect_h5py_reads(table.folder / "table.h5", table.rows);
  fs::create_directories(scratch.path() / "elsewhere");
  fs::rename(table.folder, scratch.path() / "elsewhere" / "moved");
  expect_h5py_reads(scratch.path() / "elsewhere" / "moved" / "table.h5", table.rows);
}

TEST(Hdf5View, WithoutSourcesHasEmptyColumns) {
  std::mt19937_64 random(6);
  const Schema schema = all_types_schema();
  const ScratchFolder scratch;
  const Table table{scratch.path(), {}, random_batch(schema, 0, {random})};
  const auto written = write_view(table, schema);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  expect_h5py_reads(table.folder / "table.h5", table.rows);
}

TEST(Hdf5View, ManySourcesGoThroughLevels) {
  std::mt19937_64 random(7);
  const Schema schema{{"n", type_of("int64"), false}, {"s", type_of("string"), true}};
  const ScratchFolder scratch;
  Table table = make_table(scratch.path() / "table", schema, limits::kViewSourcesPerLevelMax + 40, 5, random);
  const auto written = write_view(table, schema);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  const std::vector<fs::path> expected{table.folder / "data/view-1-0.h5", table.folder / "data/view-1-1.h5",
                                       table.folder / "table.h5"};
  EXPECT_EQ(*written, expected);
  fs::rename(table.folder, scratch.path() / "moved");
  expect_h5py_reads(scratch.path() / "moved" / "table.h5", table.rows);
}

TEST(Hdf5View, RefusesMissingShorterAndForeignSources) {
  std::mt19937_64 random(8);
  const Schema schema{{"n", type_of("int64"), false}, {"s", type_of("string"), true}};
  const ScratchFolder scratch;
  Table table = make_table(scratch.path() / "table", schema, 3, 50, random);
  const auto refused = [&](const Table& bad, const Schema& columns) {
    const auto written = write_view(bad, columns);
    EXPECT_FALSE(written.ok());
    EXPECT_FALSE(fs::exists(bad.folder / "table.h5"));
    return written.ok() ? std::string() : written.error().to_string();
  };
  Table wrong_rows = table;
  wrong_rows.sources[1].rows += 1;
  EXPECT_NE(refused(wrong_rows, schema).find("rows instead of"), std::string::npos);
  Schema other = schema;
  other[0].name = "m";
  EXPECT_NE(refused(table, other).find("columns"), std::string::npos);
  fs::remove(table.folder / table.sources[2].path);
  EXPECT_NE(refused(table, schema).find("part-2.h5"), std::string::npos);
}

TEST(Hdf5View, EqualSourcesGiveEqualBytes) {
  std::mt19937_64 random(9);
  const Schema schema = all_types_schema();
  const ScratchFolder scratch;
  Table table = make_table(scratch.path() / "table", schema, 3, 50, random);
  ASSERT_TRUE(write_view(table, schema).ok());
  const std::string first = bytes_of(table.folder / "table.h5");
  fs::remove(table.folder / "table.h5");
  ASSERT_TRUE(write_view(table, schema).ok());
  EXPECT_TRUE(first == bytes_of(table.folder / "table.h5"));
}

// Batches of several schemas as rows of `view`: by name, null where there is no such column.
Batch shown_as(const std::vector<Batch>& parts, const Schema& view) {
  std::vector<Batch> batches;
  for (const Batch& batch : parts) {
    arrow::ArrayVector arrays;
    for (const Column& column : view) {
      const auto own = batch->GetColumnByName(column.name);
      const auto type = arrow_type(column.type);
      arrays.push_back(own == nullptr ? *arrow::MakeArrayOfNull(type, batch->num_rows())
                                      : *arrow::compute::Cast(*own, type));
    }
    batches.push_back(arrow::RecordBatch::Make(arrow_schema(view), batch->num_rows(), std::move(arrays)));
  }
  return arrow::Table::FromRecordBatches(arrow_schema(view), batches).ValueOrDie()->CombineChunksToBatch().ValueOrDie();
}

const Schema& narrow_schema() {
  static const Schema schema{{"i", type_of("int16"), false},     {"u", type_of("uint8"), true},
                             {"f", type_of("float32"), false},   {"n", type_of("int32"), true},
                             {"s", type_of("string(3)"), false}, {"e", enum_of(3), true},
                             {"b", enum_of(3), false},           {"d", type_of("decimal(12,2)"), false},
                             {"t", type_of("string"), false},    {"old", type_of("date"), true}};
  return schema;
}

const Schema& wide_schema() {
  static const Schema schema{
      {"i", type_of("int64"), true},   {"u", type_of("int32"), true},           {"f", type_of("float64"), true},
      {"n", type_of("float64"), true}, {"s", type_of("string(9)"), true},       {"e", enum_of(5), true},
      {"b", enum_of(300), true},       {"d", type_of("decimal(18,2)"), true},   {"t", type_of("string"), true},
      {"old", type_of("date"), true},  {"new", type_of("int64"), true},         {"text", type_of("string"), true},
      {"code", enum_of(300), true},    {"long", type_of("decimal(30,2)"), true}};
  return schema;
}

// Parts of the first schema and of the second in turn, the view with the second's columns.
void expect_grown_view(std::size_t parts, std::mt19937_64& random) {
  const ScratchFolder scratch;
  const fs::path folder = scratch.path() / "table";
  fs::create_directories(folder / "data");
  std::vector<ViewSource> sources;
  std::vector<Batch> rows;
  for (std::size_t i = 0; i < parts; ++i) {
    const Schema& schema = i % 2 == 0 ? narrow_schema() : wide_schema();
    rows.push_back(random_batch(schema, 1 + static_cast<std::int64_t>(random() % 40), {random}));
    const fs::path name = fs::path("data") / ("part-" + std::to_string(i) + ".h5");
    ASSERT_TRUE(write_part(folder / name, schema, Codec::kDeflate, {rows.back()}).ok());
    sources.push_back({name, static_cast<std::uint64_t>(rows.back()->num_rows())});
  }
  const auto written =
      write_hdf5_view(folder / "table.h5", "data", "view-1", wide_schema(), sources, {{"tipple_version", "1"}});
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(written->front(), folder / "data/view-1-null.h5");
  EXPECT_LT(fs::file_size(written->front()), 64U * 1024) << "zeros take no room";
  fs::rename(folder, scratch.path() / "moved");
  expect_h5py_reads(scratch.path() / "moved" / "table.h5", shown_as(rows, wide_schema()));
}

TEST(Hdf5View, ColumnsThatGrewAreNullInOldPartsAndWiderEverywhere) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  expect_grown_view(5, random);
}

TEST(Hdf5View, GrownColumnsGoThroughLevels) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  expect_grown_view(limits::kViewSourcesPerLevelMax + 3, random);
}

TEST(Hdf5View, OnlyWideningsAreShown) {
  const auto shows = [](const char* part, const char* view) { return hdf5_shows_as(type_of(part), type_of(view)); };
  for (const auto& [part, view] : {std::pair{"int64", "int32"},
                                   {"int8", "uint64"},
                                   {"uint64", "int64"},
                                   {"int64", "float64"},
                                   {"float32", "int64"},
                                   {"string(3)", "string(2)"},
                                   {"string(3)", "string"},
                                   {"enum(a,b)", "enum(a)"},
                                   {"enum(b)", "enum(a,b)"},
                                   {"decimal(5,2)", "decimal(9,3)"},
                                   {"decimal(18,2)", "decimal(19,2)"},
                                   {"int8", "decimal(5,2)"},
                                   {"bool", "int8"},
                                   {"date", "int32"},
                                   {"timestamp", "timestamp_tz"}}) {
    EXPECT_FALSE(shows(part, view)) << part << " as " << view;
  }
  for (const auto& [part, view] : {std::pair{"uint8", "int16"},
                                   {"uint32", "float64"},
                                   {"int16", "float32"},
                                   {"string(2)", "string(3)"},
                                   {"enum(a)", "enum(a,b)"},
                                   {"decimal(5,2)", "decimal(18,2)"},
                                   {"decimal(19,2)", "decimal(38,2)"}}) {
    EXPECT_TRUE(shows(part, view)) << part << " as " << view;
  }
}

}  // namespace
}  // namespace tipple
