#include "coordinator/envelope.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "sample_messages.h"

namespace tipple {
namespace {

constexpr Id128 kNonce{0x0123456789ABCDEF, 0xFEDCBA9876543210};

TEST(Envelope, EveryMessageArrives) {
  for (const auto& message : sample_messages()) {
    const auto opened = open_message(kNonce, seal_message(kNonce, message));
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    EXPECT_EQ(seal_message(kNonce, *opened), seal_message(kNonce, message));
  }
}

TEST(Envelope, EveryTruncationIsRefused) {
  for (const auto& message : sample_messages()) {
    const auto bytes = seal_message(kNonce, message);
    for (std::size_t length = 0; length < bytes.size(); ++length)
      EXPECT_FALSE(open_message(kNonce, std::span(bytes).first(length)).ok());
  }
}

TEST(Envelope, EveryBitFlipIsRefused) {
  for (const auto& message : sample_messages()) {
    auto bytes = seal_message(kNonce, message);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
      EXPECT_FALSE(open_message(kNonce, bytes).ok()) << "bit " << bit;
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  }
}

TEST(Envelope, MessagesOfAnotherJobAreRefused) {
  const auto opened = open_message({1, 2}, seal_message(kNonce, Goodbye{}));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().what, "message: of another job");
}

TEST(EnvelopeDeathTest, AMessageBeyondTheCapIsABug) {
  LoadSetup setup;
  setup.job_text.assign(limits::kMessageBytesMax, 'x');
  EXPECT_DEATH(static_cast<void>(seal_message(kNonce, tipple::Setup{setup})), "kMessageBytesMax");
}

}  // namespace
}  // namespace tipple
