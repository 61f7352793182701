// Run under mpirun with several rank counts. Every rank runs the same tests.
#include "coordinator/mpi_transport.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

#include "base/limits.h"

namespace tipple {
namespace {

MpiSession* g_session = nullptr;
Transport* g_transport = nullptr;

constexpr auto kWait = std::chrono::microseconds(50);

std::deque<Received> g_early;  // for a test that this rank has not reached yet

// Receives until one arrives: all ranks of the test are alive.
Received next() {
  if (!g_early.empty()) {
    Received first = std::move(g_early.front());
    g_early.pop_front();
    return first;
  }
  for (;;) {
    if (auto received = g_transport->receive()) return std::move(*received);
    g_transport->wait(kWait);
  }
}

TEST(MpiTransport, KnowsItsGroup) {
  EXPECT_LT(g_session->rank(), g_session->size());
  EXPECT_EQ(g_session->ranks_on_host(), g_session->size());
  EXPECT_EQ(g_transport->self().value(), g_session->rank());
}

TEST(MpiTransport, ManyMessagesKeepTheirOrder) {
  constexpr std::uint64_t kMessages = 5000;
  const std::uint32_t ranks = g_transport->size();
  std::vector<std::uint64_t> expected(ranks, 0);
  std::uint64_t arrived = 0;
  const auto take = [&](const Received& received) {
    if (!std::holds_alternative<Heartbeat>(received.message)) {
      g_early.push_back(received);
      return;
    }
    EXPECT_EQ(std::get<Heartbeat>(received.message).sequence, expected[received.from.value()]++);
    ++arrived;
  };
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    for (std::uint32_t to = 0; to < ranks; ++to) g_transport->send(WorkerId{to}, Heartbeat{i});
    while (auto received = g_transport->receive()) take(*received);
  }
  while (arrived < kMessages * ranks) {
    if (auto received = g_transport->receive()) {
      take(*received);
    } else {
      g_transport->wait(kWait);
    }
  }
}

TEST(MpiTransport, MessagesUpToTheCap) {
  const std::uint32_t ranks = g_transport->size();
  const WorkerId to{(g_transport->self().value() + 1) % ranks};
  const WorkerId from{(g_transport->self().value() + ranks - 1) % ranks};
  const std::uint64_t sizes[] = {0, 1, 4096, 1 << 20, limits::kMessageBytesMax - 1024};
  for (const std::uint64_t size : sizes) {
    LoadSetup setup;
    setup.job_text.assign(size, static_cast<char>('a' + size % 26));
    g_transport->send(to, tipple::Setup{setup});
    g_transport->send(to, HeartbeatAnswer{size});
    const Received big = next();
    EXPECT_EQ(big.from, from);
    EXPECT_EQ(std::get<tipple::Setup>(big.message).load.job_text, setup.job_text);
    const Received small = next();
    EXPECT_EQ(std::get<HeartbeatAnswer>(small.message).sequence, size) << "a small message overtook a large one";
  }
  g_transport->flush(std::chrono::seconds(10));
  EXPECT_EQ(g_session->dropped(), 0U);
}

}  // namespace
}  // namespace tipple

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto session = tipple::MpiSession::start(&argc, &argv);
  if (!session.ok()) {
    std::cerr << session.error().to_string() << "\n";
    return 1;
  }
  tipple::g_session = session->get();
  const auto transport = tipple::g_session->transport();
  tipple::g_transport = transport.get();
  const int failed = RUN_ALL_TESTS();
  const bool finalized = tipple::g_session->finalize().ok();
  return failed != 0 || !finalized ? 1 : 0;
}
