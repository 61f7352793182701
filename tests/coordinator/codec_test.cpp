#include "coordinator/codec.h"

#include <gtest/gtest.h>

#include "sample_messages.h"

namespace tipple {
namespace {

std::vector<std::byte> bytes_of(const Message& message) {
  std::vector<std::byte> bytes;
  encode_message(message, bytes);
  return bytes;
}

TEST(Codec, EveryKindOfMessageIsAmongTheSamples) {
  const auto samples = sample_messages();
  ASSERT_EQ(samples.size(), std::variant_size_v<Message>);
  for (std::size_t i = 0; i < samples.size(); ++i) EXPECT_EQ(samples[i].index(), i);
}

// Encoding is injective on what it writes: equal bytes after a round trip mean equal fields.
TEST(Codec, EveryMessageSurvivesTheRoundTrip) {
  for (const auto& message : sample_messages()) {
    const auto bytes = bytes_of(message);
    const auto decoded = decode_message(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(bytes_of(*decoded), bytes);
  }
  const auto report = decode_message(bytes_of(sample_report()));
  EXPECT_EQ(std::get<ChunkReport>(*report), sample_report());
}

TEST(Codec, EveryTruncationAndEveryExtraByteIsAnError) {
  for (const auto& message : sample_messages()) {
    auto bytes = bytes_of(message);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(decode_message(std::span(bytes).first(length)).ok())
          << "kind " << message.index() << ", length " << length;
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode_message(bytes).ok());
  }
}

TEST(Codec, EveryBitFlipEndsWithAValueOrAnError) {
  for (const auto& message : sample_messages()) {
    auto bytes = bytes_of(message);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
      const auto decoded = decode_message(bytes);
      if (decoded.ok()) {
        EXPECT_EQ(bytes_of(*decoded), bytes);
      }
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  }
}

TEST(Codec, ACountLargerThanTheBytesAllocatesNothing) {
  // ScanReport: kind, first_chunk, count.
  auto bytes = bytes_of(ScanReport{ChunkId{1}, {}});
  for (std::size_t i = bytes.size() - 8; i < bytes.size(); ++i) bytes[i] = std::byte{0x7F};
  EXPECT_FALSE(decode_message(bytes).ok());
}

TEST(Codec, EveryJournalEntrySurvivesTheRoundTrip) {
  ASSERT_EQ(sample_entries().size(), std::variant_size_v<JournalEntry>);
  for (const auto& entry : sample_entries()) {
    std::vector<std::byte> bytes, again;
    encode_journal_entry(entry, bytes);
    const auto decoded = decode_journal_entry(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
    EXPECT_EQ(decoded->index(), entry.index());
    encode_journal_entry(*decoded, again);
    EXPECT_EQ(again, bytes);
  }
}

}  // namespace
}  // namespace tipple
