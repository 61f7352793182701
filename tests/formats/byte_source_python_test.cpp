// Files that Python's libraries wrote, against the texts that they were made of.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/limits.h"
#include "formats/byte_source.h"
#include "formats/text_encoding.h"

namespace tipple {
namespace {

using limits::kMiB;

class PythonFiles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::path(testing::TempDir()) / ("python-" + random_id().to_hex());
    ASSERT_TRUE(create_folders(folder_).ok());
    const std::string command =
        std::string(TIPPLE_PYTHON) + " " + TIPPLE_TESTS_FOLDER + "/byte_source_samples.py " + folder_.string();
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static void expect_text(const std::string& name, const std::string& member, const SourceSpec& source) {
    const fs::path path = folder_ / name;
    const auto stat = stat_regular_file(path);
    ASSERT_TRUE(stat.ok());
    const std::string expected = read_file(path.string() + ".text", 1 << 30).value();
    for (const unsigned threads : {1, 3}) {
      for (const std::size_t read_bytes : {std::size_t{17}, std::size_t{65'536}, std::size_t{4 * kMiB}}) {
        auto opened = open_byte_source({path.string(), stat->size, stat->mtime_ns, member}, source, threads, 64 * kMiB);
        ASSERT_TRUE(opened.ok()) << opened.error().to_string();
        std::string text;
        std::vector<char> buffer(read_bytes);
        while (true) {
          const auto got = (*opened)->read(buffer, text.size());
          ASSERT_TRUE(got.ok()) << got.error().to_string();
          text.append(buffer.data(), *got);
          if (*got < read_bytes) break;
        }
        ASSERT_TRUE(text == expected) << text.size() << " bytes, expected " << expected.size();
      }
    }
  }

  static inline fs::path folder_;
};

TEST_F(PythonFiles, GiveTheTextThatTheyWereMadeOf) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".text") || name == "archive") continue;
    SCOPED_TRACE(name);
    SourceSpec source;
    source.name = "s";
    for (const Encoding encoding :
         {Encoding::kUtf16, Encoding::kUtf16Le, Encoding::kUtf16Be, Encoding::kLatin1, Encoding::kWindows1252}) {
      if (name.find("." + std::string(encoding_name(encoding)) + ".") != std::string::npos) source.encoding = encoding;
    }
    if (name.ends_with(".replace")) source.on_invalid = OnInvalid::kReplace;
    if (name.ends_with(".fail")) source.on_invalid = OnInvalid::kFail;
    expect_text(name, "", source);
    ++files;
  }
  EXPECT_EQ(files, 34u);
}

TEST_F(PythonFiles, ZipMembersOfEveryMethod) {
  const auto members = list_zip_members((folder_ / "archive").string());
  ASSERT_TRUE(members.ok()) << members.error().to_string();
  ASSERT_EQ(members->size(), 3u);
  SourceSpec source;
  source.name = "s";
  for (const ZipMember& member : *members) {
    SCOPED_TRACE(member.name);
    expect_text("archive", member.name, source);
  }
}

}  // namespace
}  // namespace tipple
