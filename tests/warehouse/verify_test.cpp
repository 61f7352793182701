#include "warehouse/verify.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/hdf5_view_state.h"
#include "tests/warehouse/sample_table.h"
#include "warehouse/table_view.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Verify : public testing::Test {
 protected:
  void SetUp() override {
    parts_ = {place_sample_part(warehouse_, "t", "part-a-00000.h5", 0, 1000),
              place_sample_part(warehouse_, "t", "part-a-00001.h5", 1000, 70'000),
              place_sample_part(warehouse_, "t", "part-a-00002.h5", 71'000, 1)};
    commit(parts_);
  }
  void commit(const std::vector<LoggedPart>& parts) {
    ASSERT_TRUE(
        commit_version(warehouse_, "t", sample_schema(), Codec::kDeflate, parts, sample_commit(WriteMode::kReplace, 0))
            .ok());
    const Status refreshed = refresh_view(warehouse_, "t");
    ASSERT_TRUE(refreshed.ok()) << refreshed.error().to_string();
  }
  fs::path path(int part) const { return warehouse_.table_folder("t") / parts_[static_cast<std::size_t>(part)].path; }
  std::vector<std::string> problems() const { return verify_table(warehouse_, "t", std::nullopt, 2)->problems; }

  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path(), true).value();
  std::vector<LoggedPart> parts_;
};

TEST_F(Verify, AGoodTableHasNoProblems) {
  for (const unsigned threads : {0U, 1U, 2U, 16U}) {
    const auto report = verify_table(warehouse_, "t", std::nullopt, threads);
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_THAT(report->problems, ElementsAre());
    EXPECT_EQ(report->parts, 3U);
    EXPECT_EQ(report->rows, 71'001U);
    EXPECT_EQ(report->bytes, parts_[0].bytes + parts_[1].bytes + parts_[2].bytes);
    EXPECT_EQ(report->content_digest, content_digest(parts_));
    EXPECT_EQ(report->bytes_digest, bytes_digest(parts_));
  }
}

TEST_F(Verify, ATableWithoutAVersionIsAnError) {
  EXPECT_EQ(verify_table(warehouse_, "other", std::nullopt, 1).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(verify_table(warehouse_, "t", 3, 1).error().kind, ErrorKind::kUsage);
}

TEST_F(Verify, NamesAMissingPart) {
  fs::remove(path(1));
  const auto found = problems();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], HasSubstr(path(1).string() + ": cannot stat: No such file"));
  EXPECT_THAT(found[0], HasSubstr("restore it from a backup"));
}

TEST_F(Verify, NamesAPartOfAnotherSize) {
  fs::resize_file(path(0), parts_[0].bytes - 1);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("bytes, published were " + std::to_string(parts_[0].bytes))));
}

TEST_F(Verify, NamesAPartWithAFlippedBit) {
  std::string bytes = *read_file(path(1), 1 << 30);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(write_file_synced(path(1), bytes).ok());
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("its SHA-256 is ")));
}

TEST_F(Verify, NamesALogThatDoesNotMatchTheData) {
  std::vector<LoggedPart> wrong = parts_;
  wrong[0].rows += 1;
  wrong[2].content_digest.low ^= 1;
  ASSERT_TRUE(
      commit_version(warehouse_, "t", sample_schema(), Codec::kDeflate, wrong, sample_commit(WriteMode::kReplace, 0))
          .ok());
  const auto found = problems();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_THAT(found[0], HasSubstr("has 1000 rows, published were 1001"));
  EXPECT_THAT(found[1], HasSubstr("its content digest is "));
  EXPECT_THAT(found[2], HasSubstr("the view shows version 0, the newest is 1"));
}

TEST_F(Verify, NamesAMissingAndAStaleView) {
  const fs::path view = warehouse_.view_path("t");
  const fs::path kept = folder_.path() / "kept.h5";
  fs::copy_file(view, kept);
  fs::remove(view);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("the view is missing")));
  ASSERT_TRUE(refresh_view(warehouse_, "t").ok());
  EXPECT_THAT(problems(), ElementsAre());
  commit({parts_[0]});
  EXPECT_THAT(problems(), ElementsAre());
  fs::copy_file(kept, view, fs::copy_options::overwrite_existing);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("the view shows version 0, the newest is 1")));
  EXPECT_TRUE(verify_table(warehouse_, "t", 0, 1)->problems.empty()) << "old versions are checked without the view";
  ASSERT_TRUE(write_file_synced(view, "this is no HDF5 file").ok());
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("the view cannot be read")));
  ASSERT_TRUE(refresh_view(warehouse_, "t").ok());
  EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(Verify, ATableWithoutRowsHasAnEmptyView) {
  commit({});
  EXPECT_THAT(problems(), ElementsAre());
  const auto state = read_hdf5_view_state(warehouse_.view_path("t"));
  ASSERT_TRUE(state.ok()) << state.error().to_string();
  EXPECT_EQ(state->rows, 0U);
  EXPECT_EQ(state->schema, sample_schema());
}

TEST_F(Verify, TheViewOfManyPartsHasLevelsAndOldOnesGoAway) {
  std::vector<LoggedPart> many;
  for (int i = 0; i < 514; ++i) {
    LoggedPart part = parts_[2];
    part.path = fmt::format("data/part-b-{:05}.h5", i);
    fs::copy_file(path(2), warehouse_.table_folder("t") / part.path);
    many.push_back(part);
  }
  for (int version = 1; version <= 3; ++version) {
    commit(many);
    EXPECT_THAT(problems(), ElementsAre());
    EXPECT_EQ(read_hdf5_view_state(warehouse_.view_path("t"))->rows, 514U);
  }
  std::size_t levels = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(warehouse_.table_folder("t") / "_view")) ++levels;
  EXPECT_EQ(levels, 4U) << "two files for the newest version, two for the one before, which readers may have open";
}

TEST_F(Verify, NoViewIsMadeOverMissingParts) {
  LoggedPart lost = parts_[0];
  lost.path = "data/lost.h5";
  ASSERT_TRUE(
      commit_version(warehouse_, "t", sample_schema(), Codec::kDeflate, {lost}, sample_commit(WriteMode::kReplace, 0))
          .ok());
  const Status refused = refresh_view(warehouse_, "t");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("lost.h5"));
  EXPECT_EQ(read_hdf5_view_state(warehouse_.view_path("t"))->version, "0") << "the old view stays";
}

}  // namespace
}  // namespace tipple
