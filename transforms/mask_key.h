// SecretKey: the bytes behind a SecretRef. Wiped when it goes; never printed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

class SecretKey {
 public:
  // Reads the environment or the file (relative to the job's folder, one line end at its end does not count). Errors:
  // kUsage at `place` naming the reference: not set, no such file, shorter than 16 bytes or longer than 4 KiB.
  [[nodiscard]] static Result<SecretKey> read(const SecretRef& ref, const JobSpec& job, const std::string& place);

  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&&) = delete;
  ~SecretKey();

  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  explicit SecretKey(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_;
};

}  // namespace tipple
