// POSIX files with Results: what journal, parts and warehouse share.
//
// Thread rule: free functions are safe from any thread; a File belongs to one owner.
// Files are created with mode 0600 and folders with 0700 whatever the umask says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tipple {

namespace fs = std::filesystem;

// An owned file descriptor, closed when it goes out of scope.
class File {
 public:
  File() = default;
  explicit File(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // `flags` as open(2); O_CLOEXEC is added.
  [[nodiscard]] static Result<File> open(const fs::path& path, int flags);

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const fs::path& path() const { return path_; }

  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file. Retries EINTR.
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> out, std::uint64_t offset) const;
  // Writes all bytes at the file's position (or its end, if opened with O_APPEND).
  [[nodiscard]] Status write_all(std::span<const std::byte> bytes);
  // Writes all bytes at `offset`; the file's position stays.
  [[nodiscard]] Status write_at(std::span<const std::byte> bytes, std::uint64_t offset);
  // fsync. After a failure the file's content is unknown: rewrite it, never retry the sync.
  [[nodiscard]] Status sync();
  [[nodiscard]] Result<std::uint64_t> size() const;
  [[nodiscard]] Status close();

 private:
  int fd_ = -1;
  fs::path path_;
};

struct FileStat {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
};

// Refuses folders, devices and pipes.
[[nodiscard]] Result<FileStat> stat_regular_file(const fs::path& path);

// The whole file, which must not be larger than `bytes_max`.
[[nodiscard]] Result<std::string> read_file(const fs::path& path, std::uint64_t bytes_max);

// Creates or truncates `path`, writes, fsyncs. The folder is not synced.
[[nodiscard]] Status write_file_synced(const fs::path& path, std::string_view content);

// Replaces `path` atomically: writes `path` + a unique suffix, fsyncs it, renames it over `path`,
// fsyncs the folder. For derived files only: a rename is not a commit (two writers both succeed).
[[nodiscard]] Status replace_file_synced(const fs::path& path, std::string_view content);

// Creates `path` with `content` only if it does not exist yet, atomically and durably, by linking a
// synced temporary file to it. True: created by us. False: somebody else's file is there.
// A link that reports an error but raised the temporary file's link count to 2 (NFS) counts as ours.
[[nodiscard]] Result<bool> create_file_exclusive(const fs::path& path, std::string_view content);

// Makes renames, links and unlinks in `folder` durable.
[[nodiscard]] Status sync_folder(const fs::path& folder);

// mkdir -p with mode 0700; the parents of what was created are synced.
[[nodiscard]] Status create_folders(const fs::path& folder);

}  // namespace tipple
