#include "partitioner/input_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "partitioner/glob.h"

namespace tipple {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Pattern, MatchesAsAShellDoes) {
  EXPECT_TRUE(matches_pattern("*.csv", "a.csv"));
  EXPECT_TRUE(matches_pattern("*", "a.csv"));
  EXPECT_TRUE(matches_pattern("a*b*c", "axxbxxbc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "axxbxxb"));
  EXPECT_FALSE(matches_pattern("*.csv", "a.csv.gz"));
  EXPECT_TRUE(matches_pattern("a?c", "abc"));
  EXPECT_TRUE(matches_pattern("a?c", "aäc"));
  EXPECT_FALSE(matches_pattern("a?c", "ac"));
  EXPECT_TRUE(matches_pattern("[a-c]1", "b1"));
  EXPECT_FALSE(matches_pattern("[a-c]1", "d1"));
  EXPECT_TRUE(matches_pattern("[!a-c]1", "d1"));
  EXPECT_TRUE(matches_pattern("[^a-c]1", "d1"));
  EXPECT_TRUE(matches_pattern("[]x]", "]"));
  EXPECT_TRUE(matches_pattern("[a-]", "-"));
  EXPECT_TRUE(matches_pattern("[a", "[a"));
  EXPECT_TRUE(matches_pattern("\\*", "*"));
  EXPECT_FALSE(matches_pattern("\\*", "a"));
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_TRUE(matches_pattern("***", "a"));
}

TEST(Pattern, HiddenNamesMustBeAskedFor) {
  EXPECT_FALSE(matches_pattern("*", ".a"));
  EXPECT_FALSE(matches_pattern("*", "_a"));
  EXPECT_FALSE(matches_pattern("?a", "_a"));
  EXPECT_TRUE(matches_pattern(".*", ".a"));
  EXPECT_TRUE(matches_pattern("_*", "_a"));
}

TEST(Pattern, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(5000, 'a')));
}

class InputFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::weakly_canonical(fs::path(testing::TempDir())) / ("inputs-" + random_id().to_hex());
    ASSERT_TRUE(create_folders(folder_).ok());
    job_.folder = folder_;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content = "x") {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
  }

  Result<std::vector<SourceExtents>> list(const std::vector<std::string>& paths) {
    job_.sources = {SourceSpec{}};
    job_.sources[0].name = "s";
    job_.sources[0].paths = paths;
    return list_inputs(job_, probes_);
  }

  Result<std::vector<SourceExtents>> list_manifest(const std::string& manifest) {
    job_.sources = {SourceSpec{}};
    job_.sources[0].name = "s";
    job_.sources[0].manifest = manifest;
    return list_inputs(job_, probes_);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // Names of what `paths` give, relative to the folder.
  std::vector<std::string> names(const std::vector<std::string>& paths) {
    const auto listed = list(paths);
    EXPECT_TRUE(listed.ok()) << listed.error().to_string();
    std::vector<std::string> found;
    if (!listed.ok()) return found;
    for (const Extent& extent : listed.value()[0].extents) {
      EXPECT_TRUE(extent.path.starts_with(folder_.string() + "/")) << extent.path;
      found.push_back(extent.path.substr(folder_.string().size() + 1));
    }
    return found;
  }

  std::string error(const std::vector<std::string>& paths) {
    const auto listed = list(paths);
    EXPECT_FALSE(listed.ok());
    return listed.ok() ? "" : listed.error().to_string();
  }

  fs::path folder_;
  JobSpec job_;
  InputProbes probes_;
};

TEST_F(InputFiles, SizeAndTimeAreTheFiles) {
  write("a.csv", "12345");
  const timespec times[2] = {{1'600'000'000, 123'456'789}, {1'600'000'000, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / "a.csv").c_str(), times, 0), 0);
  const auto listed = list({"a.csv"});
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  EXPECT_THAT(listed.value()[0].extents,
              ElementsAre(Extent{(folder_ / "a.csv").string(), 5, 1'600'000'000'123'456'789, true}));
}

TEST_F(InputFiles, PatternsAreSortedByBytes) {
  for (const char* name : {"in/b.csv", "in/a.csv", "in/B.csv", "in/a-10.csv", "in/a-9.csv", "in/c.txt"}) write(name);
  EXPECT_THAT(names({"in/*.csv"}), ElementsAre("in/B.csv", "in/a-10.csv", "in/a-9.csv", "in/a.csv", "in/b.csv"));
  EXPECT_THAT(names({"in/[ab].csv"}), ElementsAre("in/a.csv", "in/b.csv"));
  EXPECT_THAT(names({"i?/c.*"}), ElementsAre("in/c.txt"));
}

TEST_F(InputFiles, AFolderMeansItsFiles) {
  for (const char* name : {"in/a.csv", "in/deep/b.csv", "in/.hidden", "in/_SUCCESS"}) write(name);
  EXPECT_THAT(names({"in"}), ElementsAre("in/a.csv"));
  EXPECT_THAT(names({"in/"}), ElementsAre("in/a.csv"));
  EXPECT_THAT(names({"in/*"}), ElementsAre("in/a.csv"));
}

TEST_F(InputFiles, TwoStarsMeanAnyFolders) {
  for (const char* name : {"in/a.csv", "in/x/b.csv", "in/x/y/c.csv", "in/x/y/d.txt", "in/.git/e.csv", "in/_tmp/f.csv"})
    write(name);
  EXPECT_THAT(names({"in/**/*.csv"}), ElementsAre("in/a.csv", "in/x/b.csv", "in/x/y/c.csv"));
  EXPECT_THAT(names({"in/**"}), ElementsAre("in/a.csv", "in/x/b.csv", "in/x/y/c.csv", "in/x/y/d.txt"));
  EXPECT_THAT(names({"**/y/*.csv"}), ElementsAre("in/x/y/c.csv"));
  EXPECT_THAT(names({"**/**/**/c.csv"}), ElementsAre("in/x/y/c.csv"));
  EXPECT_THAT(names({"in/*/*.csv"}), ElementsAre("in/x/b.csv"));
}

TEST_F(InputFiles, HiddenFilesCanBeNamed) {
  write("in/_a.csv");
  write("in/.b.csv");
  EXPECT_THAT(names({"in/_a.csv", "in/.b*"}), ElementsAre("in/.b.csv", "in/_a.csv"));
  EXPECT_THAT(error({"in/*.csv"}), HasSubstr("no file matches 'in/*.csv' of source 's'"));
}

TEST_F(InputFiles, AFileCountsOnceHoweverItIsReached) {
  write("in/a.csv");
  write("in/b.csv");
  ASSERT_EQ(::symlink("a.csv", (folder_ / "in/z-latest.csv").c_str()), 0);
  ASSERT_EQ(::symlink("in", (folder_ / "link").c_str()), 0);
  EXPECT_THAT(names({"in/a.csv", "in/*.csv", "./in//b.csv", "link/*.csv"}), ElementsAre("in/a.csv", "in/b.csv"));
  ASSERT_EQ(::link((folder_ / "in/b.csv").c_str(), (folder_ / "in/c.csv").c_str()), 0);
  EXPECT_THAT(names({"in/*.csv"}), ElementsAre("in/a.csv", "in/b.csv", "in/c.csv"))
      << "hard links are files of their own";
}

TEST_F(InputFiles, LoopsOfLinksEnd) {
  write("in/x/a.csv");
  ASSERT_EQ(::symlink("..", (folder_ / "in/x/up").c_str()), 0);
  EXPECT_THAT(names({"in/**/*.csv"}), ElementsAre("in/x/a.csv"));
}

TEST_F(InputFiles, ParentFoldersAndAbsolutePaths) {
  write("in/a.csv");
  write("jobs/other.csv");
  job_.folder = folder_ / "jobs";
  EXPECT_THAT(names({"../in/*.csv"}), ElementsAre("in/a.csv"));
  EXPECT_THAT(names({(folder_ / "in/a.csv").string()}), ElementsAre("in/a.csv"));
}

TEST_F(InputFiles, APathThatExistsIsTakenAsItIsWritten) {
  write("in/a[1].csv");
  write("in/a1.csv");
  EXPECT_THAT(names({"in/a[1].csv"}), ElementsAre("in/a[1].csv"));
  EXPECT_THAT(names({"in/a\\[*"}), ElementsAre("in/a[1].csv"));
}

TEST_F(InputFiles, WhatCannotBeReadIsNamed) {
  write("in/a.csv");
  EXPECT_THAT(error({"absent.csv"}),
              HasSubstr((folder_ / "absent.csv").string() + ": cannot read the file: No such file"));
  ASSERT_EQ(::mkfifo((folder_ / "in/pipe.csv").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("nowhere", (folder_ / "in/dangling.csv").c_str()), 0);
  const std::string text = error({"in/*.csv", "absent.csv"});
  EXPECT_THAT(text, HasSubstr("3 inputs cannot be read:"));
  EXPECT_THAT(text, HasSubstr("in/pipe.csv: is not a regular file"));
  EXPECT_THAT(text, HasSubstr("in/dangling.csv: cannot read the file: No such file"));
  EXPECT_THAT(text, HasSubstr("absent.csv: cannot read"));
}

TEST_F(InputFiles, UnreadableFilesAreReportedNotSkipped) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write("in/a.csv");
  ASSERT_EQ(::chmod((folder_ / "in/a.csv").c_str(), 0), 0);
  EXPECT_THAT(error({"in/*.csv"}), HasSubstr("Permission denied"));
}

TEST_F(InputFiles, TwentyThousandFilesAreListedAndPacked) {
  fs::create_directories(folder_ / "in");
  for (int i = 0; i < 20'000; ++i) std::ofstream(folder_ / "in" / ("f" + std::to_string(i))) << "1\n";
  auto listed = list({"in/*"});
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed.value()[0].extents.size(), 20'000u);
  EXPECT_EQ(plan_chunks(std::move(listed).value(), std::nullopt).chunks.size(), 5u);
}

TEST_F(InputFiles, ChunksTooSmallForTheInputAreRefused) {
  write("big.csv");
  fs::resize_file(folder_ / "big.csv", 5'000'000);
  job_.chunk_bytes = 1;
  EXPECT_THAT(error({"big.csv"}), HasSubstr("chunk_bytes 1 cuts 5000000 bytes into more than"));
  job_.chunk_bytes = 2;
  EXPECT_TRUE(list({"big.csv"}).ok());
}

TEST_F(InputFiles, AManifestListsRequiredFiles) {
  write("in/a.csv", "12");
  write("in/b c.csv", "345");
  write("lists/today", "\xEF\xBB\xBF../in/b c.csv\r\n\n# a comment\n" + path("in/a.csv") + "\n../in/./a.csv");
  const auto listed = list_manifest("lists/today");
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  ASSERT_EQ(listed.value()[0].extents.size(), 2u) << "a file that is listed twice counts once";
  std::vector<std::string> found;
  for (const Extent& extent : listed.value()[0].extents)
    found.push_back(fs::canonical(extent.path).string() + " " + std::to_string(extent.size));
  EXPECT_THAT(found, testing::UnorderedElementsAre(path("in/a.csv") + " 2", path("in/b c.csv") + " 3"));
}

TEST_F(InputFiles, AMissingFileOfAManifestFailsWithItsLine) {
  write("in/a.csv");
  write("list", "in/a.csv\n\nin/absent.csv\nin\nin/*.csv\n");
  const auto listed = list_manifest("list");
  ASSERT_FALSE(listed.ok());
  const std::string text = listed.error().to_string();
  EXPECT_THAT(text, HasSubstr("3 inputs cannot be read:"));
  EXPECT_THAT(text, HasSubstr(path("list") + ":3: lists 'in/absent.csv': cannot stat: No such file"));
  EXPECT_THAT(text, HasSubstr(path("list") + ":4: lists 'in': is not a regular file"));
  EXPECT_THAT(text, HasSubstr(path("list") + ":5: lists 'in/*.csv': cannot stat: No such file"));
}

TEST_F(InputFiles, AManifestThatListsNothingOrIsNotThereFails) {
  write("empty", "# nothing\n\n");
  const auto empty = list_manifest("empty");
  ASSERT_FALSE(empty.ok());
  EXPECT_THAT(empty.error().to_string(), HasSubstr(path("empty") + ": the manifest lists no file"));
  const auto absent = list_manifest("absent");
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().to_string(), HasSubstr(path("absent")));
}

TEST_F(InputFiles, StreamsAndTablesHaveNoFiles) {
  job_.sources.resize(2);
  job_.sources[0].stream.kind = StreamSpec::Kind::kStdin;
  job_.sources[1].format = SourceFormat::kTable;
  const auto listed = list_inputs(job_, probes_);
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  ASSERT_EQ(listed.value().size(), 2u);
  EXPECT_TRUE(listed.value()[0].extents.empty());
  EXPECT_TRUE(listed.value()[1].extents.empty());
}

// Files that begin with "gz" cannot be cut, those that begin with "PK" are archives of two members.
class ProbedFiles : public InputFiles {
 protected:
  void SetUp() override {
    InputFiles::SetUp();
    probes_.is_splittable = [this](std::span<const char> first, const SourceSpec&) {
      ++probed_;
      return !std::string_view(first.data(), first.size()).starts_with("gz");
    };
    probes_.is_zip = [](std::span<const char> first) {
      return std::string_view(first.data(), first.size()).starts_with("PK");
    };
    probes_.list_zip = [this](const std::string& path) -> Result<std::vector<ArchiveMember>> {
      if (broken_archives_) return environment_error("is broken", path);
      return std::vector<ArchiveMember>{{"a.csv", 3}, {"in/b.csv", 4}};
    };
    job_.chunk_bytes = 100;
  }

  int probed_ = 0;
  bool broken_archives_ = false;
};

TEST_F(ProbedFiles, OnlyFilesThatWouldBeCutAreLookedAt) {
  write("in/1", "gz" + std::string(98, 'x'));
  write("in/2", "gz");
  write("in/3", std::string(1000, 'x'));
  write("in/4", "");
  const auto listed = list({"in"});
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  std::vector<bool> splittable;
  for (const Extent& extent : listed.value()[0].extents) splittable.push_back(extent.splittable);
  EXPECT_THAT(splittable, ElementsAre(false, true, true, true));
  EXPECT_EQ(probed_, 2);
}

TEST_F(ProbedFiles, ArchivesBecomeTheirMembers) {
  write("in/0.csv", "x");
  write("in/a.ZIP", "PK");
  write("in/b.zip", "not one");
  write("in/c", "PK" + std::string(98, 'x'));
  const auto listed = list({"in"});
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  std::vector<std::string> found;
  for (const Extent& extent : listed.value()[0].extents) {
    found.push_back(extent.path.substr(folder_.string().size() + 4) + "|" + extent.member + "|" +
                    std::to_string(extent.size) + (extent.splittable ? "" : "|whole"));
    EXPECT_GT(extent.mtime_ns, 0);
  }
  EXPECT_THAT(found, ElementsAre("0.csv||1", "a.ZIP|a.csv|3|whole", "a.ZIP|in/b.csv|4|whole", "b.zip||7",
                                 "c|a.csv|3|whole", "c|in/b.csv|4|whole"));
}

TEST_F(ProbedFiles, ABrokenArchiveFails) {
  write("in/a.zip", "PK");
  broken_archives_ = true;
  EXPECT_THAT(error({"in/*"}), HasSubstr("a.zip: is broken"));
}

TEST_F(ProbedFiles, ColumnarFilesAreNotLookedAt) {
  write("in/a.zip", "PK" + std::string(98, 'x'));
  job_.sources = {SourceSpec{}};
  job_.sources[0].paths = {"in"};
  job_.sources[0].format = SourceFormat::kParquet;
  const auto listed = list_inputs(job_, probes_);
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  ASSERT_EQ(listed.value()[0].extents.size(), 1u);
  EXPECT_TRUE(listed.value()[0].extents[0].splittable);
  EXPECT_EQ(probed_, 0);
}

TEST(LoadIdentity, ChangesWithEveryInputOfIt) {
  JobSpec job;
  job.text = "text";
  const std::vector<SourceExtents> inputs = {{SourceId(0), {{"/a", 1, 2, true}, {"/b", 3, 4, true}}},
                                             {SourceId(1), {}}};
  const LoadId base = load_id(job, "full", inputs);
  EXPECT_EQ(load_id(job, "full", inputs), base);

  std::vector<LoadId> others;
  JobSpec other_job = job;
  other_job.text = "text ";
  others.push_back(load_id(other_job, "full", inputs));
  others.push_back(load_id(job, "more", inputs));
  const auto changed = [&](auto change) {
    auto copy = inputs;
    change(copy);
    others.push_back(load_id(job, "full", copy));
  };
  changed([](auto& copy) { copy[0].extents[0].path = "/c"; });
  changed([](auto& copy) { copy[0].extents[0].member = "m"; });
  changed([](auto& copy) { copy[0].extents[1].member = "m"; });
  changed([](auto& copy) { copy[0].extents[0].size = 9; });
  changed([](auto& copy) { copy[0].extents[0].mtime_ns = 9; });
  changed([](auto& copy) { copy[0].extents.pop_back(); });
  changed([](auto& copy) { std::swap(copy[0].extents[0], copy[0].extents[1]); });
  changed([](auto& copy) { std::swap(copy[0].extents, copy[1].extents); });
  changed([](auto& copy) { copy.pop_back(); });
  for (std::size_t i = 0; i < others.size(); ++i) {
    EXPECT_NE(others[i], base) << i;
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(others[i], others[j]) << i << " " << j;
  }
}

// Loads that were interrupted under an earlier build must be found again.
TEST(LoadIdentity, IsTheSameInEveryBuild) {
  JobSpec job;
  job.text = "version: 1\n";
  EXPECT_EQ(load_id(job, "full", {{SourceId(0), {{"/in/a.csv", 1000, 1'600'000'000'000'000'000, true}}}}).to_hex(),
            "7f9702dff7afae4adc38f9e52f17d7ac");
}

}  // namespace
}  // namespace tipple
