#include "worker/stream_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/check.h"
#include "base/fault_point.h"

namespace tipple {
namespace {

constexpr std::string_view kOpenEnding = ".open";
constexpr std::size_t kDigits = 20;

// The number in a stretch's name, if `name` is one.
std::optional<std::uint64_t> sequence_of(const std::string& name) {
  if (name.size() <= kDigits || name[kDigits] != '.') return std::nullopt;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, sequence);
  if (error != std::errc() || end != name.data() + kDigits) return std::nullopt;
  return sequence;
}

}  // namespace

Result<StreamSpool> StreamSpool::open(const fs::path& folder) {
  TIPPLE_RETURN_IF_ERROR(create_folders(folder));
  StreamSpool spool(folder);
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
    const auto sequence = sequence_of(entry.path().filename().string());
    if (!sequence) continue;
    if (entry.path().extension() == kOpenEnding) {
      ::unlink(entry.path().c_str());
    } else {
      spool.sequence_ = std::max(spool.sequence_, *sequence + 1);
    }
  }
  if (failed) return environment_error("cannot list the spool: " + failed.message(), folder.string());
  return spool;
}

fs::path StreamSpool::path_of(std::string_view ending) const {
  return folder_ / fmt::format("{:020}{}", sequence_, ending);
}

Status StreamSpool::append(const std::string& head, std::span<const char> records) {
  if (!head_) {
    TIPPLE_TRY(file_, File::open(path_of(kOpenEnding), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND));
    head_ = head;
    TIPPLE_RETURN_IF_ERROR(file_.write_all(std::as_bytes(std::span(head))));
  }
  TIPPLE_CHECK(*head_ == head, "records of another head belong into a stretch of their own");
  return file_.write_all(std::as_bytes(records));
}

Result<fs::path> StreamSpool::link_sealed(std::string_view ending) {
  TIPPLE_RETURN_IF_ERROR(file_.sync());
  TIPPLE_RETURN_IF_ERROR(file_.close());
  fault_point("stretch-synced");
  const fs::path sealed = path_of(ending);
  // Not rename(): it would replace what another process has sealed under this number.
  if (::link(path_of(kOpenEnding).c_str(), sealed.c_str()) != 0)
    return system_error(errno, "cannot seal a stretch of a stream", sealed.string());
  ::unlink(path_of(kOpenEnding).c_str());
  TIPPLE_RETURN_IF_ERROR(sync_folder(folder_));
  fault_point("stretch-sealed");
  ++sequence_;
  head_.reset();
  return sealed;
}

Result<fs::path> StreamSpool::seal() {
  TIPPLE_CHECK(head_.has_value(), "no stretch is open");
  return link_sealed(kSealedEnding);
}

Result<fs::path> StreamSpool::seal_torn(std::span<const char> bytes) {
  TIPPLE_CHECK(!head_, "the open stretch is sealed first");
  TIPPLE_RETURN_IF_ERROR(append({}, bytes));
  return link_sealed(kTornEnding);
}

Result<std::vector<fs::path>> StreamSpool::sealed() const {
  std::vector<fs::path> found;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, failed)) {
    const std::string name = entry.path().filename().string();
    if (sequence_of(name) && (name.ends_with(kSealedEnding) || name.ends_with(kTornEnding)))
      found.push_back(entry.path());
  }
  if (failed) return environment_error("cannot list the spool: " + failed.message(), folder_.string());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace tipple
