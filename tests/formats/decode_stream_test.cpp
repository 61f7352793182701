#include "formats/decode_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>

#include "tests/formats/decode_samples.h"

namespace tipple {
namespace {

using namespace samples;
using testing::HasSubstr;

class Decoders : public testing::TestWithParam<Compression> {
 protected:
  std::string pack(const std::string& text) const { return compress(GetParam(), text); }
  Outcome unpack(const std::string& bytes, std::size_t read_bytes = 65536) const {
    return decode(GetParam(), bytes, read_bytes);
  }
};

INSTANTIATE_TEST_SUITE_P(All, Decoders, testing::ValuesIn(kCompressions),
                         [](const auto& param) { return std::string(to_string(param.param)); });

TEST_P(Decoders, GiveBackWhatWasCompressed) {
  for (const std::size_t size : {0, 1, 100, 300'000, 3'000'000}) {
    const std::string text = lines(size);
    EXPECT_EQ(unpack(pack(text)), (Outcome{text, ""})) << size;
  }
  const std::string text = noise(500'000);
  EXPECT_EQ(unpack(pack(text)), (Outcome{text, ""}));
}

TEST_P(Decoders, EveryReadSizeGivesTheSame) {
  const std::string text = lines(2000);
  const std::string packed = pack(text);
  for (std::size_t size = 1; size <= text.size() + 1; size = size < 100 ? size + 1 : size * 3 / 2) {
    ASSERT_EQ(unpack(packed, size), (Outcome{text, ""})) << size;
  }
  EXPECT_EQ(unpack(packed, text.size()), (Outcome{text, ""}));
  const std::string longer = lines(400'000);
  EXPECT_EQ(unpack(pack(longer), 17), (Outcome{longer, ""}));
}

TEST_P(Decoders, MembersFollowOneAnother) {
  const std::string packed = pack("one,") + pack("") + pack("two,") + pack(lines(100'000)) + pack("");
  EXPECT_EQ(unpack(packed), (Outcome{"one,two," + lines(100'000), ""}));
  EXPECT_EQ(unpack(packed, 1), (Outcome{"one,two," + lines(100'000), ""}));
}

TEST_P(Decoders, NothingIsNothing) { EXPECT_EQ(unpack(""), (Outcome{"", ""})); }

TEST_P(Decoders, EveryTruncationIsAnError) {
  for (const std::string& text : {std::string("id,name\n1,a\n"), lines(3000), noise(200)}) {
    const std::string member = GetParam() == Compression::kBgzip ? bgzf_block(text) : pack(text);
    for (const std::string& before : {std::string(), member}) {
      for (std::size_t size = 1; size < member.size(); ++size) {
        const Outcome outcome = unpack(before + member.substr(0, size));
        ASSERT_THAT(outcome.error, HasSubstr("data ends too early")) << size;
        ASSERT_THAT(outcome.error, HasSubstr("the file ends at byte " + std::to_string(before.size() + size) + ","));
        ASSERT_THAT(outcome.error, HasSubstr("within what begins at byte " + std::to_string(before.size())));
      }
    }
  }
}

// All of the samples carry checksums: a flipped bit is found, or it did not matter (a gzip header's time).
TEST_P(Decoders, NoFlippedBitChangesTheText) {
  for (const std::string& text : {std::string("id,name\n1,a\n"), lines(700), noise(100)}) {
    const std::string packed = pack(text);
    std::size_t errors = 0;
    for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
      std::string flipped = packed;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const Outcome outcome = unpack(flipped);
      errors += outcome.error.empty() ? 0 : 1;
      if (outcome.error.empty()) {
        ASSERT_EQ(outcome.text, text) << "bit " << bit;
      } else {
        ASSERT_TRUE(outcome.error.starts_with("/in/file: its ")) << outcome.error;
      }
    }
    EXPECT_GT(errors, packed.size()) << "most flips matter";
  }
}

TEST_P(Decoders, WhatFollowsTheDataIsAnError) {
  const std::string packed = pack(lines(1000));
  const std::string error = unpack(packed + "garbage").error;
  EXPECT_THAT(error, HasSubstr("is damaged at byte " + std::to_string(packed.size())));
  EXPECT_THAT(error,
              HasSubstr("the data ended at byte " + std::to_string(packed.size()) + ", and something else follows"));
  EXPECT_THAT(unpack("garbage that is long enough for any header").error, HasSubstr("is damaged at byte"));
}

TEST_P(Decoders, DamageInALaterMemberIsPlacedThere) {
  const std::string first = pack(lines(300'000));
  std::string second = pack(lines(300'000, 2));
  second[second.size() / 2] = static_cast<char>(second[second.size() / 2] ^ 0x10);
  const std::string error = unpack(first + second + first).error;
  ASSERT_THAT(error, HasSubstr("data is damaged at byte "));
  const std::size_t at = std::stoul(error.substr(error.find("at byte ") + 8));
  EXPECT_GT(at, first.size());
  EXPECT_LE(at, first.size() + second.size());
}

TEST_P(Decoders, BombsAreStoppedBySize) {
  DecodeContext strict = context();
  strict.limits.bytes_max = 1'000'000;
  const std::string packed = pack(lines(1'000'001));
  const Outcome outcome = decode(GetParam(), packed, 65536, strict);
  EXPECT_THAT(outcome.error, HasSubstr("more than 1000000 bytes come out"));
  EXPECT_THAT(outcome.error, HasSubstr("'decompression: {max_bytes: ...}' of source 's'"));
  EXPECT_LE(outcome.text.size(), strict.limits.bytes_max);
  EXPECT_EQ(decode(GetParam(), pack(lines(1'000'000)), 65536, strict).error, "");
}

TEST_P(Decoders, BombsAreStoppedByRatio) {
  DecodeContext strict = context();
  strict.limits.ratio_max = 20;
  const Outcome outcome = decode(GetParam(), pack(std::string(30 << 20, 'x')), 65536, strict);
  EXPECT_THAT(outcome.error, HasSubstr("more than 20 times as many"));
  EXPECT_THAT(outcome.error, HasSubstr("'decompression: {max_ratio: ...}' of source 's'"));
  EXPECT_LE(outcome.text.size(), (16u << 20) + 65536);
  EXPECT_EQ(decode(GetParam(), pack(std::string(10 << 20, 'x')), 65536, strict).error, "") << "little is no bomb";
}

TEST(GzipDecoder, ZeroPaddingIsPassedOver) {
  const std::string packed = gzip("text");
  EXPECT_EQ(decode(Compression::kGzip, packed + std::string(1000, '\0')), (Outcome{"text", ""}));
  EXPECT_EQ(decode(Compression::kGzip, packed + std::string(3, '\0') + packed), (Outcome{"texttext", ""}))
      << "as tar's blocks leave it";
  EXPECT_THAT(decode(Compression::kGzip, packed + std::string(3, '\0') + "x").error,
              HasSubstr("something else follows"));
  EXPECT_THAT(decode(Compression::kGzip, std::string(20, '\0') + packed).error, HasSubstr("is damaged at byte"));
}

TEST(GzipDecoder, EveryHeaderFieldIsPassedOver) {
  const std::string plain = gzip("text");
  const std::string body = plain.substr(10);
  for (unsigned flags = 0; flags < 32; ++flags) {
    std::string header = plain.substr(0, 10);
    header[3] = static_cast<char>(flags);
    if ((flags & 4) != 0) header += std::string("\x05\0hello", 7);
    if ((flags & 8) != 0) header += std::string("name\0", 5);
    if ((flags & 16) != 0) header += std::string("\0", 1);
    if ((flags & 2) != 0) append_little(header, libdeflate_crc32(0, header.data(), header.size()), 2);
    ASSERT_EQ(decode(Compression::kGzip, header + body, 1), (Outcome{"text", ""})) << flags;
    if ((flags & 2) == 0) continue;
    header.back() = static_cast<char>(header.back() + 1);
    EXPECT_THAT(decode(Compression::kGzip, header + body).error, HasSubstr("the header's checksum is wrong")) << flags;
  }
  std::string unknown = plain;
  unknown[3] = 0x20;
  EXPECT_THAT(decode(Compression::kGzip, unknown).error, HasSubstr("flags that gzip does not define"));
}

TEST(GzipDecoder, ChecksumAndLengthAreCompared) {
  std::string packed = gzip(lines(1000));
  std::string wrong = packed;
  wrong[wrong.size() - 5] = static_cast<char>(wrong[wrong.size() - 5] ^ 1);
  EXPECT_THAT(decode(Compression::kGzip, wrong).error, HasSubstr("the data's checksum is wrong"));
  wrong = packed;
  wrong[wrong.size() - 4] = static_cast<char>(wrong[wrong.size() - 4] ^ 1);
  EXPECT_THAT(decode(Compression::kGzip, wrong).error, HasSubstr("the data's length is wrong: 1000 bytes came out"));
}

TEST(XzDecoder, PaddingIsAMultipleOfFour) {
  const std::string packed = xz("text");
  EXPECT_EQ(decode(Compression::kXz, packed + std::string(8, '\0') + packed + std::string(4, '\0')),
            (Outcome{"texttext", ""}));
  EXPECT_THAT(decode(Compression::kXz, packed + std::string(5, '\0')).error,
              HasSubstr("5 zero bytes follow, not a multiple of 4"));
}

TEST(XzDecoder, EveryCheckIsKnown) {
  for (const lzma_check check : {LZMA_CHECK_NONE, LZMA_CHECK_CRC32, LZMA_CHECK_CRC64, LZMA_CHECK_SHA256}) {
    EXPECT_EQ(decode(Compression::kXz, xz("text", check)), (Outcome{"text", ""})) << check;
  }
}

TEST(ZstdDecoder, SkippableFramesHaveNoData) {
  const std::string packed =
      skippable("seek table") + zstd("a") + skippable("") + zstd("b", false) + skippable(std::string(300'000, 'x'));
  EXPECT_EQ(decode(Compression::kZstd, packed), (Outcome{"ab", ""}));
  EXPECT_EQ(decode(Compression::kZstd, packed, 1), (Outcome{"ab", ""}));
}

TEST(Lz4Decoder, SkippableFramesHaveNoData) {
  EXPECT_EQ(decode(Compression::kLz4, lz4("a") + skippable("x") + lz4("b")), (Outcome{"ab", ""}));
}

TEST(Lz4Decoder, TheLegacyFormatIsRefusedByName) {
  EXPECT_THAT(decode(Compression::kLz4, std::string("\x02\x21\x4C\x18\x05\0\0\0\x40text", 13)).error,
              HasSubstr("legacy format"));
}

}  // namespace
}  // namespace tipple
