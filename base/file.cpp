#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/ids.h"

namespace tipple {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// A name beside `path` that no other process picks.
fs::path temporary_beside(const fs::path& path) {
  fs::path temporary = path;
  temporary += ".tmp-" + random_id().to_hex();
  return temporary;
}

}  // namespace

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open(const fs::path& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return system_error(errno, "cannot open", path.string());
  return File(fd, path);
}

Result<std::size_t> File::read_at(std::span<std::byte> out, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return system_error(errno, "cannot read at byte " + std::to_string(offset + done), path_.string());
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Status File::write_all(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) continue;
      return system_error(errno, "cannot write", path_.string());
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Status File::write_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0) {
      if (errno == EINTR) continue;
      return system_error(errno, "cannot write at byte " + std::to_string(offset), path_.string());
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Status File::sync() {
  if (::fsync(fd_) != 0) return system_error(errno, "cannot sync", path_.string());
  return {};
}

Result<std::uint64_t> File::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return system_error(errno, "cannot stat", path_.string());
  return static_cast<std::uint64_t>(info.st_size);
}

Status File::close() {
  const int fd = std::exchange(fd_, -1);
  if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return system_error(errno, "cannot close", path_.string());
  return {};
}

Result<FileStat> stat_regular_file(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error(errno, "cannot stat", path.string());
  if (!S_ISREG(info.st_mode)) return environment_error("is not a regular file", path.string());
  return FileStat{static_cast<std::uint64_t>(info.st_size),
                  static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec};
}

Result<std::string> read_file(const fs::path& path, std::uint64_t bytes_max) {
  TIPPLE_TRY(File file, File::open(path, O_RDONLY));
  TIPPLE_TRY(const std::uint64_t size, file.size());
  if (size > bytes_max) {
    return environment_error(
        "has " + std::to_string(size) + " bytes, more than the limit of " + std::to_string(bytes_max), path.string());
  }
  std::string content(size, '\0');
  TIPPLE_TRY(const std::size_t got, file.read_at(std::as_writable_bytes(std::span(content)), 0));
  content.resize(got);
  return content;
}

Status write_file_synced(const fs::path& path, std::string_view content) {
  TIPPLE_TRY(File file, File::open(path, O_WRONLY | O_CREAT | O_TRUNC));
  TIPPLE_RETURN_IF_ERROR(file.write_all(as_bytes(content)));
  TIPPLE_RETURN_IF_ERROR(file.sync());
  return file.close();
}

Status replace_file_synced(const fs::path& path, std::string_view content) {
  const fs::path temporary = temporary_beside(path);
  if (auto written = write_file_synced(temporary, content); !written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return system_error(error, "cannot rename into place", path.string());
  }
  return sync_folder(folder_of(path));
}

Result<bool> create_file_exclusive(const fs::path& path, std::string_view content) {
  const fs::path temporary = temporary_beside(path);
  if (auto written = write_file_synced(temporary, content); !written.ok()) {
    ::unlink(temporary.c_str());
    return std::move(written).error();
  }
  const int linked = ::link(temporary.c_str(), path.c_str());
  const int link_error = errno;
  bool ours = linked == 0;
  if (!ours) {
    struct stat info {};
    ours = ::stat(temporary.c_str(), &info) == 0 && info.st_nlink == 2;
  }
  if (ours) TIPPLE_RETURN_IF_ERROR(sync_folder(folder_of(path)));
  ::unlink(temporary.c_str());
  if (!ours && link_error != EEXIST) return system_error(link_error, "cannot link into place", path.string());
  return ours;
}

Status sync_folder(const fs::path& folder) {
  TIPPLE_TRY(File handle, File::open(folder, O_RDONLY | O_DIRECTORY));
  return handle.sync();
}

Status create_folders(const fs::path& folder) {
  if (folder.empty()) return {};
  struct stat info {};
  if (::stat(folder.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return environment_error("exists and is not a folder", folder.string());
  }
  const fs::path parent = folder_of(folder);
  if (parent != folder) TIPPLE_RETURN_IF_ERROR(create_folders(parent));
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return system_error(errno, "cannot create the folder", folder.string());
  }
  return sync_folder(parent);
}

}  // namespace tipple
