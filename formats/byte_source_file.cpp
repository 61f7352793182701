#include "formats/byte_source_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"

namespace tipple {
namespace {

constexpr std::string_view kChanged = "changed while it was being loaded";
// Below this the kernel's own read-ahead has the file at once: a million small files need no advice.
constexpr std::uint64_t kAdviceBytesMin = 64 * limits::kKiB;

Error changed_error(const std::string& path, const std::string& detail) {
  return environment_error(fmt::format("{}: {}", kChanged, detail), path,
                           "let whatever writes it finish, then run the load again");
}

}  // namespace

Result<std::unique_ptr<InputFile>> InputFile::open(const ByteSourceFile& listed) {
  // O_NONBLOCK: a pipe that took the file's place is found by check_unchanged() instead of being waited for.
  TIPPLE_TRY(File file, File::open(listed.path, O_RDONLY | O_NONBLOCK));
  std::unique_ptr<InputFile> input(new InputFile(listed, std::move(file)));
  TIPPLE_RETURN_IF_ERROR(input->take_archive_size());
  TIPPLE_RETURN_IF_ERROR(input->check_unchanged());
  if (listed.size > kAdviceBytesMin) ::posix_fadvise(input->file_.fd(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return input;
}

// A member was listed with its own size. That the archive is still the listed one shows by its time, and by the size
// that it has now.
Status InputFile::take_archive_size() {
  if (listed_.member.empty()) return {};
  struct stat info {};
  if (::fstat(file_.fd(), &info) != 0) return system_error(errno, "cannot stat", listed_.path);
  listed_.size = static_cast<std::uint64_t>(info.st_size);
  return {};
}

Result<std::size_t> InputFile::read_at(std::span<char> out, std::uint64_t offset) const {
  if (offset >= listed_.size) return std::size_t{0};
  const std::size_t wanted = std::min<std::uint64_t>(out.size(), listed_.size - offset);
  TIPPLE_TRY(const std::size_t got, file_.read_at(std::as_writable_bytes(out.first(wanted)), offset));
  if (got < wanted) {
    return changed_error(listed_.path, fmt::format("it ends at byte {}, and had {} bytes when it was listed",
                                                   offset + got, listed_.size));
  }
  return got;
}

Status InputFile::check_unchanged() const {
  struct stat info {};
  if (::fstat(file_.fd(), &info) != 0) return system_error(errno, "cannot stat", listed_.path);
  if (!S_ISREG(info.st_mode)) return environment_error("is not a regular file", listed_.path);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size != listed_.size) {
    return changed_error(listed_.path,
                         fmt::format("it has {} bytes, and had {} when it was listed", size, listed_.size));
  }
  const std::int64_t mtime_ns = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  if (mtime_ns != listed_.mtime_ns) return changed_error(listed_.path, "it was modified after it was listed");
  return {};
}

void InputFile::will_need(std::uint64_t offset, std::uint64_t bytes) const {
  ::posix_fadvise(file_.fd(), static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

}  // namespace tipple
