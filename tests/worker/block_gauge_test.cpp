#include "worker/block_gauge.h"

#include <atomic>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace tipple {
namespace {

const std::atomic<bool> kNever{false};

TEST(BlockGauge, CountsWhatIsCharged) {
  BlockGauge gauge(100, 10);
  ASSERT_TRUE(gauge.acquire(60, kNever));
  GaugeCharge first = GaugeCharge::adopt(gauge, 60, true);
  GaugeCharge second = GaugeCharge::add(gauge, 30, false);
  EXPECT_EQ(gauge.used_bytes(), 90u);
  first.resize(10);
  GaugeCharge moved = std::move(first);
  EXPECT_EQ(gauge.used_bytes(), 40u);
  moved.reset();
  second.reset();
  EXPECT_EQ(gauge.used_bytes(), 0u);
  EXPECT_EQ(gauge.peak_bytes(), 90u);
  EXPECT_EQ(gauge.peak_draining(), 1u);
}

TEST(BlockGauge, LetsOneBlockInWhateverItsSize) {
  BlockGauge gauge(0, 10);
  const GaugeCharge waiting_rows = GaugeCharge::add(gauge, 1000, false);
  EXPECT_TRUE(gauge.acquire(1'000'000, kNever));
  gauge.release(1'000'000, true);
}

TEST(BlockGauge, WaitsForRoom) {
  BlockGauge gauge(100, 10);
  ASSERT_TRUE(gauge.acquire(80, kNever));
  std::atomic<bool> released{false};
  std::thread other([&] {
    released = true;
    gauge.release(80, true);
  });
  EXPECT_TRUE(gauge.acquire(50, kNever));
  EXPECT_TRUE(released);
  other.join();
  EXPECT_LE(gauge.peak_bytes(), 100u);
  gauge.release(50, true);
}

TEST(BlockGauge, WaitsUntilFewerAreUnderWay) {
  BlockGauge gauge(100, 2);
  ASSERT_TRUE(gauge.acquire(1, kNever));
  ASSERT_TRUE(gauge.acquire(1, kNever));
  std::thread other([&] { gauge.release(1, true); });
  EXPECT_TRUE(gauge.acquire(1, kNever));
  other.join();
  EXPECT_EQ(gauge.peak_draining(), 2u);
  gauge.release(2, true);
  gauge.release(0, true);
}

TEST(BlockGauge, CancelEndsAWait) {
  BlockGauge gauge(100, 10);
  ASSERT_TRUE(gauge.acquire(80, kNever));
  std::atomic<bool> cancelled{false};
  std::thread other([&] {
    cancelled = true;
    gauge.wake();
  });
  EXPECT_FALSE(gauge.acquire(50, cancelled));
  other.join();
  gauge.release(80, true);
}

}  // namespace
}  // namespace tipple
