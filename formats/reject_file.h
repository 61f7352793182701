// Rejects on disk: Parquet, one row per reject (docs/formats.md). Staged per chunk, merged into one file per load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "formats/reject.h"

namespace tipple {

// Not thread-safe. Bounded: rejects are written in row groups as they come.
class RejectFileWriter {
 public:
  [[nodiscard]] static Result<RejectFileWriter> create(const std::filesystem::path& path);
  RejectFileWriter(RejectFileWriter&&) noexcept;
  RejectFileWriter& operator=(RejectFileWriter&&) noexcept;
  ~RejectFileWriter();
  [[nodiscard]] Status append(const std::vector<Reject>& rejects);
  [[nodiscard]] Status close_and_sync();

 private:
  struct Impl;
  explicit RejectFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Calls `visit` with the rejects of one row group after the other; stops at its first error.
[[nodiscard]] Status read_reject_file(const std::filesystem::path& path,
                                      const std::function<Status(const std::vector<Reject>&)>& visit);

}  // namespace tipple
