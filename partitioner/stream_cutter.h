// StreamCutter: where a stream is cut into stretches: after so many bytes, so many records, or so long after its first
// record.
//
// Pure: records and time go in, decisions come out. Cuts by bytes and records depend on the stream alone, never on how
// it was read: a stretch ends with the first record that fills it. Owner: the stream's reader. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace tipple {

// Absent: no such limit.
struct StreamLimits {
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> records;
  std::optional<Duration> age;  // of the stretch's first record
};

class StreamCutter {
 public:
  explicit StreamCutter(StreamLimits limits) : limits_(limits) {}

  // Where the open stretch is full within the next whole records, if it is: with the first record that ends at or after
  // `byte`, or with record number `record` (from 1) of them, whichever comes first. Both count from the first of the
  // `bytes` bytes with `records` records.
  struct Cut {
    std::optional<std::uint64_t> byte;
    std::optional<std::uint64_t> record;
  };
  [[nodiscard]] std::optional<Cut> cut(std::uint64_t bytes, std::uint64_t records) const;

  // Whole records went into the open stretch.
  void take(std::uint64_t bytes, std::uint64_t records, TimePoint now);
  // When the open stretch is to be sealed because of its age; nothing while it is empty or has all the time.
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  [[nodiscard]] bool empty() const { return records_ == 0; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  // The open stretch was sealed; the next one is empty.
  void seal();

 private:
  StreamLimits limits_;
  std::uint64_t bytes_ = 0;
  std::uint64_t records_ = 0;
  TimePoint first_{};
};

}  // namespace tipple
