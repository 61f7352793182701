#include "formats/text_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/base/test_seed.h"
#include "tests/formats/decode_samples.h"

namespace tipple {
namespace {

using namespace std::string_literals;
using samples::drain;
using samples::MemoryFile;
using samples::Outcome;
using testing::HasSubstr;

const std::string kFffd = "\xEF\xBF\xBD";

// The whole input at once.
std::string whole(Encoding encoding, OnInvalid on_invalid, const std::string& in) {
  std::string out(kUtf8GrowthMax * in.size(), '\0');
  const Utf8Step step = to_utf8(encoding, on_invalid, in, true, out);
  if (step.invalid) return "invalid at " + std::to_string(*step.invalid);
  EXPECT_EQ(step.taken, in.size());
  out.resize(step.made);
  return out;
}

// The input in two pieces, what the first leaves over going before the second.
std::string in_two(Encoding encoding, OnInvalid on_invalid, const std::string& in, std::size_t cut) {
  std::string out(kUtf8GrowthMax * in.size(), '\0');
  const Utf8Step first = to_utf8(encoding, on_invalid, std::span(in).first(cut), false, out);
  if (first.invalid) return "invalid at " + std::to_string(*first.invalid);
  EXPECT_LE(cut - first.taken, 3u);
  out.resize(first.made);
  std::string rest(kUtf8GrowthMax * in.size(), '\0');
  const Utf8Step second = to_utf8(encoding, on_invalid, std::span(in).subspan(first.taken), true, rest);
  if (second.invalid) return "invalid at " + std::to_string(first.taken + *second.invalid);
  return out + rest.substr(0, second.made);
}

void expect_at_every_cut(Encoding encoding, OnInvalid on_invalid, const std::string& in, const std::string& expected) {
  EXPECT_EQ(whole(encoding, on_invalid, in), expected);
  for (std::size_t cut = 0; cut <= in.size(); ++cut)
    EXPECT_EQ(in_two(encoding, on_invalid, in, cut), expected) << "cut at " << cut;
}

std::string utf16(std::u16string_view text, bool big) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    bytes += big ? high : low;
    bytes += big ? low : high;
  }
  return bytes;
}

TEST(TextEncoding, Utf16OfBothOrders) {
  const std::u16string text = u"id,näme,€\nabcdefghijklmnop😀q\uFFFF\u0000x"s;
  const std::string expected = "id,n\u00e4me,\u20ac\nabcdefghijklmnop\U0001F600q\uFFFF\0x"s;
  expect_at_every_cut(Encoding::kUtf16Le, OnInvalid::kReject, utf16(text, false), expected);
  expect_at_every_cut(Encoding::kUtf16Be, OnInvalid::kReject, utf16(text, true), expected);
  expect_at_every_cut(Encoding::kUtf16Be, OnInvalid::kFail, utf16(text, true), expected);
}

TEST(TextEncoding, InvalidUtf16) {
  struct Case {
    std::string bytes;
    std::string rejected;
    std::size_t at;
  };
  const std::vector<Case> cases = {
      {utf16(u"a\xD800", false), "a\xFF", 2},                      // a high half at the end
      {utf16(u"a\xD800z", false), "a\xFFz", 2},                    // and before something else
      {utf16(u"\xDC00z", false), "\xFFz", 0},                      // a low half alone
      {utf16(u"\xD800\xD800\xDC00", false), "\xFF\U00010000", 0},  // the second is whole
      {utf16(u"ab", false) + "c", "ab\xFF", 4},                    // half a unit
  };
  for (const Case& c : cases) {
    expect_at_every_cut(Encoding::kUtf16Le, OnInvalid::kReject, c.bytes, c.rejected);
    std::string replaced = c.rejected;
    for (std::size_t at; (at = replaced.find('\xFF')) != std::string::npos;) replaced.replace(at, 1, kFffd);
    expect_at_every_cut(Encoding::kUtf16Le, OnInvalid::kReplace, c.bytes, replaced);
    expect_at_every_cut(Encoding::kUtf16Le, OnInvalid::kFail, c.bytes, "invalid at " + std::to_string(c.at));
  }
}

TEST(TextEncoding, EveryByteOfLatin1) {
  std::string bytes, expected;
  for (int c = 0; c < 256; ++c) {
    bytes += static_cast<char>(c);
    if (c >= 0x80) expected += static_cast<char>(0xC0 | (c >> 6));
    expected += static_cast<char>(c < 0x80 ? c : 0x80 | (c & 0x3F));
  }
  expect_at_every_cut(Encoding::kLatin1, OnInvalid::kFail, bytes, expected);
}

TEST(TextEncoding, Windows1252) {
  expect_at_every_cut(Encoding::kWindows1252, OnInvalid::kReject, "caf\xE9 \x80 5 \x93quoted\x94 \x9F",
                      "café € 5 “quoted” Ÿ");
  for (const char undefined : {'\x81', '\x8D', '\x8F', '\x90', '\x9D'}) {
    const std::string bytes = "0123456789"s + undefined + "x";
    expect_at_every_cut(Encoding::kWindows1252, OnInvalid::kReject, bytes, "0123456789\xFFx");
    expect_at_every_cut(Encoding::kWindows1252, OnInvalid::kReplace, bytes, "0123456789" + kFffd + "x");
    expect_at_every_cut(Encoding::kWindows1252, OnInvalid::kFail, bytes, "invalid at 10");
  }
}

// The Unicode standard's own examples of maximal subparts (chapter 3, tables 3-8 to 3-11), and the edges of table 3-7.
TEST(TextEncoding, InvalidUtf8IsReplacedByMaximalSubparts) {
  const auto expect = [](const std::string& bytes, int replaced_parts, const std::string& after,
                         std::size_t invalid_at) {
    std::string expected = bytes.substr(0, invalid_at);
    for (int i = 0; i < replaced_parts; ++i) expected += kFffd;
    expect_at_every_cut(Encoding::kUtf8, OnInvalid::kReplace, bytes, expected + after);
    expect_at_every_cut(Encoding::kUtf8, OnInvalid::kFail, bytes, "invalid at " + std::to_string(invalid_at));
    expect_at_every_cut(Encoding::kUtf8, OnInvalid::kReject, bytes, bytes);
  };
  expect("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", 8, "A", 0);
  expect("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", 8, "A", 0);
  expect("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", 5, "A" + kFffd + kFffd + "B", 0);
  expect("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 4, "A", 0);
  expect("ok \xE2\x82", 1, "", 3);
  expect("ok \xF0\x9F\x98", 1, "", 3);
  expect("ok \xF0\x9F\x98 then", 1, " then", 3);
  for (const char* edge : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    expect_at_every_cut(Encoding::kUtf8, OnInvalid::kFail, "0123456789"s + edge + "x", "0123456789"s + edge + "x");
  }
}

Outcome transcode(Encoding encoding, OnInvalid on_invalid, const std::string& bytes, std::size_t read_bytes = 1000) {
  SourceSpec source;
  source.encoding = encoding;
  source.on_invalid = on_invalid;
  const MemoryFile file(bytes);
  TranscodeStream stream(std::make_unique<FileStream>(file), source, "/in/file");
  return drain(stream, read_bytes);
}

TEST(TranscodeStream, ByteOrderMarks) {
  const auto text = [](Encoding encoding, const std::string& bytes) {
    return transcode(encoding, OnInvalid::kReject, bytes);
  };
  EXPECT_EQ(text(Encoding::kUtf16, "\xFF\xFE" + utf16(u"ab", false)), (Outcome{"ab", ""}));
  EXPECT_EQ(text(Encoding::kUtf16, "\xFE\xFF" + utf16(u"ab", true)), (Outcome{"ab", ""}));
  EXPECT_EQ(text(Encoding::kUtf16Le, "\xFF\xFE" + utf16(u"ab", false)), (Outcome{"ab", ""}));
  EXPECT_EQ(text(Encoding::kUtf16Be, utf16(u"ab", true)), (Outcome{"ab", ""}));
  EXPECT_EQ(text(Encoding::kUtf16, ""), (Outcome{"", ""}));
  EXPECT_EQ(text(Encoding::kUtf16, "\xFF\xFE"), (Outcome{"", ""}));
  EXPECT_THAT(text(Encoding::kUtf16, "ab").error,
              HasSubstr("does not begin with one (set 'encoding: utf-16le' or 'utf-16be'"));
  EXPECT_THAT(text(Encoding::kUtf16, "a").error, HasSubstr("does not begin with one"));
  EXPECT_THAT(text(Encoding::kUtf16Le, "\xFE\xFF" + utf16(u"ab", true)).error,
              HasSubstr("mark says utf-16be, the job file says utf-16le"));
  // A second mark is a character, and so is UTF-8's: the record formats skip it.
  EXPECT_EQ(text(Encoding::kUtf16, "\xFF\xFE\xFF\xFE" + utf16(u"a", false)), (Outcome{"\xEF\xBB\xBF"
                                                                                      "a",
                                                                                      ""}));
  EXPECT_EQ(transcode(Encoding::kUtf8, OnInvalid::kReplace,
                      "\xEF\xBB\xBF"
                      "a"),
            (Outcome{"\xEF\xBB\xBF"
                     "a",
                     ""}));
}

TEST(TranscodeStream, FailNamesTheByte) {
  EXPECT_THAT(transcode(Encoding::kUtf8, OnInvalid::kFail, std::string(100'000, 'x') + "\xFF").error,
              HasSubstr("the bytes at byte 100000 of the text are not valid in utf-8"));
  EXPECT_THAT(transcode(Encoding::kUtf16, OnInvalid::kFail, "\xFF\xFE" + std::string(200'000, 'x') + "\x01\xD8").error,
              HasSubstr("at byte 200002 of the text are not valid in utf-16le"));
}

// The stream's own buffers cut long texts: wherever that is, the text is the whole's.
TEST(TranscodeStream, LongTextsAreThatOfTheWhole) {
  std::mt19937_64 random(test_seed());
  for (const Encoding encoding :
       {Encoding::kUtf8, Encoding::kUtf16Le, Encoding::kUtf16Be, Encoding::kLatin1, Encoding::kWindows1252}) {
    for (const OnInvalid on_invalid : {OnInvalid::kReject, OnInvalid::kReplace}) {
      std::string bytes = samples::noise(200'000, random());
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i % 1000 < 600) bytes[i] = encoding == Encoding::kUtf16Be && i % 2 == 0 ? '\0' : 'a';
      }
      const std::string expected = whole(encoding, on_invalid, bytes);
      for (const std::size_t read_bytes : {std::size_t{1}, std::size_t{77}, std::size_t{1'000'000}}) {
        ASSERT_TRUE(transcode(encoding, on_invalid, bytes, read_bytes) == (Outcome{expected, ""}))
            << encoding_name(encoding);
      }
    }
  }
}

}  // namespace
}  // namespace tipple
