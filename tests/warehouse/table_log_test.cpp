#include "warehouse/table_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "tests/warehouse/sample_table.h"

namespace tipple {
namespace {

using testing::HasSubstr;

LoggedPart named_part(const std::string& name, std::uint64_t rows = 1) {
  LoggedPart part;
  part.path = "data/" + name;
  part.bytes = 10 * rows;
  part.rows = rows;
  return part;
}

std::vector<std::string> paths(const TableVersion& version) {
  std::vector<std::string> result;
  for (const LoggedPart& part : version.parts) result.push_back(part.path);
  return result;
}

class TableLog : public testing::Test {
 protected:
  Result<CommitOutcome> commit(WriteMode write, const std::vector<LoggedPart>& parts,
                               const Schema& schema = sample_schema()) {
    return commit_version(warehouse_, "t", schema, Codec::kDeflate, parts, sample_commit(write, parts.size()));
  }
  fs::path entry(int version) const {
    return warehouse_.table_folder("t") / "_log" / fmt::format("{:020}.json", version);
  }
  TestFolder folder_;
  Warehouse warehouse_ = Warehouse::open(folder_.path() / "w", true).value();
};

TEST_F(TableLog, ATableWithoutALogHasNoVersion) {
  EXPECT_FALSE(read_table(warehouse_, "t")->has_value());
  EXPECT_TRUE(read_history(warehouse_, "t")->empty());
  EXPECT_FALSE(find_load(warehouse_, "t", random_id())->has_value());
}

TEST_F(TableLog, RowsThatHoldForOneVersionBecomeThatOneOrNone) {
  const auto commit_as = [&](std::uint64_t version, const CommitInfo& info) {
    return *commit_version(warehouse_, "t", sample_schema(), Codec::kDeflate, {named_part(info.mode)}, info,
                           {PartFormat::kHdf5, false, version});
  };
  CommitInfo first = sample_commit(WriteMode::kAppend, 1);
  EXPECT_TRUE(commit_as(1, first).taken) << "nor a later one than the next";
  EXPECT_FALSE(read_table(warehouse_, "t")->has_value());
  EXPECT_FALSE(commit_as(0, first).taken);
  first.mode = "again";
  EXPECT_TRUE(commit_as(0, first).already);
  CommitInfo second = sample_commit(WriteMode::kAppend, 1);
  second.mode = "second";
  EXPECT_TRUE(commit_as(0, second).taken);
  EXPECT_EQ((*read_table(warehouse_, "t"))->version, 0U);
  EXPECT_EQ(commit_as(1, second).version, 1U);
}

TEST_F(TableLog, ReplaceAndAppendAddUpAndOldVersionsStayReadable) {
  ASSERT_EQ(commit(WriteMode::kReplace, {named_part("a"), named_part("b", 2)})->version, 0U);
  ASSERT_EQ(commit(WriteMode::kAppend, {named_part("c")})->version, 1U);
  ASSERT_EQ(commit(WriteMode::kReplace, {named_part("d")})->version, 2U);
  ASSERT_EQ(commit(WriteMode::kAppend, {})->version, 3U);
  EXPECT_THAT(paths(**read_table(warehouse_, "t", 0)), testing::ElementsAre("data/a", "data/b"));
  EXPECT_EQ((*read_table(warehouse_, "t", 0))->rows(), 3U);
  EXPECT_THAT(paths(**read_table(warehouse_, "t", 1)), testing::ElementsAre("data/a", "data/b", "data/c"));
  EXPECT_THAT(paths(**read_table(warehouse_, "t", 2)), testing::ElementsAre("data/d"));
  EXPECT_THAT(paths(**read_table(warehouse_, "t")), testing::ElementsAre("data/d"));
  EXPECT_EQ((*read_table(warehouse_, "t"))->version, 3U);
  EXPECT_EQ(read_history(warehouse_, "t")->size(), 4U);
  const auto missing = read_table(warehouse_, "t", 9);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(missing.error().to_string(), HasSubstr("no version 9"));
}

TEST_F(TableLog, ALoadIsCommittedOnce) {
  const CommitInfo info = sample_commit(WriteMode::kAppend, 1);
  const auto publish = [&] {
    return commit_version(warehouse_, "t", sample_schema(), Codec::kDeflate, {named_part("a")}, info).value();
  };
  EXPECT_FALSE(publish().already);
  ASSERT_TRUE(commit(WriteMode::kAppend, {named_part("b")}).ok());
  const CommitOutcome again = publish();
  EXPECT_TRUE(again.already);
  EXPECT_EQ(again.version, 0U);
  EXPECT_EQ((*read_table(warehouse_, "t"))->parts.size(), 2U);
  EXPECT_EQ(find_load(warehouse_, "t", info.load)->value(), 0U);
}

TEST_F(TableLog, AnAppendWithAnotherSchemaIsRefused) {
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("a")}).ok());
  Schema other = sample_schema();
  other[1].type = type("float64");
  const auto refused = commit(WriteMode::kAppend, {named_part("b")}, other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("column 2 is 'price float64', was 'price decimal(30,2)'"));
  EXPECT_FALSE(check_committable(warehouse_, "t", other, WriteMode::kAppend).ok());
  EXPECT_TRUE(check_committable(warehouse_, "t", sample_schema(), WriteMode::kAppend).ok());
  EXPECT_FALSE(fs::exists(entry(1)));
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("b")}, other).ok()) << "replacing may change the schema";
  EXPECT_EQ((*read_table(warehouse_, "t"))->schema, other);
  EXPECT_EQ((*read_table(warehouse_, "t", 0))->schema, sample_schema());
}

TEST_F(TableLog, AMissingEntryInTheMiddleIsAnError) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(commit(WriteMode::kAppend, {named_part(std::to_string(i))}).ok());
  fs::remove(entry(1));
  const auto table = read_table(warehouse_, "t");
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().kind, ErrorKind::kEnvironment);
  EXPECT_THAT(table.error().to_string(),
              HasSubstr("00000000000000000001.json: log entry is missing, though entry 2 exists"));
  EXPECT_FALSE(commit(WriteMode::kAppend, {}).ok()) << "nothing is committed into a gap";
}

TEST_F(TableLog, AnEntryUnderAnotherNumberIsAnError) {
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(commit(WriteMode::kAppend, {named_part(std::to_string(i))}).ok());
  fs::copy_file(entry(1), entry(2));
  EXPECT_THAT(read_table(warehouse_, "t").error().to_string(), HasSubstr("log entry is that of version 1"));
}

TEST_F(TableLog, LeftoversOfKilledWritersAreNotEntries) {
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("a")}).ok());
  ASSERT_TRUE(write_file_synced(entry(1).string() + ".tmp-0123", "half an ent").ok());
  EXPECT_EQ((*read_table(warehouse_, "t"))->version, 0U);
  EXPECT_EQ(commit(WriteMode::kReplace, {})->version, 1U);
}

TEST_F(TableLog, ADamagedEntryLeavesOlderVersionsReadable) {
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("a")}).ok());
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("b")}).ok());
  fs::resize_file(entry(1), fs::file_size(entry(1)) / 2);
  EXPECT_FALSE(read_table(warehouse_, "t").ok());
  EXPECT_THAT(paths(**read_table(warehouse_, "t", 0)), testing::ElementsAre("data/a"));
}

// ---- faults of the environment, in a child process that they are confined to

int in_child(const std::function<bool()>& good) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(good() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(TableLog, AFullDiskIsNamedAndCommitsNothing) {
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("a")}).ok());
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{100, 100};  // writes beyond it fail, as they do on a full disk
    ::setrlimit(RLIMIT_FSIZE, &none);
    const auto refused = commit(WriteMode::kReplace, {named_part("b")});
    return !refused.ok() && refused.error().kind == ErrorKind::kEnvironment &&
           refused.error().to_string().find("_log/00000000000000000001.json") != std::string::npos &&
           refused.error().what.find("cannot write") != std::string::npos;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ((*read_table(warehouse_, "t"))->version, 0U);
  EXPECT_EQ(std::distance(fs::directory_iterator(entry(0).parent_path()), {}), 1) << "no leftovers";
}

TEST_F(TableLog, AnUnwritableFolderIsNamed) {
  ASSERT_TRUE(commit(WriteMode::kReplace, {named_part("a")}).ok());
  for (const fs::path& path :
       {folder_.path(), warehouse_.folder(), warehouse_.table_folder("t"), entry(0).parent_path()}) {
    fs::permissions(path, fs::perms(0555));
  }
  fs::permissions(entry(0), fs::perms(0444));
  const int status = in_child([&] {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) return false;
    const auto refused = commit(WriteMode::kReplace, {named_part("b")});
    return !refused.ok() && refused.error().kind == ErrorKind::kEnvironment &&
           refused.error().to_string().find("Permission denied") != std::string::npos;
  });
  EXPECT_EQ(status, 0);
  for (const fs::path& path :
       {folder_.path(), warehouse_.folder(), warehouse_.table_folder("t"), entry(0).parent_path()}) {
    fs::permissions(path, fs::perms(0700));
  }
}

}  // namespace
}  // namespace tipple
