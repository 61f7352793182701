#include "partitioner/stream_cutter.h"

#include "base/check.h"

namespace tipple {

std::optional<StreamCutter::Cut> StreamCutter::cut(std::uint64_t bytes, std::uint64_t records) const {
  Cut found;
  if (limits_.bytes && bytes_ + bytes >= *limits_.bytes) found.byte = *limits_.bytes - bytes_;
  if (limits_.records && records_ + records >= *limits_.records) found.record = *limits_.records - records_;
  if (records == 0 || (!found.byte && !found.record)) return std::nullopt;
  return found;
}

void StreamCutter::take(std::uint64_t bytes, std::uint64_t records, TimePoint now) {
  if (records_ == 0 && records > 0) first_ = now;
  bytes_ += bytes;
  records_ += records;
}

std::optional<TimePoint> StreamCutter::deadline() const {
  if (records_ == 0 || !limits_.age) return std::nullopt;
  return first_ + *limits_.age;
}

void StreamCutter::seal() {
  TIPPLE_CHECK(records_ > 0, "an empty stretch is not sealed");
  bytes_ = 0;
  records_ = 0;
}

}  // namespace tipple
