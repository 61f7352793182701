#include "worker/publish_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A job with one table of one source, over a file of 300 bytes in three chunks and a pack of two small files.
class PublishPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    job_.sources.resize(1);
    job_.tables.resize(1);
    job_.tables[0].name = "t";
    job_.tables[0].from = {SourceId(0)};
    job_.tables[0].rejects.max_rows = 100;
    job_.chunk_bytes = 100;
    state_.inputs = {{SourceId(0), {{"/in/a", 300, 1, true}, {"/in/b", 10, 1, true}, {"/in/c", 20, 1, true}}}};
    state_.opened.resize(1);
    state_.opened[0].chunk_count = 4;
    accept(0, {true, false, 10, 120, 3});
    accept(1, {true, true, 120, 210, 5});
    accept(2, {true, true, 210, 300, 7});
    accept(3, {true, false, 0, 20, 2});
  }
  void accept(std::uint32_t chunk, RecordRange range) {
    ChunkReport report;
    report.chunk = ChunkId(chunk);
    report.range = range;
    TableReport table;
    table.rows = {10, 9, 1, 0, 0};
    table.part = StagedPart{"t/_staging/x/chunk", 100, 9, {}, {}, {}};
    table.rejects = "t/_staging/x/rejects-" + std::to_string(chunk);
    report.tables = {table};
    state_.accepted[ChunkId(chunk)] = report;
  }
  ChunkReport& report(std::uint32_t chunk) { return state_.accepted.at(ChunkId(chunk)); }
  Result<PublishPlan> plan() const { return plan_publish(job_, state_, {1, 2}); }
  std::string fault() const {
    const auto result = plan();
    if (result.ok()) return "accepted";
    EXPECT_THAT(result.error().what, testing::StartsWith("bug: "));
    EXPECT_THAT(result.error().what, testing::EndsWith("; nothing was published"));
    return result.error().to_string();
  }

  JobSpec job_;
  LoadState state_;
};

TEST_F(PublishPlanTest, OrdersPartsAndCountsLines) {
  const auto result = plan();
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_TRUE(result->complete);
  const PlannedTable& table = result->tables[0];
  EXPECT_EQ(table.rows, (RowAccount{40, 36, 4, 0, 0}));
  ASSERT_EQ(table.parts.size(), 4U);
  EXPECT_EQ(table.parts[3].path, "data/part-00000000000000010000000000000002-00003.h5");
  std::vector<std::uint64_t> bases;
  for (const PlannedRejects& rejects : table.rejects) bases.push_back(rejects.line_base);
  EXPECT_THAT(bases, ElementsAre(1, 4, 9, 1)) << "1 + the lines of the chunks before, in the same file";
}

TEST_F(PublishPlanTest, PartsOfAFanInFollowTheTablesOrderOfSources) {
  job_.sources.resize(2);
  job_.tables[0].from = {SourceId(1), SourceId(0)};
  state_.inputs = {{SourceId(1), {{"/in/z", 10, 1, true}}}, {SourceId(0), {{"/in/a", 10, 1, true}}}};
  state_.opened[0].chunk_count = 2;
  state_.accepted.clear();
  for (std::uint32_t chunk = 0; chunk < 2; ++chunk) accept(chunk, {true, false, 0, 10, 1});
  report(0).tables[0].part->path = "of source 0";
  report(1).tables[0].part->path = "of source 1";
  const auto result = plan();
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->tables[0].parts[0].staged.path, "of source 1");
  EXPECT_EQ(result->tables[0].parts[1].staged.path, "of source 0");
}

TEST_F(PublishPlanTest, AMissingChunkIsABug) {
  state_.accepted.erase(ChunkId(2));
  EXPECT_THAT(fault(), HasSubstr("3 of 4 chunks are loaded"));
}

TEST_F(PublishPlanTest, OtherInputsThanTheLoadsAreABug) {
  state_.opened[0].chunk_count = 5;
  EXPECT_THAT(fault(), HasSubstr("the journaled inputs make 4 chunks, the load had 5"));
  state_.opened[0].chunk_count = 4;
  accept(4, {});
  EXPECT_THAT(fault(), HasSubstr("chunk 4: bug: a report of a chunk that was not planned"));
}

TEST_F(PublishPlanTest, RangesThatDoNotChainAreABug) {
  const RecordRange good = report(1).range;
  const struct {
    RecordRange range;
    const char* says;
  } cases[] = {
      {{true, true, 119, 210, 0}, "records begin at byte 119, the chunk before ends at byte 120"},
      {{true, true, 121, 210, 0}, "records begin at byte 121"},
      {{false, true, 0, 0, 0}, "no record was found, though one begins at byte 120"},
      {{true, true, 120, 119, 0}, "records end at byte 119 of 300"},
      {{true, true, 120, 301, 0}, "records end at byte 301 of 300"},
      {{true, true, 120, 220, 0}, "records begin at byte 210, the chunk before ends at byte 220"},
  };
  for (const auto& one : cases) {
    report(1).range = one.range;
    EXPECT_THAT(fault(), HasSubstr(one.says));
  }
  report(1).range = good;
  report(0).range.guessed = true;
  EXPECT_THAT(fault(), HasSubstr("the start of the file was guessed"));
  report(0).range = {true, false, 10, 250, 3};  // a record over the whole of chunk 1
  report(1).range = {false, true, 0, 0, 0};
  report(2).range = {true, true, 250, 300, 7};
  EXPECT_EQ(fault(), "accepted");
  report(1).range = {true, false, 250, 260, 0};
  EXPECT_THAT(fault(), HasSubstr("a record of the next chunk was taken"));
}

TEST_F(PublishPlanTest, RowsThatAreNotConservedAreABug) {
  report(2).tables[0].rows.rows_in = 11;
  EXPECT_THAT(fault(), HasSubstr("11 rows in + 0 added are not 9 out + 1 rejected + 0 filtered + 0 deduplicated"));
  report(2).tables[0].rows.rows_in = 10;
  report(2).tables[0].part->rows = 8;
  EXPECT_THAT(fault(), HasSubstr("the part has 8 of 9 rows"));
  report(2).tables[0].part.reset();
  EXPECT_THAT(fault(), HasSubstr("the part has 0 of 9 rows"));
  report(2).tables.clear();
  EXPECT_THAT(fault(), HasSubstr("the table is not accounted for once"));
}

TEST_F(PublishPlanTest, ALoadGivenUpForItsRejectsMayBeIncomplete) {
  state_.accepted.erase(ChunkId(1));
  job_.tables[0].rejects.max_rows = 3;
  EXPECT_THAT(fault(), HasSubstr("3 of 4 chunks are loaded")) << "3 rejects are allowed";
  job_.tables[0].rejects.max_rows = 2;
  const auto result = plan();
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_FALSE(result->complete);
  EXPECT_EQ(result->tables[0].rejects.size(), 2U) << "lines behind the missing chunk are not known";
  job_.tables[0].rejects.max_percent = 0.001;
  EXPECT_THAT(fault(), HasSubstr("3 of 4 chunks are loaded")) << "a share is known at the end only";
}

TEST(RejectsAllowed, TheLargerOfRowsAndShare) {
  RejectLimits limits;
  EXPECT_EQ(rejects_allowed(limits, 1000), 0U);
  limits.max_rows = 5;
  EXPECT_EQ(rejects_allowed(limits, 1000), 5U);
  limits.max_percent = 1.05;
  EXPECT_EQ(rejects_allowed(limits, 1000), 10U);
  EXPECT_EQ(rejects_allowed(limits, 100), 5U);
}

}  // namespace
}  // namespace tipple
