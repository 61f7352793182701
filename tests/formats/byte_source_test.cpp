#include "formats/byte_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zip.h>

#include <fstream>

#include "base/file.h"
#include "base/limits.h"
#include "tests/formats/decode_samples.h"

namespace tipple {
namespace {

using namespace std::string_literals;
using limits::kMiB;
using testing::ElementsAre;
using testing::HasSubstr;

Compression detect(const std::string& first) { return detect_compression(first); }

TEST(DetectCompression, GoesByTheFirstBytes) {
  for (const Compression compression : samples::kCompressions) {
    for (const std::string& text : {""s, "a"s, samples::lines(1000)}) {
      EXPECT_EQ(detect(samples::compress(compression, text).substr(0, 64)), compression) << to_string(compression);
    }
  }
  EXPECT_EQ(detect("PK\x03\x04"), Compression::kZip);
  EXPECT_EQ(detect("PK\x05\x06"), Compression::kZip) << "an archive without members";
  EXPECT_EQ(detect(samples::skippable("a seek table")), Compression::kZstd);
  EXPECT_EQ(detect("\x02\x21\x4C\x18 legacy"), Compression::kLz4);
}

TEST(DetectCompression, TextIsNone) {
  for (const std::string& text : {""s, "B"s, "BZ"s, "BZh"s, "BZhang,1\n"s, "BZh9,text\n"s, "PK"s, "PK,id\n"s, "(1)\n"s,
                                  "P*M"s, "id,name\n"s, "\xEF\xBB\xBFid"s, "\xFF\xFEi\0"s, "\x89HDF\r\n"s, "PAR1"s}) {
    EXPECT_EQ(detect(text), Compression::kNone) << text;
  }
}

TEST(DetectCompression, BeginningsOfMagicAreTakenForFilesThatWereCutOff) {
  EXPECT_EQ(detect("\x1f"), Compression::kGzip);
  EXPECT_EQ(detect("\xFD\x37"), Compression::kXz);
  EXPECT_EQ(detect("\x28\xB5"), Compression::kZstd);
  EXPECT_EQ(detect("\x04\x22"), Compression::kLz4);
  EXPECT_EQ(detect("BZh91A"), Compression::kBzip2);
}

class ByteSources : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("bytes-" + random_id().to_hex());
    ASSERT_TRUE(create_folders(folder_).ok());
    source_.name = "s";
  }
  void TearDown() override { fs::remove_all(folder_); }

  ByteSourceFile write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return listed(name);
  }

  ByteSourceFile listed(const std::string& name, const std::string& member = "") {
    const auto stat = stat_regular_file(folder_ / name);
    EXPECT_TRUE(stat.ok());
    return {(folder_ / name).string(), stat->size, stat->mtime_ns, member};
  }

  Result<std::unique_ptr<ByteSource>> open(const ByteSourceFile& file, unsigned threads = 2) {
    return open_byte_source(file, source_, threads, 64 * kMiB);
  }

  // All of the text, or the error.
  std::string text(const ByteSourceFile& file, std::size_t read_bytes = 10'000, unsigned threads = 2) {
    auto opened = open(file, threads);
    if (!opened.ok()) return "error: " + opened.error().to_string();
    std::string all;
    std::vector<char> buffer(read_bytes);
    while (true) {
      const auto got = (*opened)->read(buffer, all.size());
      if (!got.ok()) return "error: " + got.error().to_string();
      all.append(buffer.data(), *got);
      if (*got < read_bytes) break;
    }
    EXPECT_EQ((*opened)->bytes_taken() > 0, file.size > 0 && !all.empty());
    return all;
  }

  fs::path folder_;
  SourceSpec source_;
};

TEST_F(ByteSources, PlainFilesAreReadAnywhere) {
  const std::string content = samples::lines(100'000);
  auto opened = open(write("a.csv", content));
  ASSERT_TRUE(opened.ok());
  ByteSource& source = **opened;
  EXPECT_TRUE(source.random_access());
  source.will_need(50'000, 1000);
  std::string out(1000, '\0');
  EXPECT_EQ(source.read(out, 70'000).value(), 1000u);
  EXPECT_EQ(out, content.substr(70'000, 1000));
  EXPECT_EQ(source.read(out, 99'990).value(), 10u);
  EXPECT_EQ(out.substr(0, 10), content.substr(99'990));
  EXPECT_EQ(source.read(out, 100'000).value(), 0u);
  EXPECT_EQ(source.read(out, 200'000).value(), 0u);
  EXPECT_EQ(source.bytes_taken(), 1010u);
  EXPECT_TRUE(source.check_unchanged().ok());
}

TEST_F(ByteSources, AnEmptyFileIsAnEmptyText) {
  for (const Encoding encoding : {Encoding::kUtf8, Encoding::kUtf16, Encoding::kLatin1}) {
    source_.encoding = encoding;
    EXPECT_EQ(text(write("empty", "")), "");
  }
}

TEST_F(ByteSources, AFileThatChangedIsRefused) {
  ByteSourceFile file = write("a.csv", "12345");
  auto opened = open(file);
  ASSERT_TRUE(opened.ok());
  file.size = 6;
  EXPECT_THAT(text(file), HasSubstr("changed while it was being loaded: it has 5 bytes, and had 6 when it was listed"));
  file.size = 5;
  file.mtime_ns += 1;
  EXPECT_THAT(text(file), HasSubstr("changed while it was being loaded: it was modified after it was listed"));

  fs::resize_file(folder_ / "a.csv", 2);
  std::string out(5, '\0');
  const auto got = (*opened)->read(out, 0);
  ASSERT_FALSE(got.ok());
  EXPECT_TRUE(got.error().what.starts_with("changed while it was being loaded: it ends at byte 2, and had 5 bytes"))
      << got.error().what;
  EXPECT_FALSE((*opened)->check_unchanged().ok());
}

TEST_F(ByteSources, WhatIsNoFileIsRefused) {
  EXPECT_THAT(text({(folder_ / "absent").string(), 0, 0, ""}), HasSubstr("No such file"));
  EXPECT_THAT(text({folder_.string(), 0, 0, ""}), HasSubstr("is not a regular file"));
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(text({(folder_ / "pipe").string(), 0, 0, ""}), HasSubstr("is not a regular file"));
}

TEST_F(ByteSources, CompressedFilesAreReadInOrder) {
  const std::string content = samples::lines(700'000);
  for (const Compression compression : samples::kCompressions) {
    const ByteSourceFile file =
        write("a.csv", samples::compress(compression, content) + samples::compress(compression, content));
    for (const unsigned threads : {0, 1, 3})
      EXPECT_TRUE(text(file, 30'000, threads) == content + content) << to_string(compression);
    const auto opened = open(file);
    ASSERT_TRUE(opened.ok());
    EXPECT_FALSE((*opened)->random_access());
    EXPECT_TRUE((*opened)->check_unchanged().ok());
  }
}

TEST_F(ByteSources, ErrorsNameTheFileTheByteAndTheKey) {
  const std::string packed = samples::gzip(samples::lines(10'000));
  const std::string cut_off = text(write("cut.csv", packed.substr(0, 1000)));
  EXPECT_THAT(
      cut_off,
      HasSubstr("cut.csv: its gzip data ends too early: the file ends at byte 1000, within what begins at byte 0"));
  source_.decompression.bytes_max = 5000;
  EXPECT_THAT(text(write("bomb.csv", packed)), HasSubstr("'decompression: {max_bytes: ...}' of source 's'"));
}

TEST_F(ByteSources, EncodingsAreUndoneAfterCompression) {
  source_.encoding = Encoding::kUtf16;
  EXPECT_EQ(text(write("a", "\xFF\xFEi\0d\0"s)), "id");
  EXPECT_EQ(text(write("a.gz", samples::gzip("\xFE\xFF\0i\0d"s))), "id");
  source_.encoding = Encoding::kWindows1252;
  EXPECT_EQ(text(write("b", "\x80\n")), "€\n");
  source_.encoding = Encoding::kUtf8;
  source_.on_invalid = OnInvalid::kReplace;
  EXPECT_EQ(text(write("c", "a\xFF")), "a\xEF\xBF\xBD");
  source_.on_invalid = OnInvalid::kFail;
  EXPECT_THAT(text(write("c", "a\xFF")), HasSubstr("the bytes at byte 1 of the text are not valid in utf-8"));
}

TEST_F(ByteSources, OnlyFilesWhoseBytesAreTheTextCanBeCut) {
  EXPECT_TRUE(is_splittable("id,name\n"s, source_));
  EXPECT_FALSE(is_splittable(samples::gzip("text"), source_));
  source_.on_invalid = OnInvalid::kFail;
  EXPECT_FALSE(is_splittable("id,name\n"s, source_));
  source_.on_invalid = OnInvalid::kReject;
  source_.encoding = Encoding::kLatin1;
  EXPECT_FALSE(is_splittable("id,name\n"s, source_));
  source_.format = SourceFormat::kParquet;
  EXPECT_TRUE(is_splittable("PAR1"s, source_));
}

// ---- zip

class ZipArchives : public ByteSources {
 protected:
  using Members = std::vector<std::pair<std::string, std::string>>;

  std::string write_zip(const std::string& name, const Members& members, const char* password = nullptr) {
    const std::string path = (folder_ / name).string();
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    EXPECT_NE(archive, nullptr);
    for (const auto& [member, content] : members) {
      if (member.ends_with('/')) {
        EXPECT_GE(zip_dir_add(archive, member.c_str(), 0), 0);
        continue;
      }
      const auto index =
          zip_file_add(archive, member.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0);
      EXPECT_GE(index, 0);
      if (password == nullptr) continue;
      EXPECT_EQ(zip_file_set_encryption(archive, static_cast<zip_uint64_t>(index), ZIP_EM_AES_256, password), 0);
    }
    EXPECT_EQ(zip_close(archive), 0);
    return path;
  }

  std::string list_error(const std::string& path) {
    const auto listed = list_zip_members(path);
    return listed.ok() ? "" : listed.error().to_string();
  }

  // Overwrites every `from` in the file by `to`, which is as long.
  void patch(const std::string& path, const std::string& from, const std::string& to) {
    std::string bytes = read_file(path, 1 << 30).value();
    for (std::size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += from.size())
      bytes.replace(at, from.size(), to);
    std::ofstream(path, std::ios::binary) << bytes;
  }
};

TEST_F(ZipArchives, MembersAreListedByName) {
  const auto members = list_zip_members(
      write_zip("a.zip", {{"b.csv", samples::lines(1000)}, {"in/", ""}, {"in/a.csv", "x"}, {"a..csv", ""}}));
  ASSERT_TRUE(members.ok()) << members.error().to_string();
  std::vector<std::string> names;
  for (const ZipMember& member : *members) names.push_back(member.name);
  EXPECT_THAT(names, ElementsAre("a..csv", "b.csv", "in/a.csv"));
  EXPECT_GT((*members)[1].compressed_bytes, 100u);
  EXPECT_LT((*members)[1].compressed_bytes, 1000u);
}

TEST_F(ZipArchives, MembersAreReadByName) {
  const std::string content = samples::lines(1'000'000);
  write_zip("a.zip", {{"long.csv", content}, {"in/short.csv", "x\n"}, {"empty.csv", ""}});
  EXPECT_TRUE(text(listed("a.zip", "long.csv")) == content);
  EXPECT_TRUE(text(listed("a.zip", "long.csv"), 1 << 22) == content);
  EXPECT_EQ(text(listed("a.zip", "in/short.csv"), 1), "x\n");
  EXPECT_EQ(text(listed("a.zip", "empty.csv")), "");
  EXPECT_THAT(text(listed("a.zip", "absent.csv")), HasSubstr("its member 'absent.csv' is not there any more"));
}

TEST_F(ZipArchives, MembersMayBeCompressedThemselves) {
  const std::string content = samples::lines(1'000'000);
  write_zip("a.zip",
            {{"a.csv.gz", samples::gzip(content)}, {"b.csv.zst", samples::zstd(content)}, {"c.zip", "PK\x03\x04"}});
  EXPECT_TRUE(text(listed("a.zip", "a.csv.gz")) == content);
  EXPECT_TRUE(text(listed("a.zip", "b.csv.zst"), 77'777) == content);
  EXPECT_THAT(text(listed("a.zip", "c.zip")), HasSubstr("a.zip: c.zip: is a zip archive within a zip archive"));
}

TEST_F(ZipArchives, AnArchiveByAnotherNameMayHaveOneMember) {
  write_zip("one", {{"in/", ""}, {"in/a.csv", "text"}});
  EXPECT_EQ(text(listed("one")), "text");
  write_zip("two", {{"a.csv", ""}, {"b.csv", ""}});
  EXPECT_THAT(text(listed("two")),
              HasSubstr("is a zip archive of 2 members whose name does not say so (give it a name that ends in .zip)"));
}

TEST_F(ZipArchives, NamesThatLeaveTheArchiveAreRefused) {
  const std::string path = write_zip("a.zip", {{"aa/bb/x.csv", "text"}});
  for (const char* name :
       {"../bb/x.csv", "aa/../x.csv", "aa/b/../csv", "/a/bb/x.csv", "C:/bb/x.csv", "aa\\..\\x.csv", "\\a/bb/x.csv"}) {
    const std::string bytes = read_file(path, 1 << 20).value();
    patch(path, "aa/bb/x.csv", name);
    EXPECT_THAT(list_error(path), HasSubstr("its member '"s + name + "' has a name that leaves the archive")) << name;
    std::ofstream(path, std::ios::binary) << bytes;
  }
}

TEST_F(ZipArchives, NamesThatStandTwiceAreRefused) {
  const std::string path = write_zip("a.zip", {{"a.csv", "1"}, {"b.csv", "2"}});
  patch(path, "b.csv", "a.csv");
  EXPECT_THAT(list_error(path), HasSubstr("its member 'a.csv' stands in it twice"));
}

TEST_F(ZipArchives, EncryptedMembersAreRefused) {
  const std::string path = write_zip("a.zip", {{"a.csv", "secret"}}, "password");
  EXPECT_THAT(list_error(path), HasSubstr("its member 'a.csv' is encrypted (decrypt it before the load)"));
  EXPECT_THAT(text(listed("a.zip", "a.csv")), HasSubstr("is encrypted"));
}

TEST_F(ZipArchives, BombsAreStopped) {
  write_zip("a.zip", {{"a.csv", std::string(30 << 20, 'x')}});
  source_.decompression.ratio_max = 100;
  EXPECT_THAT(text(listed("a.zip", "a.csv")), HasSubstr("more than 100 times as many"));
}

// A flipped bit: an error, or the text as it was, and never more or less of it.
TEST_F(ZipArchives, NoFlippedBitOrTruncationChangesTheText) {
  const std::string content = samples::lines(300);
  const std::string path = write_zip("a.zip", {{"a.csv", content}});
  const std::string bytes = read_file(path, 1 << 20).value();
  std::size_t errors = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    write("a.zip", flipped);
    const std::string got = text(listed("a.zip", "a.csv"));
    if (got.starts_with("error")) {
      ++errors;
    } else {
      ASSERT_EQ(got, content) << "bit " << bit;
    }
  }
  EXPECT_GT(errors, bytes.size());
  for (std::size_t size = 4; size < bytes.size(); ++size) {
    ASSERT_THAT(text(write("a.zip", bytes.substr(0, size))), HasSubstr("cannot be opened as a zip archive")) << size;
  }
}

}  // namespace
}  // namespace tipple
