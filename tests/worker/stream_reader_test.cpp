// Streams to stretches: whole records, each once, in order, whatever the pieces in which they come.
#include "worker/stream_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/file.h"
#include "base/ids.h"

namespace tipple {
namespace {

using namespace std::chrono_literals;

struct Folder {
  fs::path path = fs::path(testing::TempDir()) / ("tipple-stream-" + random_id().to_hex());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

SourceSpec pipe_source(const fs::path& path) {
  SourceSpec source;
  source.name = "pipe";
  source.stream = {StreamSpec::Kind::kPipe, path.string()};
  return source;
}

// What a writer sends, from a thread of its own.
class Writer {
 public:
  Writer(const fs::path& pipe, std::vector<std::string> pieces)
      : thread_([pipe, pieces = std::move(pieces)] {
          const int fd = ::open(pipe.c_str(), O_WRONLY);
          for (const std::string& piece : pieces) {
            for (std::size_t at = 0; at < piece.size();) {
              const ssize_t put = ::write(fd, piece.data() + at, piece.size() - at);
              if (put <= 0) break;
              at += static_cast<std::size_t>(put);
            }
          }
          ::close(fd);
        }) {}
  ~Writer() { thread_.join(); }

 private:
  std::thread thread_;
};

std::vector<std::string> contents(const std::vector<fs::path>& stretches) {
  std::vector<std::string> texts;
  for (const fs::path& path : stretches) texts.push_back(read_file(path, 1 << 30).value());
  return texts;
}

void wait_for_end(const StreamReader& reader) {
  while (!reader.ended()) reader.wait(1s);
}

std::vector<fs::path> read_pipe(const Folder& folder, const std::vector<std::string>& pieces, StreamLimits limits) {
  const fs::path pipe = folder.path / ("pipe-" + random_id().to_hex());
  EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const SourceSpec source = pipe_source(pipe);
  const SteadyClock clock;
  auto reader = StreamReader::start(source, {folder.path / random_id().to_hex(), limits}, clock);
  EXPECT_TRUE(reader.ok()) << reader.error().to_string();
  const Writer writer(pipe, pieces);
  wait_for_end(**reader);
  EXPECT_FALSE((*reader)->error().has_value()) << (*reader)->error()->to_string();
  return (*reader)->sealed();
}

TEST(StreamReader, EachStretchHasTheHeadAndWholeRecords) {
  const Folder folder;
  const auto stretches = read_pipe(folder, {"a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n"}, {std::nullopt, 2, std::nullopt});
  EXPECT_EQ(contents(stretches), (std::vector<std::string>{"a,b\n1,2\n3,4\n", "a,b\n5,6\n7,8\n", "a,b\n9,10\n"}));
}

TEST(StreamReader, CutsDoNotDependOnThePieces) {
  const Folder folder;
  std::string text = "id,note\n";
  for (int i = 0; i < 300; ++i)
    text += std::to_string(i) + ",\"line one\nline \"\"two\"\" of " + std::to_string(i) + "\"\n";
  const StreamLimits limits{1000, std::nullopt, std::nullopt};
  const auto whole = contents(read_pipe(folder, {text}, limits));
  ASSERT_GT(whole.size(), 5U);
  for (const std::size_t size : {1, 7, 100}) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size(); at += size) pieces.push_back(text.substr(at, size));
    EXPECT_EQ(contents(read_pipe(folder, pieces, limits)), whole) << size;
  }
}

TEST(StreamReader, ARecordThatBreaksOffIsATornStretch) {
  const Folder folder;
  const auto stretches = read_pipe(folder, {"a,b\n1,2\n3,"}, {});
  ASSERT_EQ(stretches.size(), 2U);
  EXPECT_EQ(contents(stretches), (std::vector<std::string>{"a,b\n1,2\n", "3,"}));
  EXPECT_EQ(stretches[1].extension(), ".torn");
}

TEST(StreamReader, AnEmptyStreamHasNoStretches) {
  const Folder folder;
  EXPECT_TRUE(read_pipe(folder, {}, {}).empty());
  EXPECT_TRUE(read_pipe(folder, {"a,b\n"}, {}).empty());
}

TEST(StreamReader, WhatWasSealedIsThereForTheNextProcess) {
  const Folder folder;
  const fs::path pipe = folder.path / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const SourceSpec source = pipe_source(pipe);
  const SteadyClock clock;
  const StreamReaderConfig config{folder.path / "spool", {std::nullopt, 1, std::nullopt}};
  {
    auto reader = StreamReader::start(source, config, clock);
    ASSERT_TRUE(reader.ok());
    const Writer writer(pipe, {"a\n1\n2\n"});
    wait_for_end(**reader);
    ASSERT_TRUE((*reader)->release({(*reader)->sealed().front()}).ok());
  }
  auto reader = StreamReader::start(source, config, clock);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(contents((*reader)->sealed()), std::vector<std::string>{"a\n2\n"});
  const Writer writer(pipe, {"a\n3\n"});
  wait_for_end(**reader);
  EXPECT_EQ(contents((*reader)->sealed()), (std::vector<std::string>{"a\n2\n", "a\n3\n"}));
}

TEST(StreamReader, AFullSpoolMakesTheWriterWait) {
  const Folder folder;
  const fs::path pipe = folder.path / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const SourceSpec source = pipe_source(pipe);
  const SteadyClock clock;
  StreamReaderConfig config{folder.path / "spool", {std::uint64_t{1} << 20, std::nullopt, std::nullopt}};
  config.spool_bytes_max = 2 << 20;
  auto reader = StreamReader::start(source, config, clock);
  ASSERT_TRUE(reader.ok());
  std::string text = "a\n";
  while (text.size() < (16U << 20)) text += "0123456789012345678901234567890\n";
  const Writer writer(pipe, {text});
  std::uint64_t loaded = 0;
  std::uint64_t most = 0;
  while (!(*reader)->ended() || !(*reader)->sealed().empty()) {
    const auto sealed = (*reader)->sealed();
    std::uint64_t spooled = 0;
    for (const fs::path& path : sealed) spooled += fs::file_size(path);
    most = std::max(most, spooled);
    if (sealed.empty()) {
      (*reader)->wait(100ms);
      continue;
    }
    loaded += fs::file_size(sealed.front()) - 2;
    ASSERT_TRUE((*reader)->release({sealed.front()}).ok());
  }
  EXPECT_EQ(loaded, text.size() - 2);
  EXPECT_LE(most, 4U << 20) << "two stretches more than allowed at most: one open, one being cut";
}

TEST(StreamReader, ClientsOfASocketAreToldWhatIsSealed) {
  const Folder folder;
  SourceSpec source;
  source.name = "socket";
  source.stream = {StreamSpec::Kind::kListen,
                   "unix:" + (fs::path("/tmp") / ("tipple-" + random_id().to_hex().substr(0, 12))).string()};
  const SteadyClock clock;
  auto reader = StreamReader::start(source, {folder.path / "spool", {std::nullopt, 2, std::nullopt}}, clock);
  ASSERT_TRUE(reader.ok()) << reader.error().to_string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, source.stream.address.c_str() + 5);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string text = "a\n1\n2\n";
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  char answer[64] = {};
  ASSERT_GT(::read(fd, answer, sizeof answer - 1), 0);
  EXPECT_STREQ(answer, "ack 6\n");
  EXPECT_EQ(contents((*reader)->sealed()), std::vector<std::string>{"a\n1\n2\n"});
  // Half a record, and the client is gone.
  ASSERT_EQ(::write(fd, "3", 1), 1);
  ::close(fd);
  wait_for_end(**reader);
  EXPECT_EQ(contents((*reader)->sealed()), (std::vector<std::string>{"a\n1\n2\n", "3"}));
}

TEST(StreamReader, StoppingSealsWhatIsWhole) {
  const Folder folder;
  const fs::path pipe = folder.path / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const SourceSpec source = pipe_source(pipe);
  const SteadyClock clock;
  const fs::path spool = folder.path / "spool";
  {
    auto reader = StreamReader::start(source, {spool, {std::nullopt, 2, std::nullopt}}, clock);
    ASSERT_TRUE(reader.ok());
    const int fd = ::open(pipe.c_str(), O_WRONLY);
    const std::string text = "a\n1\n2\n3\n";
    ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    while ((*reader)->sealed().empty()) (*reader)->wait(1s);
    (*reader)->stop();
    wait_for_end(**reader);
    ::close(fd);
    EXPECT_EQ(contents((*reader)->sealed()), (std::vector<std::string>{"a\n1\n2\n", "a\n3\n"}));
  }
}

}  // namespace
}  // namespace tipple
