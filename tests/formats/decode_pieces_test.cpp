#include "formats/decode_pieces.h"

#include <gtest/gtest.h>

#include "tests/formats/decode_samples.h"

namespace tipple {
namespace {

using namespace samples;

TEST(BgzfBlock, LengthIsInTheExtraField) {
  const std::string block = bgzf_block(lines(1000));
  EXPECT_EQ(bgzf_block_bytes(block), block.size());
  EXPECT_EQ(bgzf_block_bytes(block + "more"), block.size());
  EXPECT_EQ(bgzf_block_bytes(std::string_view(block).substr(0, 18)), block.size());
  for (std::size_t size = 0; size < 18; ++size)
    EXPECT_FALSE(bgzf_block_bytes(std::string_view(block).substr(0, size))) << size;
  EXPECT_FALSE(bgzf_block_bytes(gzip("text")));
}

TEST(BgzfBlock, OtherExtraFieldsMayComeFirst) {
  const std::string begin("\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10);
  const std::string tail(100, 'x');
  EXPECT_EQ(bgzf_block_bytes(begin + std::string("\x0B\0XY\x01\0zBC\x02\0\x40\0", 13) + tail), 0x41u);
  EXPECT_FALSE(bgzf_block_bytes(begin + std::string("\x05\0XY\x01\0z", 7) + tail));
  EXPECT_FALSE(bgzf_block_bytes(begin + std::string("\x06\0BC\x02\0\x05\0", 8) + tail))
      << "shorter than its own header";
  EXPECT_FALSE(bgzf_block_bytes(begin + std::string("\x05\0BC\x02\0\x40\0", 8) + tail))
      << "the length lies behind the field";
}

TEST(Pieces, AreWholeMembersOfTheWantedLength) {
  for (const Compression compression : {Compression::kBgzip, Compression::kZstd}) {
    const std::string member = compression == Compression::kBgzip ? bgzf_block(lines(5000)) : zstd(lines(5000));
    const std::string bytes = member + member + member;
    EXPECT_EQ(find_piece(compression, bytes, 1, false), member.size());
    EXPECT_EQ(find_piece(compression, bytes, member.size() + 1, false), 2 * member.size());
    EXPECT_EQ(find_piece(compression, bytes, 1 << 20, false), bytes.size());
    EXPECT_EQ(find_piece(compression, bytes.substr(0, bytes.size() - 1), 1 << 20, true), 2 * member.size());
    EXPECT_EQ(find_piece(compression, bytes.substr(0, member.size() - 1), 1, true), std::nullopt);
    EXPECT_EQ(find_piece(compression, "", 1, true), std::nullopt);
  }
}

TEST(Pieces, OfOtherFormatsEndWhereAHeaderSeemsToBegin) {
  for (const Compression compression : {Compression::kGzip, Compression::kBzip2}) {
    const std::string member = compress(compression, lines(5000));
    const std::string bytes = member + member + member;
    EXPECT_EQ(find_piece(compression, bytes, 18, false), member.size());
    EXPECT_EQ(find_piece(compression, bytes, member.size() + 1, false), 2 * member.size());
    EXPECT_EQ(find_piece(compression, bytes, 2 * member.size() + 1, false), std::nullopt);
    EXPECT_EQ(find_piece(compression, bytes, 2 * member.size() + 1, true), bytes.size());
    EXPECT_EQ(find_piece(compression, member + member.substr(0, 9), 18, false), std::nullopt);
  }
}

}  // namespace
}  // namespace tipple
