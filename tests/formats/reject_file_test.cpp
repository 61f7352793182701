// Rejects survive the way to Parquet and back, in bounded pieces.
#include "formats/reject_file.h"

#include "tests/formats/part_testing.h"

namespace tipple {
namespace {

using testing_parts::ScratchFolder;

Reject reject_of(std::uint64_t i) {
  return {"in/file-" + std::to_string(i % 3) + ".csv",
          i * 100,
          i + 1,
          i % 2 ? "delay" : "",
          "type",
          "'x' is not a number",
          std::string("raw\0\xff", 5) + std::to_string(i)};
}

Result<std::vector<Reject>> read_all(const std::filesystem::path& path) {
  std::vector<Reject> all;
  TIPPLE_RETURN_IF_ERROR(read_reject_file(path, [&](const std::vector<Reject>& some) -> Status {
    all.insert(all.end(), some.begin(), some.end());
    return {};
  }));
  return all;
}

TEST(RejectFile, GivesBackEveryField) {
  const ScratchFolder folder;
  for (const std::uint64_t count : {0U, 1U, 1'000U, 140'000U}) {
    const auto path = folder.path() / (std::to_string(count) + ".parquet");
    RejectFileWriter writer = RejectFileWriter::create(path).value();
    for (std::uint64_t i = 0; i < count; i += 500) {
      std::vector<Reject> some;
      for (std::uint64_t j = i; j < std::min(count, i + 500); ++j) some.push_back(reject_of(j));
      ASSERT_TRUE(writer.append(some).ok());
    }
    ASSERT_TRUE(writer.close_and_sync().ok());
    const auto rejects = read_all(path).value();
    ASSERT_EQ(rejects.size(), count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const Reject want = reject_of(i);
      const Reject& got = rejects[i];
      ASSERT_EQ(std::tie(got.path, got.offset, got.line, got.column, got.rule, got.reason, got.raw),
                std::tie(want.path, want.offset, want.line, want.column, want.rule, want.reason, want.raw));
    }
  }
}

TEST(RejectFile, StopsAtTheVisitorsFirstError) {
  const ScratchFolder folder;
  RejectFileWriter writer = RejectFileWriter::create(folder.path() / "r").value();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.append(std::vector<Reject>(70'000, reject_of(1))).ok());
  ASSERT_TRUE(writer.close_and_sync().ok());
  int visits = 0;
  const Status status = read_reject_file(folder.path() / "r", [&](const std::vector<Reject>&) -> Status {
    return ++visits == 2 ? Status(usage_error("enough")) : Status();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().what, "enough");
  EXPECT_EQ(visits, 2);
}

TEST(RejectFile, ForeignAndDamagedFilesAreErrors) {
  const ScratchFolder folder;
  EXPECT_FALSE(read_all(folder.path() / "absent").ok());
  std::ofstream(folder.path() / "text") << "not Parquet";
  EXPECT_FALSE(read_all(folder.path() / "text").ok());
  EXPECT_FALSE(RejectFileWriter::create(folder.path() / "text").ok()) << "an existing file must not be replaced";
  RejectFileWriter writer = RejectFileWriter::create(folder.path() / "r").value();
  ASSERT_TRUE(writer.append(std::vector<Reject>(1'000, reject_of(7))).ok());
  ASSERT_TRUE(writer.close_and_sync().ok());
  const std::string bytes = testing_parts::bytes_of(folder.path() / "r");
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = bytes;
    damaged[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    if (i % 4 == 0) damaged.resize(random() % damaged.size());
    std::ofstream(folder.path() / "d", std::ios::binary) << damaged;
    static_cast<void>(read_all(folder.path() / "d").ok());
  }
}

}  // namespace
}  // namespace tipple
