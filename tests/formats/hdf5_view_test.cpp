// The one-file view: read by h5py from wherever the table's folder stands; never over sources that are missing or shorter.
#include "formats/hdf5_view.h"

#include "base/limits.h"
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

Table make_table(const fs::path& folder, const Schema& schema, std::size_t parts, std::int64_t rows_max, std::mt19937_64& random) {
  Table table{folder, {}, nullptr};
  fs::create_directories(folder / "data");
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < parts; ++i) {
    RandomValues values{random};
    if (i % 3 == 0) values.string_bytes_max = 0;  // parts without a string byte
    if (i % 2 == 0) values.null_share = 0;        // parts whose `.valid` has no chunk
    batches.push_back(random_batch(schema, 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(rows_max)), values));
    const fs::path name = fs::path("data") / ("part-" + std::to_string(i) + ".h5");
    EXPECT_TRUE(write_part(folder / name, schema, Codec::kDeflate, {batches.back()}).ok());
    table.sources.push_back({name, static_cast<std::uint64_t>(batches.back()->num_rows())});
  }
  table.rows = arrow::Table::FromRecordBatches(arrow_schema(schema), batches).ValueOrDie()->CombineChunksToBatch().ValueOrDie();
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
  const std::vector<fs::path> expected{table.folder / "data/view-1-0.h5", table.folder / "data/view-1-1.h5", table.folder / "table.h5"};
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

}  // namespace
}  // namespace tipple
