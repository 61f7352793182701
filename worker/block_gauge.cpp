#include "worker/block_gauge.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tipple {

bool BlockGauge::acquire(std::uint64_t bytes, const std::atomic<bool>& cancelled) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] {
    return cancelled || draining_ == 0 || (draining_ < draining_max_ && used_bytes_ + bytes <= budget_bytes_);
  });
  if (cancelled) return false;
  used_bytes_ += bytes;
  ++draining_;
  added();
  return true;
}

void BlockGauge::add(std::uint64_t bytes, bool drains) {
  const std::lock_guard lock(mutex_);
  used_bytes_ += bytes;
  draining_ += drains ? 1 : 0;
  added();
}

void BlockGauge::added() {
  peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  peak_draining_ = std::max(peak_draining_, draining_);
}

void BlockGauge::release(std::uint64_t bytes, bool drains) {
  {
    const std::lock_guard lock(mutex_);
    TIPPLE_CHECK(used_bytes_ >= bytes && (!drains || draining_ > 0), "more memory given back than was charged");
    used_bytes_ -= bytes;
    draining_ -= drains ? 1 : 0;
  }
  room_.notify_one();
}

void BlockGauge::change(std::uint64_t from, std::uint64_t to) {
  {
    const std::lock_guard lock(mutex_);
    TIPPLE_CHECK(used_bytes_ >= from, "more memory given back than was charged");
    used_bytes_ = used_bytes_ - from + to;
    peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  }
  if (to < from) room_.notify_one();
}

// The lock keeps the wake-up from falling between a waiter's check and its sleep.
void BlockGauge::wake() {
  { const std::lock_guard lock(mutex_); }
  room_.notify_all();
}

std::uint64_t BlockGauge::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_bytes_;
}

std::uint64_t BlockGauge::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_bytes_;
}

std::uint64_t BlockGauge::peak_draining() const {
  const std::lock_guard lock(mutex_);
  return peak_draining_;
}

GaugeCharge::GaugeCharge(GaugeCharge&& other) noexcept
    : gauge_(std::exchange(other.gauge_, nullptr)), bytes_(std::exchange(other.bytes_, 0)), drains_(other.drains_) {}

GaugeCharge& GaugeCharge::operator=(GaugeCharge&& other) noexcept {
  if (this != &other) {
    reset();
    gauge_ = std::exchange(other.gauge_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    drains_ = other.drains_;
  }
  return *this;
}

GaugeCharge GaugeCharge::adopt(BlockGauge& gauge, std::uint64_t bytes, bool drains) {
  GaugeCharge charge;
  charge.gauge_ = &gauge;
  charge.bytes_ = bytes;
  charge.drains_ = drains;
  return charge;
}

GaugeCharge GaugeCharge::add(BlockGauge& gauge, std::uint64_t bytes, bool drains) {
  gauge.add(bytes, drains);
  return adopt(gauge, bytes, drains);
}

void GaugeCharge::resize(std::uint64_t bytes) {
  TIPPLE_CHECK(gauge_ != nullptr, "resize of an empty charge");
  gauge_->change(bytes_, bytes);
  bytes_ = bytes;
}

void GaugeCharge::give(std::uint64_t bytes, GaugeCharge& to) {
  TIPPLE_CHECK(gauge_ != nullptr && gauge_ == to.gauge_ && bytes <= bytes_, "more given than the charge holds");
  bytes_ -= bytes;
  to.bytes_ += bytes;
}

void GaugeCharge::reset() {
  if (gauge_ == nullptr) return;
  gauge_->release(bytes_, drains_);
  gauge_ = nullptr;
  bytes_ = 0;
}

}  // namespace tipple
