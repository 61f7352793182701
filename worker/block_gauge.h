// BlockGauge: the token bound of the task graph, counted in bytes and in blocks and row groups under way. Whatever a
// chunk holds on its way from read to write is charged here; the reader waits until there is room for one more block.
//
// Owner: one per ChunkRunner, shared by the graphs of a chunk that drains and of the next one. Thread rule: any thread;
// acquire() is called by the reading thread alone and is the only wait. Progress: charges that will drain by themselves
// (blocks and row groups under way) are counted; when there are none, acquire() lets a block in whatever its size. So a
// load finishes at any budget, and the budget's floor is one block plus the rows that wait for their row group.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tipple {

class BlockGauge {
 public:
  BlockGauge(std::uint64_t budget_bytes, std::uint64_t draining_max)
      : budget_bytes_(budget_bytes), draining_max_(draining_max) {}

  // Waits until `bytes` more fit. False: `cancelled` came true (whoever sets it calls wake()).
  [[nodiscard]] bool acquire(std::uint64_t bytes, const std::atomic<bool>& cancelled);
  void wake();
  // Charges without waiting: what cannot be foreseen (rows that wait for their row group, a long record).
  void add(std::uint64_t bytes, bool drains);
  void release(std::uint64_t bytes, bool drains);
  // `from` becomes `to` within one charge.
  void change(std::uint64_t from, std::uint64_t to);

  [[nodiscard]] std::uint64_t budget_bytes() const { return budget_bytes_; }
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] std::uint64_t peak_bytes() const;
  [[nodiscard]] std::uint64_t peak_draining() const;  // most blocks and row groups under way at once

 private:
  void added();

  const std::uint64_t budget_bytes_;
  const std::uint64_t draining_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t draining_ = 0;
  std::uint64_t peak_draining_ = 0;
};

// One charge, given back when it goes out of scope.
class GaugeCharge {
 public:
  GaugeCharge() = default;
  GaugeCharge(GaugeCharge&& other) noexcept;
  GaugeCharge& operator=(GaugeCharge&& other) noexcept;
  ~GaugeCharge() { reset(); }

  // Takes over bytes that acquire() or add() already charged.
  static GaugeCharge adopt(BlockGauge& gauge, std::uint64_t bytes, bool drains);
  static GaugeCharge add(BlockGauge& gauge, std::uint64_t bytes, bool drains);

  void resize(std::uint64_t bytes);
  // Part of this charge becomes part of `to`, a charge of the same gauge; the gauge's sum never changes meanwhile.
  void give(std::uint64_t bytes, GaugeCharge& to);
  void reset();
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  BlockGauge* gauge_ = nullptr;
  std::uint64_t bytes_ = 0;
  bool drains_ = false;
};

}  // namespace tipple
