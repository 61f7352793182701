#include "worker/publish_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/warehouse/sample_table.h"

namespace tipple {
namespace {

using testing::HasSubstr;

// Ids 10, 11, 12 staged by the load; the table has ids 0 and 1.
class PublishAudit : public testing::TestWithParam<PartFormat> {
 protected:
  void SetUp() override {
    table_.name = "t";
    table_.part_format = GetParam();
    table_.output = sample_schema();
    const std::vector<LoggedPart> old = {place_sample_part(warehouse_, "t", "old", 0, 2, GetParam())};
    ASSERT_TRUE(commit_version(warehouse_, "t", sample_schema(), Codec::kZstd, old,
                               sample_commit(WriteMode::kReplace, 2), {GetParam(), false})
                    .ok());
    PlannedPart part;
    part.staged.path = "t/_staging/chunk-00000";
    part.path = "data/new";
    part.staged.rows = 3;
    write_part(warehouse_.folder() / part.staged.path, GetParam(), sample_schema(), sample_rows(10, 3));
    planned_.parts = {part};
    planned_.rows = {3, 3, 0, 0, 0};
  }
  std::string audit(WriteMode write = WriteMode::kReplace) {
    const Status status = audit_table(warehouse_, table_, planned_, write);
    if (status.ok()) return "ok";
    EXPECT_EQ(exit_code(status.error().kind), 4);
    return status.error().to_string();
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path() / "w", true).value();
  TableSpec table_;
  PlannedTable planned_;
};

INSTANTIATE_TEST_SUITE_P(Formats, PublishAudit, testing::Values(PartFormat::kHdf5, PartFormat::kParquet),
                         [](const auto& format) { return std::string(to_string(format.param)); });

TEST_P(PublishAudit, RowsOfTheWholeTable) {
  EXPECT_EQ(audit(), "ok");
  table_.expectations.rows_min = 4;
  EXPECT_THAT(audit(), HasSubstr("table t: the number of rows is 3, expected at least 4; nothing was published"));
  EXPECT_EQ(audit(WriteMode::kAppend), "ok") << "5 with those that it has";
  table_.expectations = {};
  table_.expectations.rows_max = 4;
  EXPECT_EQ(audit(), "ok");
  EXPECT_THAT(audit(WriteMode::kAppend), HasSubstr("the number of rows is 5, expected at most 4"));
}

TEST_P(PublishAudit, SumsOfColumns) {
  table_.expectations.sums = {{"id", 33.0, 33.0}};
  EXPECT_EQ(audit(), "ok");
  EXPECT_THAT(audit(WriteMode::kAppend), HasSubstr("the sum of id is 34, expected at most 33"));
  table_.expectations.sums = {{"price", 31.84, std::nullopt}, {"id", std::nullopt, 33.5}};
  EXPECT_THAT(audit(), HasSubstr("the sum of price is 31.83, expected at least 31.84"));
  table_.expectations.sums = {{"price", 31.83, 31.83}};
  EXPECT_EQ(audit(), "ok");
}

TEST_P(PublishAudit, FindsPartsThatWereMovedBeforeAKill) {
  table_.expectations.sums = {{"id", 33.0, 33.0}};
  fs::rename(warehouse_.folder() / planned_.parts[0].staged.path,
             warehouse_.table_folder("t") / planned_.parts[0].path);
  EXPECT_EQ(audit(), "ok");
}

}  // namespace
}  // namespace tipple
