#include "coordinator/journal.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "coordinator/journal_frames.h"
#include "sample_messages.h"

namespace tipple {
namespace {

namespace fs = std::filesystem;

constexpr LoadId kLoad{1, 2};  // sample_setup's

struct SampleJournal {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> ends;  // of the header and of each frame
};

SampleJournal sample_journal() {
  SampleJournal sample;
  sample.bytes = journal_header(kLoad);
  sample.ends.push_back(sample.bytes.size());
  std::uint64_t sequence = 0;
  for (const auto& entry : sample_entries()) {
    append_journal_frame(entry, sequence++, sample.bytes);
    sample.ends.push_back(sample.bytes.size());
  }
  return sample;
}

// How many of the sample's entries the state holds.
std::size_t entries_in(const LoadState& state) {
  return state.opened.size() + state.inputs.size() + state.accepted.size() + (state.published.empty() ? 0 : 1) +
         state.closed.size();
}

class Folder {
 public:
  Folder() : path_(fs::path(testing::TempDir()) / ("journal-" + random_id().to_hex())) {}
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(Journal, ReplayRebuildsTheState) {
  const auto sample = sample_journal();
  LoadState state;
  ASSERT_TRUE(replay_journal(sample.bytes, "j", state).ok());
  EXPECT_EQ(state.torn_bytes, 0U);
  ASSERT_EQ(state.opened.size(), 1U);
  EXPECT_EQ(state.opened[0].slurm_job, "123_4");
  ASSERT_EQ(state.inputs.size(), 1U);
  ASSERT_EQ(state.inputs[0].extents.size(), 3U);
  EXPECT_EQ(state.inputs[0].extents[2].member, "in/c.csv");
  EXPECT_EQ(state.accepted.at(ChunkId{3}), sample_report());
  ASSERT_EQ(state.published.size(), 1U);
  EXPECT_EQ(state.published[0].version, 7U);
  ASSERT_EQ(state.closed.size(), 1U);
  EXPECT_EQ(state.closed[0].exit_code, 5);
}

TEST(Journal, EveryPrefixGivesTheStateAfterItsLastWholeFrame) {
  const auto sample = sample_journal();
  for (std::size_t length = 0; length <= sample.bytes.size(); ++length) {
    LoadState state;
    const Status replayed = replay_journal(std::span(sample.bytes).first(length), "j", state);
    ASSERT_TRUE(replayed.ok()) << "length " << length << ": " << replayed.error().to_string();
    std::size_t whole = 0;
    while (whole < sample.ends.size() && sample.ends[whole] <= length) ++whole;
    EXPECT_EQ(entries_in(state), whole == 0 ? 0 : whole - 1) << "length " << length;
    EXPECT_EQ(state.torn_bytes, whole == 0 ? length : length - sample.ends[whole - 1]) << "length " << length;
  }
}

// A flipped bit in the last frame cannot be told from a torn write; before it, it is an error that names the place.
TEST(Journal, EveryBitFlipIsATornTailOrAnErrorThatNamesFileAndByte) {
  const auto sample = sample_journal();
  auto bytes = sample.bytes;
  const std::size_t last = sample.ends[sample.ends.size() - 2];
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    LoadState state;
    const Status replayed = replay_journal(bytes, "/w/_loads/x/attempt-1", state);
    if (bit / 8 >= last) {
      ASSERT_TRUE(replayed.ok()) << "bit " << bit;
      EXPECT_EQ(state.torn_bytes, bytes.size() - last);
      EXPECT_TRUE(state.closed.empty());
    } else {
      ASSERT_FALSE(replayed.ok()) << "bit " << bit;
      EXPECT_TRUE(replayed.error().where.starts_with("/w/_loads/x/attempt-1: byte ")) << replayed.error().where;
    }
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(Journal, ARepeatedFrameIsDamage) {
  auto sample = sample_journal();
  const std::vector<std::byte> frame(sample.bytes.begin() + static_cast<std::ptrdiff_t>(sample.ends[2]),
                                     sample.bytes.begin() + static_cast<std::ptrdiff_t>(sample.ends[3]));
  sample.bytes.insert(sample.bytes.end(), frame.begin(), frame.end());
  LoadState state;
  const Status replayed = replay_journal(sample.bytes, "j", state);
  ASSERT_FALSE(replayed.ok());
  EXPECT_NE(replayed.error().what.find("out of sequence"), std::string::npos);
}

TEST(Journal, ALaterReportOfAChunkReplacesTheEarlierOne) {
  std::vector<std::byte> bytes = journal_header(kLoad);
  append_journal_frame(sample_entries()[0], 0, bytes);
  auto report = sample_report(5);
  append_journal_frame(JournalAccepted{report}, 1, bytes);
  report.issue = 9;
  append_journal_frame(JournalAccepted{report}, 2, bytes);
  LoadState state;
  ASSERT_TRUE(replay_journal(bytes, "j", state).ok());
  ASSERT_EQ(state.accepted.size(), 1U);
  EXPECT_EQ(state.accepted.at(ChunkId{5}).issue, 9U);
}

TEST(Journal, AttemptsOfALoadAddUp) {
  Folder folder;
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    auto opened = open_attempt(folder.path(), kLoad);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    EXPECT_EQ(opened->attempt_number, attempt);
    ASSERT_TRUE(opened->writer->append(sample_entries()[0]).ok());
    ASSERT_TRUE(opened->writer->append(JournalAccepted{sample_report(attempt)}).ok());
    ASSERT_TRUE(opened->writer->sync().ok());
  }
  // A killed attempt: half a frame, and a file that is none of ours.
  std::vector<std::byte> frame;
  append_journal_frame(sample_entries()[4], 2, frame);
  std::ofstream(folder.path() / "attempt-2", std::ios::app).write(reinterpret_cast<const char*>(frame.data()), 30);
  std::ofstream(folder.path() / "attempt-2.tmp") << "half";
  const auto state = read_journals(folder.path());
  ASSERT_TRUE(state.ok()) << state.error().to_string();
  EXPECT_EQ(state->attempts, 3U);
  EXPECT_EQ(state->accepted.size(), 3U);
  EXPECT_EQ(state->torn_bytes, 30U);
}

TEST(Journal, AFolderWithoutAttemptsIsANewLoad) {
  Folder folder;
  const auto state = read_journals(folder.path());
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->attempts, 0U);
}

TEST(Journal, ANewerFormatIsRefusedClearly) {
  // The header with the next version and a checksum that fits, as a newer program would write it.
  constexpr unsigned char kNewer[] = {
      'T', 'I', 'P', 'P', 'L', 'E', 'J', '\n', kJournalVersion + 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
      2,   0,   0,   0,   0,   0,   0,   0};
  std::vector<std::byte> bytes(kJournalHeaderBytes);
  std::memcpy(bytes.data(), kNewer, sizeof kNewer);
  const std::uint64_t checksum = journal_checksum(std::span(bytes).first(32), 0);
  std::memcpy(bytes.data() + 32, &checksum, sizeof checksum);
  LoadState state;
  const Status replayed = replay_journal(bytes, "attempt-1", state);
  ASSERT_FALSE(replayed.ok());
  EXPECT_EQ(replayed.error().what, "this journal has format " + std::to_string(kJournalVersion + 1) +
                                       ", this program reads format " + std::to_string(kJournalVersion));
}

// docs/journal.md: the worked example's hexadecimal lines are these bytes.
TEST(Journal, TheDocumentedExampleIsTrue) {
  std::vector<std::byte> bytes = journal_header({0x0011223344556677, 0x8899AABBCCDDEEFF});
  append_journal_frame(JournalClosed{75, "stopped"}, 0, bytes);
  std::string hex;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = std::to_integer<unsigned>(bytes[i]);
    hex += i % 16 == 0 ? (i == 0 ? "" : "\n") : " ";
    hex += {kDigits[byte / 16], kDigits[byte % 16]};
  }
  std::ifstream file(fs::path(TIPPLE_SOURCE_FOLDER) / "docs/journal.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(document.find(hex), std::string::npos) << hex;
}

}  // namespace
}  // namespace tipple
