#include "warehouse/warehouse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/warehouse/sample_table.h"

namespace tipple {
namespace {

using testing::HasSubstr;

TEST(Warehouse, WritersMakeItAndReadersWantTheMarker) {
  const TestFolder folder;
  const fs::path path = folder.path() / "deep" / "warehouse";
  const auto absent = Warehouse::open(path, false);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().kind, ErrorKind::kUsage);
  EXPECT_FALSE(fs::exists(path)) << "reading makes nothing";
  ASSERT_TRUE(Warehouse::open(path, true).ok());
  EXPECT_EQ(*read_file(path / "_tipple.json", 1000), "{\"format_version\": 1}\n");
  EXPECT_TRUE(Warehouse::open(path, true).ok());
  EXPECT_TRUE(Warehouse::open(path, false).ok());
}

TEST(Warehouse, OneOfANewerVersionIsRefused) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_synced(folder.path() / "_tipple.json", "{\"format_version\": 2}").ok());
  for (const bool write : {false, true}) {
    const auto refused = Warehouse::open(folder.path(), write);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(exit_code(refused.error().kind), 5);
    EXPECT_THAT(refused.error().to_string(), HasSubstr("format version 2"));
    EXPECT_EQ(refused.error().hint, "upgrade tipple");
  }
}

TEST(Warehouse, ADamagedMarkerIsRefused) {
  const TestFolder folder;
  for (const char* text : {"", "{", "[]", "{\"format_version\": \"1\"}", "{\"format_version\": -1}", "\xFF\xFE"}) {
    ASSERT_TRUE(write_file_synced(folder.path() / "_tipple.json", text).ok());
    const auto refused = Warehouse::open(folder.path(), true);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_THAT(refused.error().to_string(), HasSubstr("marker is damaged"));
  }
}

TEST(Warehouse, AFileInItsPlaceIsNamed) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_synced(folder.path() / "file", "x").ok());
  const auto refused = Warehouse::open(folder.path() / "file", true);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("exists and is not a folder"));
}

TEST(Warehouse, ListsTablesThatHaveAVersion) {
  const TestFolder folder;
  const Warehouse warehouse = Warehouse::open(folder.path(), true).value();
  EXPECT_TRUE(warehouse.tables()->empty());
  for (const char* table : {"b", "a"}) {
    ASSERT_TRUE(
        commit_version(warehouse, table, sample_schema(), Codec::kNone, {}, sample_commit(WriteMode::kReplace, 0))
            .ok());
  }
  ASSERT_TRUE(create_folders(warehouse.table_folder("unfinished") / "_log").ok());
  ASSERT_TRUE(create_folders(warehouse.load_folder(random_id())).ok());
  EXPECT_THAT(*warehouse.tables(), testing::ElementsAre("a", "b"));
}

}  // namespace
}  // namespace tipple
