#include "warehouse/reject_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "formats/reject_file.h"
#include "warehouse/reject_heads.h"
#include "warehouse/table_log.h"

namespace tipple {
namespace {

class RejectLedger : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("reject-ledger-" + random_id().to_hex());
    auto opened = Warehouse::open(folder_, true);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    warehouse_.emplace(std::move(opened).value());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A version of the table t that has nothing but an account.
  void commit(LoadId load, WriteMode write, std::uint64_t rejected) {
    CommitInfo info;
    info.load = load;
    info.job = "job";
    info.mode = write == WriteMode::kAppend ? "more" : "full";
    info.write = write;
    info.rows.rows_in = rejected;
    info.rows.rejected = rejected;
    const Schema schema = {Column{"id", *parse_data_type("int64"), false}};
    const auto done = commit_version(*warehouse_, "t", schema, Codec::kNone, {}, info);
    ASSERT_TRUE(done.ok()) << done.error().to_string();
    if (rejected > 0)
      write_rejects(load, std::vector<Reject>(rejected, Reject{"/in.csv", 5, 2, "id", "type", "not a number", ""}));
  }

  void write_rejects(LoadId load, const std::vector<Reject>& rejects) {
    ASSERT_TRUE(create_folders(warehouse_->rejects_path("t", load).parent_path()).ok());
    auto writer = RejectFileWriter::create(warehouse_->rejects_path("t", load));
    ASSERT_TRUE(writer.ok()) << writer.error().to_string();
    ASSERT_TRUE(writer->append(rejects).ok());
    ASSERT_TRUE(writer->close_and_sync().ok());
  }

  std::vector<LoadId> loads_with_rejects() {
    const auto rejects = published_rejects(*warehouse_, "t");
    EXPECT_TRUE(rejects.ok()) << rejects.error().to_string();
    std::vector<LoadId> loads;
    for (const LoadRejects& load : *rejects) loads.push_back(load.load);
    return loads;
  }

  fs::path folder_;
  std::optional<Warehouse> warehouse_;
  const LoadId one_{0, 1}, two_{0, 2}, three_{0, 3};
};

TEST_F(RejectLedger, LoadsWithRejectsOldestFirst) {
  commit(two_, WriteMode::kAppend, 2);
  commit(three_, WriteMode::kAppend, 0);
  commit(one_, WriteMode::kAppend, 1);
  EXPECT_THAT(loads_with_rejects(), testing::ElementsAre(two_, one_));
}

TEST_F(RejectLedger, ALoadThatReplacesTheTableDoesAwayWithEarlierRejects) {
  commit(one_, WriteMode::kAppend, 1);
  commit(two_, WriteMode::kReplace, 2);
  commit(three_, WriteMode::kAppend, 3);
  EXPECT_THAT(loads_with_rejects(), testing::ElementsAre(two_, three_));
}

TEST_F(RejectLedger, RejectsOfALoadThatPublishedNothingAreNotInIt) {
  commit(one_, WriteMode::kReplace, 1);
  write_rejects(two_, {Reject{"/in.csv", 5, 2, "id", "type", "not a number", ""}});
  EXPECT_THAT(loads_with_rejects(), testing::ElementsAre(one_));
}

TEST_F(RejectLedger, AMarkComesBackAndMayBeWrittenAgain) {
  commit(one_, WriteMode::kReplace, 3);
  EXPECT_EQ(read_reject_mark(*warehouse_, "t", one_).value(), std::nullopt);
  const RejectMark mark{two_, 3, 1, "ab12"};
  for (int times = 0; times < 2; ++times) ASSERT_TRUE(mark_rejects_resolved(*warehouse_, "t", one_, mark).ok());
  EXPECT_EQ(read_reject_mark(*warehouse_, "t", one_).value(), mark);
  EXPECT_EQ(published_rejects(*warehouse_, "t").value().front().resolved, mark);
}

TEST_F(RejectLedger, ADamagedMarkIsAnErrorThatNamesIt) {
  commit(one_, WriteMode::kReplace, 3);
  for (const std::string text :
       {"", "[]", "{\"by\": 7, \"rows\": 1, \"dropped\": 0}", "{\"by\": \"xyz\", \"rows\": 1, \"dropped\": 0}",
        "{\"by\": \"00000000000000000000000000000002\", \"rows\": -1, \"dropped\": 0}"}) {
    std::ofstream(reject_mark_path(*warehouse_, "t", one_)) << text;
    const auto mark = read_reject_mark(*warehouse_, "t", one_);
    ASSERT_FALSE(mark.ok()) << text;
    EXPECT_EQ(mark.error().kind, ErrorKind::kEnvironment);
    EXPECT_THAT(mark.error().where, testing::HasSubstr(".resolved.json"));
    EXPECT_FALSE(published_rejects(*warehouse_, "t").ok());
  }
}

TEST_F(RejectLedger, OriginsGoBackThroughAllReplays) {
  std::vector<LoadRejects> rejects = {{one_, "full", {}, RejectMark{two_, 4, 0, ""}},
                                      {two_, "replay", {}, RejectMark{three_, 2, 0, ""}},
                                      {three_, "replay", {}, std::nullopt}};
  EXPECT_THAT(reject_origins(rejects, three_), testing::ElementsAre(one_, two_));
  EXPECT_THAT(reject_origins(rejects, two_), testing::ElementsAre(one_));
  EXPECT_THAT(reject_origins(rejects, one_), testing::IsEmpty());
}

TEST_F(RejectLedger, HeadsAreKeptOfFilesThatHaveRejects) {
  SourceSpec source;
  std::vector<HeadedFile> files;
  std::vector<Reject> rejects;
  for (const std::string name : {"a.csv", "b.csv", "c.csv"}) {
    const fs::path path = folder_ / name;
    std::ofstream(path) << (name == "b.csv" ? "n,id\nx,1\n" : "id,n\n1,x\n");
    const FileStat stat = stat_regular_file(path).value();
    files.push_back({{path.string(), stat.size, stat.mtime_ns, {}}, &source});
    if (name != "c.csv") rejects.push_back({path.string(), 5, 2, "id", "type", "not a number", "1,x"});
  }
  write_rejects(one_, rejects);
  ASSERT_TRUE(write_reject_heads(*warehouse_, "t", one_, files).ok());
  const RejectHeads expected = {{(folder_ / "a.csv").string(), "id,n\n"}, {(folder_ / "b.csv").string(), "n,id\n"}};
  EXPECT_EQ(read_reject_heads(*warehouse_, "t", one_).value(), expected);
  EXPECT_TRUE(read_reject_heads(*warehouse_, "t", two_).value().empty());
}

}  // namespace
}  // namespace tipple
