#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/ids.h"

namespace tipple {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("file-" + random_id().to_hex());
    ASSERT_TRUE(create_folders(folder_).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string content(const fs::path& path) { return read_file(path, 1 << 20).value(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  mode_t mode(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 0777;
  }

  fs::path folder_;
};

TEST_F(FileTest, WritesAndReadsAtOffsets) {
  auto file = File::open(folder_ / "a", O_RDWR | O_CREAT);
  ASSERT_TRUE(file.ok());
  const std::string text = "0123456789";
  ASSERT_TRUE(file->write_all(std::as_bytes(std::span(text))).ok());
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(file->size().value(), 10u);
  std::array<char, 4> out{};
  EXPECT_EQ(file->read_at(std::as_writable_bytes(std::span(out)), 3).value(), 4u);
  EXPECT_EQ(std::string_view(out.data(), 4), "3456");
  EXPECT_EQ(file->read_at(std::as_writable_bytes(std::span(out)), 8).value(), 2u) << "fewer bytes only at the end";
  EXPECT_EQ(file->read_at(std::as_writable_bytes(std::span(out)), 100).value(), 0u);
  EXPECT_TRUE(file->close().ok());
  EXPECT_FALSE(file->is_open());
}

TEST_F(FileTest, AMovedFileIsClosedOnce) {
  File first = File::open(folder_ / "a", O_RDWR | O_CREAT).value();
  const int fd = first.fd();
  File second = std::move(first);
  EXPECT_FALSE(first.is_open());  // NOLINT: moved from on purpose
  EXPECT_EQ(second.fd(), fd);
  second = File();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "assigning closes";
}

TEST_F(FileTest, FilesAndFoldersArePrivateWhateverTheUmask) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(create_folders(folder_ / "x/y").ok());
  ASSERT_TRUE(write_file_synced(folder_ / "x/y/a", "text").ok());
  ASSERT_TRUE(create_file_exclusive(folder_ / "x/y/b", "text").ok());
  ::umask(before);
  EXPECT_EQ(mode(folder_ / "x"), 0700u);
  EXPECT_EQ(mode(folder_ / "x/y"), 0700u);
  EXPECT_EQ(mode(folder_ / "x/y/a"), 0600u);
  EXPECT_EQ(mode(folder_ / "x/y/b"), 0600u);
}

TEST_F(FileTest, ReadFileHasALimit) {
  ASSERT_TRUE(write_file_synced(folder_ / "a", "12345").ok());
  EXPECT_EQ(read_file(folder_ / "a", 5).value(), "12345");
  EXPECT_THAT(read_file(folder_ / "a", 4).error().to_string(), testing::HasSubstr("5 bytes, more than the limit of 4"));
  EXPECT_EQ(read_file(folder_ / "b", 4).error().kind, ErrorKind::kEnvironment);
}

TEST_F(FileTest, StatKnowsRegularFilesOnly) {
  ASSERT_TRUE(write_file_synced(folder_ / "a", "12345").ok());
  EXPECT_EQ(stat_regular_file(folder_ / "a")->size, 5u);
  EXPECT_GT(stat_regular_file(folder_ / "a")->mtime_ns, 0);
  EXPECT_FALSE(stat_regular_file(folder_).ok());
  EXPECT_FALSE(stat_regular_file(folder_ / "b").ok());
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(stat_regular_file(folder_ / "pipe").ok());
}

TEST_F(FileTest, ReplaceLeavesNoTemporaryFile) {
  ASSERT_TRUE(replace_file_synced(folder_ / "a", "one").ok());
  ASSERT_TRUE(replace_file_synced(folder_ / "a", "two").ok());
  EXPECT_EQ(content(folder_ / "a"), "two");
  EXPECT_EQ(files(), 1u);
  fs::create_directories(folder_ / "taken/inside");
  EXPECT_FALSE(replace_file_synced(folder_ / "taken", "three").ok());
  EXPECT_EQ(files(), 2u);
}

TEST_F(FileTest, ExclusiveCreationNeverOverwrites) {
  EXPECT_TRUE(create_file_exclusive(folder_ / "a", "mine").value());
  EXPECT_FALSE(create_file_exclusive(folder_ / "a", "yours").value());
  EXPECT_EQ(content(folder_ / "a"), "mine");
  EXPECT_EQ(files(), 1u);
  EXPECT_FALSE(create_file_exclusive(folder_ / "absent/a", "text").ok());
}

TEST_F(FileTest, ExclusiveCreationHasOneWinnerInEveryRace) {
  constexpr int kRaces = 50;
  constexpr int kRacers = 4;
  for (int race = 0; race < kRaces; ++race) {
    const fs::path path = folder_ / std::to_string(race);
    std::atomic<int> winner{-1};
    std::atomic<int> wins{0};
    std::vector<std::thread> racers;
    for (int i = 0; i < kRacers; ++i) {
      racers.emplace_back([&, i] {
        const auto created = create_file_exclusive(path, std::to_string(i));
        if (created.ok() && *created) {
          ++wins;
          winner = i;
        }
      });
    }
    for (std::thread& racer : racers) racer.join();
    ASSERT_EQ(wins, 1);
    ASSERT_EQ(content(path), std::to_string(winner));
  }
}

TEST_F(FileTest, FoldersAreCreatedWithTheirParentsAndAgain) {
  EXPECT_TRUE(create_folders(folder_ / "a/b/c").ok());
  EXPECT_TRUE(create_folders(folder_ / "a/b/c").ok());
  ASSERT_TRUE(write_file_synced(folder_ / "file", "").ok());
  EXPECT_FALSE(create_folders(folder_ / "file").ok());
  EXPECT_FALSE(create_folders(folder_ / "file/below").ok());
}

TEST_F(FileTest, ErrorsNameTheFile) {
  const auto opened = File::open(folder_ / "absent", O_RDONLY);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().where, (folder_ / "absent").string());
  EXPECT_THAT(opened.error().what, testing::HasSubstr("No such file"));
  auto read_only = File::open(folder_, O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(read_only.ok());
  const std::string text = "x";
  EXPECT_FALSE(read_only->write_all(std::as_bytes(std::span(text))).ok());
}

}  // namespace
}  // namespace tipple
