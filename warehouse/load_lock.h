// `_lock`: who is loading into this warehouse. A hint that saves users from starting a load twice; safety never rests
// on it.
//
// The holder touches the file every few seconds; a lock of a dead local process, or one not touched for
// kLockStaleSeconds, is taken over.
#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "warehouse/warehouse.h"

namespace tipple {

inline constexpr int kLockTouchSeconds = 5;
inline constexpr int kLockStaleSeconds = 60;

[[nodiscard]] std::string host_name();  // "unknown" if the machine will not say

class LoadLock {
 public:
  // Error kLocked names the holder: host, pid, Slurm job, load, since when.
  [[nodiscard]] static Result<LoadLock> take(const Warehouse& warehouse, LoadId load);
  LoadLock(LoadLock&&) noexcept;
  LoadLock& operator=(LoadLock&&) noexcept;
  ~LoadLock();   // releases, if it is still ours
  void touch();  // call from the coordinator's loop; cheap; writes at most every kLockTouchSeconds

 private:
  struct Impl;
  explicit LoadLock(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
