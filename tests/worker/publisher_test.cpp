#include "worker/publisher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "formats/reject_file.h"
#include "tests/worker/staged_load.h"
#include "warehouse/export.h"
#include "warehouse/verify.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string exported(const Warehouse& warehouse, const std::string& table) {
  std::string text;
  const auto rows = export_table(warehouse, table, {}, [&](std::string_view block) {
    text += block;
    return Status();
  });
  return rows.ok() ? text : rows.error().to_string();
}

std::string ids_csv(int first, int count) {
  std::string text = "id\n";
  for (int i = first; i < first + count; ++i) text += std::to_string(i) + "\n";
  return text;
}

void expect_good(const StagedLoad& load, const std::string& table, std::uint64_t rows) {
  const auto report = verify_table(load.warehouse(), table, std::nullopt, 2);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(report->problems, ElementsAre());
  EXPECT_EQ(report->rows, rows);
}

class PublisherTest : public testing::Test {
 protected:
  TestFolder folder_;
};

TEST_F(PublisherTest, PublishesAllTablesOfALoad) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 100));
  load.attempt_all();
  const PublishReport report = load.publish();
  ASSERT_FALSE(report.error) << report.error->to_string();
  ASSERT_EQ(report.tables.size(), 2U);
  for (const PublishedTable& table : report.tables) {
    EXPECT_EQ(table.version, 0U);
    EXPECT_FALSE(table.already);
  }
  expect_good(load, "all", 100);
  expect_good(load, "ids", 100);
  EXPECT_EQ(exported(load.warehouse(), "all"), sample_csv(0, 100)) << "the export is the input again";
  EXPECT_EQ(exported(load.warehouse(), "ids"), ids_csv(0, 100));
  EXPECT_TRUE(load.staged_files().empty());
  const TableVersion version = read_table(load.warehouse(), "all")->value();
  EXPECT_EQ(version.commit.rows, (RowAccount{100, 100, 0, 0, 0}));
  EXPECT_EQ(version.parts[0].path, "data/part-" + load.setup().load.to_hex() + "-00000.h5");
  EXPECT_EQ(version.parts[0].columns[0].min_json, "0");
}

TEST_F(PublisherTest, RunAgainItSaysAlreadyAndChangesNothing) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 30));
  load.attempt_all();
  ASSERT_FALSE(load.publish().error);
  const PublishReport again = load.publish();
  ASSERT_FALSE(again.error) << again.error->to_string();
  for (const PublishedTable& table : again.tables) EXPECT_TRUE(table.already);
  EXPECT_EQ(read_history(load.warehouse(), "all")->size(), 1U);
}

TEST_F(PublisherTest, TheLedgerNamesTheInputs) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 30));
  load.add_file("b \"\\ \xFF.csv", sample_csv(30, 1));
  load.attempt_all();
  ASSERT_FALSE(load.publish().error);
  const std::string packed = *read_file(load.warehouse().inputs_path("all", load.setup().load), 1 << 20);
  std::string text(1 << 16, '\0');
  const std::size_t size = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
  ASSERT_FALSE(ZSTD_isError(size)) << ZSTD_getErrorName(size);
  text.resize(size);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, HasSubstr("{\"source\":\"in\",\"path\":\"" + (folder_.path() / "a.csv").string() + "\",\"size\":"));
  EXPECT_THAT(text, HasSubstr("6220225c20ff2e637376\"}")) << "a path that is not UTF-8 is there in digits, too";
}

TEST_F(PublisherTest, SmallAndCutFilesOfSeveralAttempts) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 40));
  load.add_file("b.csv", sample_csv(40, 1));
  load.add_file("c.csv", "id,note\n");
  load.add_file("d.csv", sample_csv(41, 40));
  load.attempt(0, 3);
  const PublishReport early = load.publish();
  ASSERT_TRUE(early.error);
  EXPECT_THAT(early.error->to_string(), HasSubstr("bug: 3 of "));
  load.attempt(3, SIZE_MAX);
  const PublishReport report = load.publish();
  ASSERT_FALSE(report.error) << report.error->to_string();
  EXPECT_EQ(exported(load.warehouse(), "all"), sample_csv(0, 81));
  EXPECT_TRUE(load.staged_files().empty()) << "of both attempts";
}

TEST_F(PublisherTest, ALoadWithoutRowsPublishesAnEmptyTable) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", "id,note\n");
  load.attempt_all();
  ASSERT_FALSE(load.publish().error);
  expect_good(load, "all", 0);
  EXPECT_EQ(exported(load.warehouse(), "all"), "id,note\n");
}

TEST_F(PublisherTest, AppendAddsToWhatIsThere) {
  for (int i = 0; i < 2; ++i) {
    StagedLoad load(two_table_job(folder_.path()));
    load.setup().mode = "more";
    load.add_file("a.csv", sample_csv(i * 10, 10));
    load.attempt_all();
    ASSERT_FALSE(load.publish().error);
    expect_good(load, "all", static_cast<std::uint64_t>(i + 1) * 10);
  }
}

TEST_F(PublisherTest, NoTableIsPublishedWhenOneCannotBe) {
  {
    StagedLoad first(two_table_job(folder_.path()));
    first.job().tables[1].columns[0].column.type = type("int32");
    first.add_file("a.csv", sample_csv(0, 10));
    first.attempt_all();
    ASSERT_FALSE(first.publish().error);
  }
  StagedLoad load(two_table_job(folder_.path()));
  load.setup().mode = "more";
  load.add_file("a.csv", sample_csv(10, 10));
  load.attempt_all();
  const PublishReport report = load.publish();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->kind, ErrorKind::kUsage);
  EXPECT_THAT(report.error->to_string(),
              HasSubstr("cannot append to table ids: column 1 is 'id int64', was 'id int32'"));
  EXPECT_EQ(read_history(load.warehouse(), "all")->size(), 1U);
  EXPECT_FALSE(load.staged_files().empty());
}

TEST_F(PublisherTest, LostAndTruncatedPartsPublishNothing) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 40));
  load.attempt_all();
  fs::path victim;  // of the second table: the first one must not be published before it is looked at
  for (const fs::path& path : load.staged_files()) {
    if (path.string().find("/ids/") != std::string::npos) victim = path;
  }
  const fs::path aside = folder_.path() / "aside";
  fs::copy_file(victim, aside);
  fs::resize_file(victim, 100);
  EXPECT_THAT(load.publish().error->to_string(), HasSubstr("a part has 100 bytes, reported were"));
  fs::remove(victim);
  EXPECT_THAT(load.publish().error->to_string(), HasSubstr(victim.string() + ": a staged part is missing"));
  EXPECT_TRUE(load.warehouse().tables()->empty());
  fs::copy_file(aside, victim);
  EXPECT_FALSE(load.publish().error);
  expect_good(load, "ids", 40);
}

TEST_F(PublisherTest, TwoPublishersAtOncePublishOnce) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 200));
  load.attempt_all();
  PublishReport reports[2];
  {
    std::jthread other([&] { reports[0] = load.publish(); });
    reports[1] = load.publish();
  }
  // The slower one may find its staging folder gone, or all done; the table is whole either way.
  EXPECT_TRUE(!reports[0].error || !reports[1].error);
  EXPECT_EQ(read_history(load.warehouse(), "all")->size(), 1U);
  EXPECT_EQ(read_history(load.warehouse(), "ids")->size(), 1U);
  expect_good(load, "all", 200);
  expect_good(load, "ids", 200);
}

// ---- rejects

TEST_F(PublisherTest, TooManyRejectsPublishNothingAndSayWhereToLook) {
  StagedLoad load(two_table_job(folder_.path()));
  load.add_file("a.csv", sample_csv(0, 30) + "bad,x\n" + sample_csv(30, 10).substr(8) + "worse,y\n");
  load.attempt_all();
  const PublishReport report = load.publish();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->kind, ErrorKind::kQuality);
  EXPECT_EQ(exit_code(report.error->kind), 4);
  EXPECT_THAT(report.error->what,
              HasSubstr("table all: 2 of 42 records were rejected, allowed are 0; nothing was published"));
  EXPECT_THAT(report.error->what, HasSubstr("the first: column id: "));
  EXPECT_THAT(report.error->hint, HasSubstr("max_rows: 2"));
  // 1 header, 30 records, 8 of them of two lines: the bad record is on line 40.
  EXPECT_EQ(report.error->where, (folder_.path() / "a.csv").string() + ":40");
  EXPECT_TRUE(load.warehouse().tables()->empty());
  EXPECT_TRUE(fs::exists(load.warehouse().rejects_path("all", load.setup().load)));
  EXPECT_TRUE(load.publish().error) << "and again";
}

TEST_F(PublisherTest, AllowedRejectsArePublishedWithTheirLines) {
  StagedLoad load(two_table_job(folder_.path(), 3));
  load.add_file("a.csv", sample_csv(0, 30) + "bad,x\n" + sample_csv(30, 10).substr(8) + "worse,y\n");
  load.add_file("b.csv", "id,note\n1,\nbad,\n");
  load.attempt_all();
  const PublishReport report = load.publish();
  ASSERT_FALSE(report.error) << report.error->to_string();
  expect_good(load, "all", 41);
  EXPECT_EQ(read_table(load.warehouse(), "all")->value().commit.rows, (RowAccount{44, 41, 3, 0, 0}));
  std::vector<std::string> places;
  const Status read = read_reject_file(
      load.warehouse().rejects_path("ids", load.setup().load), [&](const std::vector<Reject>& rejects) {
        for (const Reject& reject : rejects)
          places.push_back(fmt::format("{}:{}", fs::path(reject.path).filename().string(), reject.line));
        return Status();
      });
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_THAT(places, ElementsAre("a.csv:40", "a.csv:53", "b.csv:3"));
}

// ---- kills

// The other process of the next test: publishes the load that the environment names, and is killed on the way.
TEST(PublisherChild, DISABLED_Publishes) {
  const char* folder = std::getenv("TIPPLE_TEST_FOLDER");
  ASSERT_NE(folder, nullptr);
  StagedLoad load(two_table_job(folder), {1, 2});
  const PublishReport report = load.publish();
  ASSERT_FALSE(report.error) << report.error->to_string();
}

// How the child ended: a signal's number, or 0.
int publish_in_child(const fs::path& folder, const std::string& kill_at) {
  std::string name = "publisher_test";
  std::string filter = "--gtest_filter=PublisherChild.*";
  std::string disabled = "--gtest_also_run_disabled_tests";
  char* arguments[] = {name.data(), filter.data(), disabled.data(), nullptr};
  std::string folder_text = "TIPPLE_TEST_FOLDER=" + folder.string();
  std::string kill_text = "TIPPLE_KILL_AT=" + kill_at;
  char* environment[] = {folder_text.data(), kill_text.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environment), 0);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST_F(PublisherTest, KilledAnywhereAndRunAgainItEndsInTheSameState) {
  int round = 0;
  for (const char* point :
       {"publish-started", "part-moved:1", "part-moved:3", "part-moved:1000", "log-written:1", "log-linked:1",
        "part-moved:12", "log-written:2", "log-linked:2", "view-written:1", "view-written:2"}) {
    SCOPED_TRACE(point);
    const fs::path folder = folder_.path() / std::to_string(round++);
    ASSERT_TRUE(create_folders(folder).ok());
    StagedLoad load(two_table_job(folder), {1, 2});
    load.add_file("a.csv", sample_csv(0, 60));
    load.attempt_all();
    const bool never = std::string(point) == "part-moved:1000";
    EXPECT_EQ(publish_in_child(folder, point), never ? 0 : SIGKILL);
    const PublishReport report = load.publish();
    ASSERT_FALSE(report.error) << report.error->to_string();
    for (const char* table : {"all", "ids"}) {
      expect_good(load, table, 60);
      EXPECT_EQ(read_history(load.warehouse(), table)->size(), 1U);
      const auto files = fs::directory_iterator(load.warehouse().table_folder(table) / "data");
      EXPECT_EQ(static_cast<std::size_t>(std::distance(files, {})),
                read_table(load.warehouse(), table)->value().parts.size());
    }
    EXPECT_EQ(exported(load.warehouse(), "all"), sample_csv(0, 60));
    EXPECT_TRUE(load.staged_files().empty());
  }
}

}  // namespace
}  // namespace tipple
