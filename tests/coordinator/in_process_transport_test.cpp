#include "coordinator/in_process_transport.h"

#include <gtest/gtest.h>

#include <thread>

namespace tipple {
namespace {

TEST(MemoryHub, OneRankTalksToItself) {
  MemoryHub hub;
  const auto transport = hub.transport(kCoordinator);
  EXPECT_EQ(transport->size(), 1U);
  EXPECT_FALSE(transport->receive());
  transport->send(kCoordinator, Heartbeat{7});
  transport->wait(std::chrono::hours(1));  // returns at once: something is there
  const auto received = transport->receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->from, kCoordinator);
  EXPECT_EQ(std::get<Heartbeat>(received->message).sequence, 7U);
}

TEST(MemoryHub, ThreadsKeepTheOrderOfEachSender) {
  constexpr std::uint32_t kSenders = 3;
  constexpr std::uint64_t kMessages = 2000;
  MemoryHub hub(kSenders + 1);
  const auto receiver = hub.transport(kCoordinator);
  std::vector<std::thread> senders;
  for (std::uint32_t rank = 1; rank <= kSenders; ++rank) {
    senders.emplace_back([&hub, rank] {
      const auto transport = hub.transport(WorkerId{rank});
      for (std::uint64_t i = 0; i < kMessages; ++i) transport->send(kCoordinator, Heartbeat{i});
    });
  }
  std::vector<std::uint64_t> expected(kSenders + 1, 0);
  for (std::uint64_t arrived = 0; arrived < kSenders * kMessages;) {
    receiver->wait(std::chrono::milliseconds(10));
    while (const auto received = receiver->receive()) {
      EXPECT_EQ(std::get<Heartbeat>(received->message).sequence, expected[received->from.value()]++);
      ++arrived;
    }
  }
  for (auto& sender : senders) sender.join();
}

}  // namespace
}  // namespace tipple
